// @ts-check
// Creates a share link without leaving the page.

import { findElement, requireElement } from "./dom.js";
import { toast } from "./toasts.js";

export function hydrateShareLinkForm() {
  const form = findElement(document, "#share-form");
  if (!(form instanceof HTMLFormElement)) return;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { link, detail } = await newLink(form.action);
    if (link) show(link);
    else if (detail) toast(`Couldn’t create a link: ${detail}.`);
    else toast("Couldn’t create a link. Try again when you’re online.");
  });
}

/** @param {string} link */
function show(link) {
  const field = /** @type {HTMLInputElement} */ (requireElement(document, "#share-link"));
  field.value = link;
  requireElement(document, "#share").setAttribute("data-ready", "");
  field.focus();
  field.select();
}

/**
 * The link, or the server's reason why there is none.
 * @param {string} action
 * @returns {Promise<{link?: string, detail?: string}>}
 */
async function newLink(action) {
  try {
    const response = await fetch(action, { method: "POST", headers: { accept: "application/json" } });
    return await response.json();
  } catch {
    return {};
  }
}
