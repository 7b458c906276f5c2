// @ts-check
// The parts that a card has only when it needs them. Most cards of a board never do.

import { findElement, requireElement } from "./dom.js";

/**
 * The part of a card that matches a selector, added if the card has none.
 * @param {HTMLElement} article
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function cardPart(article, selector) {
  return findElement(article, selector) ?? addPart(article, selector);
}

/**
 * @param {HTMLElement} article
 * @param {string} selector
 */
function addPart(article, selector) {
  const template = /** @type {HTMLTemplateElement} */ (requireElement(document, "#note-parts"));
  const part = /** @type {HTMLElement} */ (document.importNode(requireElement(template.content, selector), true));
  requireElement(article, part.dataset.before ?? "").before(part);
  return part;
}
