// @ts-check
// The board's title: shown as it is, and renamed in place.

import { isVisit } from "./pre-hydration-input.js";
import { findElement, setText } from "./dom.js";
import { watchLength } from "./text-length.js";
import { toast } from "./toasts.js";

/** @typedef {import("../sync/board-session.js").Seat} Seat */

/** @param {Seat} seat */
export function hydrateBoardTitle(seat) {
  const input = findElement(document, "#board-title");
  if (!(input instanceof HTMLInputElement)) return;
  watchLength(input);
  /** What stood there when the person came to it. */
  let found = input.defaultValue.trim();
  const rename = () => {
    const title = input.value.trim();
    const present = seat.machine.title() || input.defaultValue;
    input.ariaInvalid = String(input.validity.customError);
    if (input.validity.customError) toast(`Not renamed. ${input.validationMessage}`);
    else if (title === "" || title === found) input.value = present;
    else if (title !== present) seat.wish({ type: "rename_board", title });
    found = input.value.trim();
  };
  input.form?.addEventListener("submit", (event) => {
    event.preventDefault();
    input.blur();
  });
  input.addEventListener("focus", () => (found = input.value.trim()));
  input.addEventListener("blur", rename);
  // It may have been left before script came.
  const isChanged = isVisit() && input.value !== input.defaultValue;
  if (isChanged && document.activeElement !== input) rename();
  // A page that goes leaves the title, too.
  window.addEventListener("pagehide", rename);
  document.addEventListener("visibilitychange", () => document.hidden && rename());
  input.addEventListener("keydown", ({ key, isComposing }) => {
    if (key !== "Escape" || isComposing) return;
    input.value = seat.machine.title() || input.defaultValue;
    input.setCustomValidity("");
    input.blur();
  });
}

/** @param {Seat} seat */
export function showBoardTitle(seat) {
  const title = seat.machine.title();
  const element = findElement(document, "#board-title");
  if (!seat.isPulled || !element) return;
  // A note's page has the note's own heading.
  const shown = element instanceof HTMLInputElement ? findElement(document, "h1") : element;
  const before = shown?.textContent ?? "";
  setText(shown, title);
  if (element instanceof HTMLInputElement && isFree(element) && element.value !== title) element.value = title;
  if (before !== title && before !== "") document.title = document.title.replace(before, () => title);
}

/** Whether nothing that somebody typed stands in it. @param {HTMLInputElement} input */
function isFree(input) {
  return input !== document.activeElement && input.ariaInvalid !== "true";
}
