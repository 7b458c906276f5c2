// @ts-check
// The order of the cards on the page. What others do never moves the note under the pointer or
// the pen: it keeps its place, and the others go around it until it is let go.

import { prefersReducedMotion } from "./dom.js";

const GLIDE_MS = 160;

/** Which cards hold still: the one that is written in, and the one under the pointer. */
export class PinnedCards {
  /** @type {HTMLElement | null} */
  #pointed = null;

  /**
   * @param {HTMLElement} container
   * @param {() => void} isFree hears when nothing is held any more
   */
  constructor(container, isFree) {
    this.container = container;
    this.isFree = isFree;
    document.addEventListener("pointerover", (event) => this.#onPointer(event));
    document.documentElement.addEventListener("pointerleave", () => this.#point(null));
    document.addEventListener("focusout", () => setTimeout(() => this.#release()));
  }

  /** @returns {Set<HTMLElement>} */
  get cards() {
    const { activeElement } = document;
    const written = activeElement instanceof HTMLTextAreaElement ? this.#cardOf(activeElement) : null;
    return new Set([written, this.#pointed].filter((card) => card !== null));
  }

  /** @param {PointerEvent} event */
  #onPointer(event) {
    const isPointing = event.pointerType !== "touch" && event.target instanceof Element;
    this.#point(isPointing ? this.#cardOf(/** @type {Element} */ (event.target)) : null);
  }

  /** @param {HTMLElement | null} card */
  #point(card) {
    if (card === this.#pointed) return;
    this.#pointed = card;
    this.#release();
  }

  #release() {
    if (this.cards.size === 0) this.isFree();
  }

  /** @param {Element | null} element */
  #cardOf(element) {
    const card = element?.closest("[data-note]");
    return card instanceof HTMLElement && card.parentElement === this.container ? card : null;
  }
}

/**
 * The wanted order, but with what is held at its present place.
 * @template T
 * @param {T[]} present
 * @param {T[]} wanted
 * @param {Set<T>} held
 * @returns {T[]}
 */
export function orderAroundPinned(present, wanted, held) {
  /** @type {Map<number, T>} */
  const fixed = new Map();
  present.forEach((card, index) => {
    const place = Math.min(index, wanted.length - 1);
    if (held.has(card) && wanted.includes(card) && !fixed.has(place)) fixed.set(place, card);
  });
  const kept = new Set(fixed.values());
  const others = wanted.filter((card) => !kept.has(card));
  return wanted.map((_, place) => fixed.get(place) ?? /** @type {T} */ (others.shift()));
}

/**
 * Puts the elements into this order, and takes out all others. The one with the focus is never
 * taken out and put back, since that would take the focus away.
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
 * Lets elements that a change moves glide to where they are then, and keeps what people look at
 * where it is on the screen.
 * @param {HTMLElement} container
 * @param {Element | undefined} held
 * @param {() => void} change
 */
export function withTransition(container, held, change) {
  if (document.hidden) return change();
  const before = new Map([...container.children].map((card) => [card, card.getBoundingClientRect()]));
  const focused = [...before.keys()].find((card) => card.contains(document.activeElement));
  const anchor = held ?? focused ?? firstSeen(before);
  const root = document.documentElement;
  // The browser's own anchoring would correct a second time.
  root.style.overflowAnchor = "none";
  change();
  const [was, is] = [anchor && before.get(anchor), anchor?.getBoundingClientRect()];
  const shift = was && is && anchor?.isConnected ? is.top - was.top : 0;
  if (Math.abs(shift) >= 1) window.scrollBy({ top: shift, behavior: "instant" });
  root.style.overflowAnchor = "";
  if (!prefersReducedMotion()) for (const card of container.children) glide(card, before.get(card));
}

/**
 * At the top of the page what is new is to be seen.
 * @param {Map<Element, DOMRect>} rects
 */
function firstSeen(rects) {
  if (window.scrollY <= 0) return undefined;
  for (const [card, rect] of rects) if (rect.top >= 0 && rect.top < innerHeight) return card;
  return undefined;
}

/**
 * @param {Element} card
 * @param {DOMRect | undefined} was
 */
function glide(card, was) {
  const is = card.getBoundingClientRect();
  const isSeen = was && Math.min(was.top, is.top) < innerHeight && Math.max(was.bottom, is.bottom) > 0;
  if (!isSeen) return;
  const [x, y] = [was.left - is.left, was.top - is.top];
  if (Math.abs(x) < 1 && Math.abs(y) < 1) return;
  const from = { transform: `translate(${x}px, ${y}px)` };
  card.animate([from, { transform: "none" }], { duration: GLIDE_MS, easing: "ease-out" });
}
