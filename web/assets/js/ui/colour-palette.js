// @ts-check
// The one palette of a page, opened beside the note whose colour is to change.

import { findElement } from "./dom.js";

export class ColourPalette {
  /** What has the focus again when a colour was picked. @type {HTMLElement | null} */
  #from = null;

  /** @param {(note: string, colour: string) => void} picked */
  constructor(picked) {
    this.element = findElement(document, "#palette");
    this.element?.addEventListener("click", (event) => {
      const button = event.target instanceof Element ? event.target.closest("button[data-colour]") : null;
      if (!(button instanceof HTMLElement)) return;
      picked(this.element?.dataset.note ?? "", button.dataset.colour ?? "");
      this.element?.hidePopover();
      this.#from?.focus({ preventScroll: true });
    });
    this.element?.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /**
   * @param {HTMLElement} article the note's
   * @param {HTMLElement} from what was pressed, or had the focus when a key was
   */
  open(article, from) {
    const { element } = this;
    if (!element || !findElement(article, "[data-action=colour]")) return;
    this.#from = from;
    element.dataset.note = article.dataset.note;
    for (const button of this.#buttons()) {
      button.setAttribute("aria-pressed", String(button.dataset.colour === article.dataset.colour));
    }
    // An invoker is what the style sheet places the palette by; older browsers take no argument.
    /** @type {any} */ (element).showPopover({ source: anchorIn(article) });
    const pressed = findElement(element, "[aria-pressed=true]") ?? this.#buttons()[0];
    pressed?.focus({ preventScroll: true });
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

/** The button beside which a note's palette opens: what is hidden stands nowhere. @param {HTMLElement} article */
function anchorIn(article) {
  const buttons = ["colour", "tools"].map((action) => findElement(article, `[data-action=${action}]`));
  return buttons.find((button) => button?.checkVisibility()) ?? article;
}
