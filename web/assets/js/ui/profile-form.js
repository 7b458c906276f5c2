// @ts-check
// Who somebody is to others: saved without leaving the page before it is known to be saved.

import { findElement, requireElement, setText } from "./dom.js";

const ANSWER_WITHIN_MS = 10_000;
const NO_ANSWER = "Not saved: the server did not answer. Try again when you are connected.";

export function hydrateProfileForm() {
  const form = findElement(document, "#me form");
  if (!(form instanceof HTMLFormElement)) return;
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const problem = requireElement(form, "[data-problem]");
    setText(problem, "");
    const fields = new FormData(form);
    const why = await refusal(form.action, fields);
    if (why === null) location.assign(String(fields.get("back")));
    else setText(problem, why);
  });
}

/**
 * Saves, and says why that did not work, if it did not.
 * @param {string} action
 * @param {FormData} fields
 * @returns {Promise<string | null>}
 */
async function refusal(action, fields) {
  try {
    const body = new URLSearchParams(/** @type {any} */ (fields));
    const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
    // What is saved is answered by the way back.
    const answer = await fetch(action, { method: "POST", body, redirect: "manual", signal });
    if (answer.type === "opaqueredirect") return null;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    return `Not saved. ${findElement(page, ".lead")?.textContent ?? ""}`;
  } catch {
    return NO_ANSWER;
  }
}
