// @ts-check
// The form for the user's own name and colour. It reloads the page only after they are saved.

import { findElement, requireElement, setText } from "./dom.js";

const RESPONSE_TIMEOUT_MS = 10_000;
const NO_RESPONSE = "Not saved – the server did not respond. Try again when you’re online.";

export function hydrateProfileForm() {
  const form = findElement(document, "#me form");
  if (!(form instanceof HTMLFormElement)) return;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = requireElement(form, "[data-problem]");
    setText(problem, "");
    const fields = new FormData(form);
    const error = await save(form.action, fields);
    if (error === null) location.assign(String(fields.get("back")));
    else setText(problem, error);
  });
}

/**
 * Saves, and returns the error message, or null if it worked.
 * @param {string} action
 * @param {FormData} fields
 * @returns {Promise<string | null>}
 */
async function save(action, fields) {
  try {
    const body = new URLSearchParams(/** @type {any} */ (fields));
    const signal = AbortSignal.timeout(RESPONSE_TIMEOUT_MS);
    // A successful save redirects.
    const response = await fetch(action, { method: "POST", body, redirect: "manual", signal });
    if (response.type === "opaqueredirect") return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return `Not saved. ${findElement(page, ".lead")?.textContent ?? ""}`;
  } catch {
    return NO_RESPONSE;
  }
}
