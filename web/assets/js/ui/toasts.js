// @ts-check
// Short words at the foot of the page, which go by themselves.

import { requireElement, prefersReducedMotion, setText, cloneTemplate } from "./dom.js";

const STAYS_MS = 8_000;

/**
 * @param {string} words
 * @param {{undo?: () => void, gone?: () => void, stays?: boolean}} [more] `gone` hears when it went
 *   without an undo; `stays`: until it is dismissed
 */
export function toast(words, { undo, gone, stays = false } = {}) {
  const element = cloneTemplate("toast-template");
  setText(requireElement(element, "[data-text]"), words);
  const button = requireElement(element, "[data-action=undo]");
  if (!undo) button.remove();
  let isOver = false;
  const leave = (/** @type {(() => void) | undefined} */ then) => {
    if (isOver) return;
    isOver = true;
    then?.();
    if (element.contains(document.activeElement)) from?.focus({ preventScroll: true });
    dismiss(element);
  };
  /** Where the focus came from, and goes back to. @type {HTMLElement | null} */
  let from = null;
  element.addEventListener("focusin", ({ relatedTarget: before }) => {
    if (before instanceof HTMLElement && !element.contains(before)) from = before;
  });
  button.addEventListener("click", () => leave(undo));
  requireElement(element, "[data-action=dismiss]").addEventListener("click", () => leave(gone));
  requireElement(document, "#toasts").append(element);
  if (!stays) afterRest(element, () => leave(gone));
}

/** What the server says after a form was posted goes, too, when it was read. */
export function hydrateToasts() {
  for (const element of document.querySelectorAll("#toasts .toast")) {
    if (element instanceof HTMLElement) afterRest(element, () => dismiss(element));
  }
}

/**
 * Time stands still while somebody points at it or has the focus in it.
 * @param {HTMLElement} element
 * @param {() => void} then
 */
function afterRest(element, then) {
  const timer = setInterval(() => {
    if (element.matches(":hover, :focus-within")) return;
    clearInterval(timer);
    then();
  }, STAYS_MS);
}

/** @param {HTMLElement} element */
function dismiss(element) {
  element.addEventListener("animationend", () => element.remove());
  element.setAttribute("data-leaving", "");
  if (prefersReducedMotion()) element.remove();
  setTimeout(() => element.remove(), 500);
}
