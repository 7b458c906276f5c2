// @ts-check
// DOM helpers: queries, templates, text, avatars.

/**
 * The first element that matches a selector. Throws if there is none.
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
 * The first element that matches a selector, or null.
 * @template {Element} [T=HTMLElement]
 * @param {ParentNode} within
 * @param {string} selector
 * @returns {T | null}
 */
export function findElement(within, selector) {
  return /** @type {T | null} */ (within.querySelector(selector));
}

/**
 * Clones a template's element and replaces `__note__` in its attributes by `id`.
 * @param {string} template the id of the template
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
 * Sets the text only if it differs: screen readers would announce an unchanged text again.
 * @param {Element | null} element
 * @param {string} text
 */
export function setText(element, text) {
  if (element && element.textContent !== text) element.textContent = text;
}

/**
 * Sets an attribute for about a second, which plays its animation.
 * @param {HTMLElement} element
 * @param {string} attribute
 */
export function flash(element, attribute) {
  const isRunning = element.hasAttribute(attribute);
  element.removeAttribute(attribute);
  // A frame without the attribute makes the browser restart the animation.
  if (isRunning) requestAnimationFrame(() => element.setAttribute(attribute, ""));
  else element.setAttribute(attribute, "");
  setTimeout(() => element.removeAttribute(attribute), 1_100);
}

/**
 * The action of the pressed element, and the element; null if it has none.
 * @param {Event} event
 * @returns {{action: string, button: HTMLElement} | null}
 */
export function pressedAction(event) {
  const button = event.target instanceof Element ? event.target.closest("[data-action]") : null;
  return button instanceof HTMLElement ? { action: button.dataset.action ?? "", button } : null;
}

/**
 * Shows a person's initials in their colour.
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
