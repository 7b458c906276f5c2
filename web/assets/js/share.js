// @ts-check
// The link that lets people in: made without leaving the page.

import { find, need } from "./dom.js";
import { toast } from "./toasts.js";

export function hydrateShare() {
  const form = find(document, "#share-form");
  if (!(form instanceof HTMLFormElement)) return;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const link = await newLink(form.action);
    if (link === null) toast("No link was made. Try again when you are connected.");
    else show(link);
  });
}

/** @param {string} link */
function show(link) {
  const field = /** @type {HTMLInputElement} */ (need(document, "#share-link"));
  field.value = link;
  need(document, "#share").setAttribute("data-ready", "");
  field.focus();
  field.select();
}

/**
 * @param {string} action
 * @returns {Promise<string | null>}
 */
async function newLink(action) {
  try {
    const answer = await fetch(action, { method: "POST", headers: { accept: "application/json" } });
    const { link } = answer.ok ? await answer.json() : { link: null };
    return typeof link === "string" ? link : null;
  } catch {
    return null;
  }
}
