// @ts-check
// The actions on a board's notes: create, move, recolour, trash.

import { pressedAction, findElement } from "./dom.js";
import { uuid } from "../platform/clock-and-ids.js";
import { ColourPalette } from "./colour-palette.js";
import { toast } from "./toasts.js";

/** @typedef {import("../sync/board-session.js").BoardSession} BoardSession */
/** @typedef {import("./card-list.js").CardList} CardList */

export class NoteActions {
  /**
   * @param {BoardSession} session
   * @param {CardList} list
   */
  constructor(session, list) {
    this.session = session;
    this.list = list;
    this.palette = new ColourPalette((note, colour) => session.submit({ type: "recolour_note", note, colour }));
    list.container.addEventListener("click", (event) => this.#onClick(event));
    list.container.addEventListener("submit", (event) => event.preventDefault());
  }

  cards() {
    return this.list.articles();
  }

  /** @param {HTMLElement} article */
  edit(article) {
    const card = this.list.of(article);
    if (card) this.list.activeEditor.open(card, card.text.length);
  }

  /** @param {HTMLElement} article */
  colour(article) {
    this.palette.open(article, article);
  }

  /** @param {HTMLElement} article */
  trash(article) {
    const card = this.list.of(article);
    if (!card) return;
    const note = card.id;
    const neighbour = article.nextElementSibling ?? article.previousElementSibling;
    const hadFocus = card.hasFocus;
    if (this.list.activeEditor.card === card) this.list.activeEditor.close();
    this.session.submit({ type: "trash_note", note });
    const next = neighbour ?? findElement(document, "#empty button");
    if (hadFocus && next instanceof HTMLElement) next.focus({ preventScroll: true });
    toast("Note moved to trash", { undo: () => this.#restore(note) });
  }

  /** @param {string} note */
  #restore(note) {
    this.session.submit({ type: "restore_note", note });
    this.list.get(note)?.article.focus({ preventScroll: true });
  }

  /**
   * Creates a note at the top of the board.
   * @param {string} text
   * @param {string} colour
   * @returns {HTMLElement | null} its card
   */
  create(text, colour) {
    const [first] = this.#live();
    const rank = this.session.machine.rankBetween(null, first ?? null);
    const note = uuid();
    this.session.submit({ type: "create_note", note, text, colour, rank });
    return this.list.get(note)?.article ?? null;
  }

  /**
   * @param {HTMLElement} article
   * @param {number} step positive towards the end
   */
  move(article, step) {
    const note = article.dataset.note ?? "";
    const live = this.#live();
    const others = live.filter((id) => id !== note);
    const place = live.indexOf(note) + step;
    if (!live.includes(note) || place < 0 || place > others.length) return;
    const rank = this.session.machine.rankBetween(others[place - 1] ?? null, others[place] ?? null);
    this.session.submit({ type: "move_note", note, rank });
    article.scrollIntoView({ block: "nearest" });
  }

  #live() {
    const notes = this.session.notes;
    return notes.filter(({ state }) => state === "live").map(({ id }) => id);
  }

  /** @param {MouseEvent} event */
  #onClick(event) {
    const article = event.target instanceof Element ? event.target.closest("[data-note]") : null;
    const card = this.list.of(article);
    if (!(article instanceof HTMLElement) || !card || event.defaultPrevented) return;
    const pressed = pressedAction(event);
    if (!pressed) {
      this.list.activeEditor.openAtPointer(card, event);
    } else if (pressed.action !== "open" && !opensElsewhere(event)) {
      event.preventDefault();
      this.#do(pressed.action, article, pressed.button);
    }
  }

  /**
   * @param {string} action
   * @param {HTMLElement} article
   * @param {HTMLElement} button
   */
  #do(action, article, button) {
    switch (action) {
      case "edit":
        return this.edit(article);
      case "save":
        return this.list.activeEditor.close();
      case "colour":
        return this.palette.open(article, button);
      case "earlier":
        return this.move(article, -1);
      case "later":
        return this.move(article, 1);
      case "trash":
        return this.trash(article);
      case "tools":
        article.toggleAttribute("data-tools");
    }
  }
}

/** Whether a click on a link opens another tab or window. @param {MouseEvent} event */
function opensElsewhere(event) {
  return event.ctrlKey || event.metaKey || event.shiftKey;
}
