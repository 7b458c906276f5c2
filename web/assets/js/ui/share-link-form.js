// @ts-check
// The link that lets people in: made without leaving the page.

import { findElement, requireElement } from "./dom.js";
import { toast } from "./toasts.js";

export function hydrateShareLinkForm() {
  const form = findElement(document, "#share-form");
  if (!(form instanceof HTMLFormElement)) return;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const { link, detail } = await newLink(form.action);
    if (link) show(link);
    else if (detail) toast(`No link was made: ${detail}.`);
    else toast("No link was made. Try again when you are connected.");
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
 * A link; or why there is none, where the server says that.
 * @param {string} action
 * @returns {Promise<{link?: string, detail?: string}>}
 */
async function newLink(action) {
  try {
    const answer = await fetch(action, { method: "POST", headers: { accept: "application/json" } });
    return await answer.json();
  } catch {
    return {};
  }
}
