// @ts-check
// Keeps the layout stable while remote changes reorder the cards. The card under the pointer and the
// card that is being edited are pinned: they do not move, and the others are placed around them.

import { prefersReducedMotion } from "./dom.js";

const MOVE_MS = 160;

/** The cards that must not move: the one that is being edited and the one under the pointer. */
export class PinnedCards {
  /** @type {HTMLElement | null} */
  #hovered = null;

  /**
   * @param {HTMLElement} container
   * @param {() => void} onUnpinned called when no card is pinned any more
   */
  constructor(container, onUnpinned) {
    this.container = container;
    this.onUnpinned = onUnpinned;
    document.addEventListener("pointerover", (event) => this.#onPointerOver(event));
    document.documentElement.addEventListener("pointerleave", () => this.#hover(null));
    document.addEventListener("focusout", () => setTimeout(() => this.#release()));
  }

  /** @returns {Set<HTMLElement>} */
  get cards() {
    const { activeElement } = document;
    const edited = activeElement instanceof HTMLTextAreaElement ? this.#cardOf(activeElement) : null;
    return new Set([edited, this.#hovered].filter((card) => card !== null));
  }

  /** @param {PointerEvent} event */
  #onPointerOver(event) {
    const isHovering = event.pointerType !== "touch" && event.target instanceof Element;
    this.#hover(isHovering ? this.#cardOf(/** @type {Element} */ (event.target)) : null);
  }

  /** @param {HTMLElement | null} card */
  #hover(card) {
    if (card === this.#hovered) return;
    this.#hovered = card;
    this.#release();
  }

  #release() {
    if (this.cards.size === 0) this.onUnpinned();
  }

  /** @param {Element | null} element */
  #cardOf(element) {
    const card = element?.closest("[data-note]");
    return card instanceof HTMLElement && card.parentElement === this.container ? card : null;
  }
}

/**
 * The wanted order, except that pinned elements keep their current index.
 * @template T
 * @param {T[]} current
 * @param {T[]} wanted
 * @param {Set<T>} pinned
 * @returns {T[]}
 */
export function orderAroundPinned(current, wanted, pinned) {
  if (pinned.size === 0) return wanted;
  /** @type {Map<number, T>} */
  const fixed = new Map();
  current.forEach((card, index) => {
    const place = Math.min(index, wanted.length - 1);
    if (pinned.has(card) && wanted.includes(card) && !fixed.has(place)) fixed.set(place, card);
  });
  const kept = new Set(fixed.values());
  const others = wanted.filter((card) => !kept.has(card));
  return wanted.map((_, place) => fixed.get(place) ?? /** @type {T} */ (others.shift()));
}

/**
 * Puts the elements into this order and removes all others. The focused element is not moved itself,
 * because that would lose the focus.
 * @param {HTMLElement} container
 * @param {HTMLElement[]} wanted
 */
export function reorderChildren(container, wanted) {
  const places = new Set(wanted);
  for (const child of [...container.children]) {
    if (!places.has(/** @type {HTMLElement} */ (child))) child.remove();
  }
  let next = container.firstElementChild;
  for (const element of wanted) {
    if (element.contains(document.activeElement)) {
      while (next !== element && next) {
        const passed = next;
        next = next.nextElementSibling;
        container.append(passed);
      }
    }
    if (element === next) next = next.nextElementSibling;
    else container.insertBefore(element, next);
  }
}

/**
 * Animates the elements that a change moves, and keeps the anchor at its place on the screen: the
 * pinned card, the focused one, or the first visible one. Only elements near the viewport are
 * measured.
 * @param {HTMLElement} container
 * @param {Element | undefined} pinned
 * @param {() => void} change
 */
export function withTransition(container, pinned, change) {
  if (document.hidden) return change();
  const before = nearViewport(container);
  const anchor = pinned ?? focusedChild(container) ?? firstVisible(before);
  const was = anchor && (before.get(anchor) ?? anchor.getBoundingClientRect());
  const root = document.documentElement;
  // The browser's own scroll anchoring would correct a second time.
  root.style.overflowAnchor = "none";
  change();
  const shift = was && anchor?.isConnected ? anchor.getBoundingClientRect().top - was.top : 0;
  if (Math.abs(shift) >= 1) window.scrollBy({ top: shift, behavior: "instant" });
  root.style.overflowAnchor = "";
  if (prefersReducedMotion()) return;
  const moves = [...before].filter(([card]) => card.isConnected).map(([card, rect]) => moveOf(card, rect));
  for (const move of moves) if (move) animateMove(move);
}

/**
 * The children within a screen of the viewport, with their places. The rows of the grid are in the
 * order of its children.
 * @param {HTMLElement} container
 * @returns {Map<Element, DOMRect>}
 */
function nearViewport({ children }) {
  let [low, high] = [0, children.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (children[middle].getBoundingClientRect().top < -innerHeight) low = middle + 1;
    else high = middle;
  }
  /** @type {Map<Element, DOMRect>} */
  const rects = new Map();
  for (let card = children.item(low); card; card = card.nextElementSibling) {
    const rect = card.getBoundingClientRect();
    if (rect.top > 2 * innerHeight) break;
    rects.set(card, rect);
  }
  return rects;
}

/**
 * The child that has the focus.
 * @param {HTMLElement} container
 */
function focusedChild(container) {
  const { activeElement } = document;
  if (!activeElement || !container.contains(activeElement)) return undefined;
  let child = activeElement;
  while (child.parentElement && child.parentElement !== container) child = child.parentElement;
  return child;
}

/**
 * The first visible card; none at the top of the page, where new notes should come into view.
 * @param {Map<Element, DOMRect>} rects
 */
function firstVisible(rects) {
  if (window.scrollY <= 0) return undefined;
  for (const [card, rect] of rects) if (rect.top >= 0 && rect.top < innerHeight) return card;
  return undefined;
}

/**
 * How far a card has moved; null if it has not, or is out of sight.
 * @param {Element} card
 * @param {DOMRect} was
 */
function moveOf(card, was) {
  const is = card.getBoundingClientRect();
  const isVisible = Math.min(was.top, is.top) < innerHeight && Math.max(was.bottom, is.bottom) > 0;
  const [x, y] = [was.left - is.left, was.top - is.top];
  return isVisible && (Math.abs(x) >= 1 || Math.abs(y) >= 1) ? { card, x, y } : null;
}

/** @param {{card: Element, x: number, y: number}} move */
function animateMove({ card, x, y }) {
  const from = { transform: `translate(${x}px, ${y}px)` };
  card.animate([from, { transform: "none" }], { duration: MOVE_MS, easing: "ease-out" });
}
