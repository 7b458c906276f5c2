// @ts-check
// The page's colour palette, opened beside the note that it recolours.

import { findElement } from "./dom.js";

export class ColourPalette {
  /** Gets the focus back when a colour was picked. @type {HTMLElement | null} */
  #opener = null;
  /** The card whose note is recoloured. @type {HTMLElement | null} */
  #article = null;

  /** @param {(note: string, colour: string) => void} onPicked */
  constructor(onPicked) {
    this.element = findElement(document, "#palette");
    this.element?.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("button[data-colour]") : null;
      if (!(button instanceof HTMLElement)) return;
      onPicked(this.element?.dataset.note ?? "", button.dataset.colour ?? "");
      this.element?.hidePopover();
      this.#opener?.focus({ preventScroll: true });
    });
    this.element?.addEventListener("keydown", (event) => this.#onKey(event));
    this.element?.addEventListener("toggle", ({ newState }) => newState === "closed" && this.#mark(null));
  }

  /**
   * @param {HTMLElement} article the note's card
   * @param {HTMLElement} opener the pressed button, or the focused element
   */
  open(article, opener) {
    const { element } = this;
    if (!element || !findElement(article, "[data-action=colour]")) return;
    this.#opener = opener;
    this.#mark(article);
    element.dataset.note = article.dataset.note;
    for (const button of this.#buttons()) {
      button.setAttribute("aria-pressed", String(button.dataset.colour === article.dataset.colour));
    }
    // The style sheet anchors the palette to its source; older browsers ignore the argument.
    /** @type {any} */ (element).showPopover({ source: anchorIn(article) });
    const pressed = findElement(element, "[aria-pressed=true]") ?? this.#buttons()[0];
    pressed?.focus({ preventScroll: true });
  }

  /** The tools of the marked card stay, since the palette is beside them. @param {HTMLElement | null} article */
  #mark(article) {
    this.#article?.removeAttribute("data-recolouring");
    article?.setAttribute("data-recolouring", "");
    this.#article = article;
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    event.stopPropagation();
    const buttons = this.#buttons();
    const at = buttons.findIndex((button) => button === document.activeElement);
    buttons[(at + step + buttons.length) % buttons.length].focus();
  }

  /** @returns {HTMLElement[]} */
  #buttons() {
    return [...(this.element?.querySelectorAll("button[data-colour]") ?? [])].map(
      (button) => /** @type {HTMLElement} */ (button),
    );
  }
}

/** The visible button beside which the palette opens. @param {HTMLElement} article */
function anchorIn(article) {
  const buttons = ["colour", "tools"].map((action) => findElement(article, `[data-action=${action}]`));
  return buttons.find((button) => button?.checkVisibility()) ?? article;
}
