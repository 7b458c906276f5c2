// @ts-check
// Toasts: short messages at the foot of the page that disappear by themselves.

import { requireElement, prefersReducedMotion, setText, cloneTemplate } from "./dom.js";

const VISIBLE_MS = 8_000;

/**
 * @param {string} text
 * @param {{undo?: () => void, closed?: () => void, stays?: boolean}} [options] `closed` is called if
 *   the toast disappears without an undo; `stays`: until it is dismissed
 */
export function toast(text, { undo, closed, stays = false } = {}) {
  const element = cloneTemplate("toast-template");
  setText(requireElement(element, "[data-text]"), text);
  const button = requireElement(element, "[data-action=undo]");
  if (!undo) button.remove();
  let isClosed = false;
  const close = (/** @type {(() => void) | undefined} */ then) => {
    if (isClosed) return;
    isClosed = true;
    then?.();
    if (element.contains(document.activeElement)) previousFocus?.focus({ preventScroll: true });
    dismiss(element);
  };
  /** Gets the focus back when the toast closes. @type {HTMLElement | null} */
  let previousFocus = null;
  element.addEventListener("focusin", ({ relatedTarget: before }) => {
    if (before instanceof HTMLElement && !element.contains(before)) previousFocus = before;
  });
  button.addEventListener("click", () => close(undo));
  requireElement(element, "[data-action=dismiss]").addEventListener("click", () => close(closed));
  requireElement(document, "#toasts").append(element);
  if (!stays) whenIdle(element, () => close(closed));
}

/** Toasts that the server rendered after a form post disappear, too. */
export function hydrateToasts() {
  for (const element of document.querySelectorAll("#toasts .toast")) {
    if (element instanceof HTMLElement) whenIdle(element, () => dismiss(element));
  }
}

/**
 * Calls `then` after a while, but not while the pointer or the focus is on the element.
 * @param {HTMLElement} element
 * @param {() => void} then
 */
function whenIdle(element, then) {
  const timer = setInterval(() => {
    if (element.matches(":hover, :focus-within")) return;
    clearInterval(timer);
    then();
  }, VISIBLE_MS);
}

/** @param {HTMLElement} element */
function dismiss(element) {
  element.addEventListener("animationend", () => element.remove());
  element.setAttribute("data-leaving", "");
  if (prefersReducedMotion()) element.remove();
  setTimeout(() => element.remove(), 500);
}
