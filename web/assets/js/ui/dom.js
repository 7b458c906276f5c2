// @ts-check
// Finding elements and listening to them, with the types that the templates promise.

/**
 * The element that a selector names; the templates promise that it is there.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} within
 * @param {string} selector
 * @returns {T}
 */
export function requireElement(within, selector) {
  const found = within.querySelector(selector);
  if (!found) throw new Error(`the page has no ${selector}`);
  return /** @type {T} */ (found);
}

/**
 * The same, where it may be missing.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} within
 * @param {string} selector
 * @returns {T | null}
 */
export function findElement(within, selector) {
  return /** @type {T | null} */ (within.querySelector(selector));
}

/**
 * The element of a template, with `id` in the place of its `__note__`.
 * @param {string} template the template's own id
 * @param {string} [id]
 */
export function cloneTemplate(template, id = "") {
  const source = /** @type {HTMLTemplateElement} */ (requireElement(document, `#${template}`));
  const copy = /** @type {DocumentFragment} */ (document.importNode(source.content, true));
  const element = /** @type {HTMLElement} */ (copy.firstElementChild);
  for (const it of [element, ...element.querySelectorAll("*")]) {
    for (const { name, value } of it.attributes) {
      if (value.includes("__note__")) it.setAttribute(name, value.replaceAll("__note__", id));
    }
  }
  return element;
}

/**
 * Says words, if they are others than those that are there: repeated words would be read aloud anew.
 * @param {Element | null} element
 * @param {string} words
 */
export function setText(element, words) {
  if (element && element.textContent !== words) element.textContent = words;
}

/**
 * Sets an attribute for a moment, so that an animation plays.
 * @param {HTMLElement} element
 * @param {string} attribute
 */
export function flash(element, attribute) {
  element.removeAttribute(attribute);
  // Reading a measure lets the browser notice that the attribute was away.
  void element.offsetWidth;
  element.setAttribute(attribute, "");
  setTimeout(() => element.removeAttribute(attribute), 1_100);
}

/**
 * What a press on something inside of `within` asks for, and the element that was pressed.
 * @param {Event} event
 * @returns {{action: string, button: HTMLElement} | null}
 */
export function pressedAction(event) {
  const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
  return button instanceof HTMLElement ? { action: button.dataset.action ?? "", button } : null;
}

/**
 * Shows somebody: initials in their colour.
 * @param {HTMLElement | null} avatar
 * @param {import("../sync/client-messages.js").Actor} person
 */
export function showAvatar(avatar, { name, colour }) {
  if (!avatar) return;
  setText(avatar, initialsOf(name));
  avatar.dataset.hue = String(colour);
}

/** @param {string} name */
function initialsOf(name) {
  const words = name.split(/\s+/).filter(Boolean);
  const letters = [words[0], words.length > 1 ? words.at(-1) : ""].map((word) => [...(word ?? "")][0] ?? "");
  return letters.join("").toUpperCase() || "?";
}

export function prefersReducedMotion() {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
