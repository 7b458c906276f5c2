// @ts-check
// The board's title, which is renamed in place.

import { isFreshNavigation } from "./pre-hydration-input.js";
import { findElement, setText } from "./dom.js";
import { watchLength } from "./text-length.js";
import { toast } from "./toasts.js";

/** @typedef {import("../sync/board-session.js").BoardSession} BoardSession */

/** @param {BoardSession} session */
export function hydrateBoardTitle(session) {
  const input = findElement(document, "#board-title");
  if (!(input instanceof HTMLInputElement)) return;
  watchLength(input);
  /** The title when the field got the focus. */
  let initial = input.defaultValue.trim();
  const rename = () => {
    const title = input.value.trim();
    const current = session.machine.title();
    input.ariaInvalid = String(input.validity.customError);
    if (input.validity.customError) toast(`Not renamed. ${input.validationMessage}`);
    else if (title === "" || title === initial) input.value = current;
    else if (title !== current) session.submit({ type: "rename_board", title });
    initial = input.value.trim();
  };
  input.form?.addEventListener("submit", (event) => {
    event.preventDefault();
    input.blur();
  });
  input.addEventListener("focus", () => (initial = input.value.trim()));
  input.addEventListener("blur", rename);
  // The field may have been changed, and left, before this script ran.
  const isChanged = isFreshNavigation() && input.value !== input.defaultValue;
  if (isChanged && document.activeElement !== input) rename();
  if (!isChanged && !input.validity.customError) input.value = initial = session.machine.title();
  // Closing the page also leaves the field.
  window.addEventListener("pagehide", rename);
  document.addEventListener("visibilitychange", () => document.hidden && rename());
  input.addEventListener("keydown", ({ key, isComposing }) => {
    if (key !== "Escape" || isComposing) return;
    input.value = session.machine.title();
    input.setCustomValidity("");
    input.blur();
  });
}

/** @param {BoardSession} session */
export function showBoardTitle(session) {
  const title = session.machine.title();
  const element = findElement(document, "#board-title");
  if (!element) return;
  // On a note's page the heading is the note's label.
  const shown = element instanceof HTMLInputElement ? findElement(document, "h1") : element;
  const before = shown?.textContent ?? "";
  setText(shown, title);
  if (element instanceof HTMLInputElement && isUntouched(element) && element.value !== title) element.value = title;
  if (before !== title && before !== "") document.title = document.title.replace(before, () => title);
}

/** Whether the field holds nothing that the user is typing. @param {HTMLInputElement} input */
function isUntouched(input) {
  return input !== document.activeElement && input.ariaInvalid !== "true";
}
