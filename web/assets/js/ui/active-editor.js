// @ts-check
// The active editor: at most one note of a page is edited at a time, and closing it sends the edit.

import { findElement } from "./dom.js";
import { sourcePositionAt } from "./source-position.js";

/** @typedef {import("./note-card.js").NoteCard} NoteCard */

export class ActiveEditor {
  /** The card that is being edited. @type {NoteCard | null} */
  card = null;
  #isPressing = false;
  #closeWhenReleased = false;

  /**
   * @param {import("../sync/board-session.js").BoardSession} session
   * @param {(card: NoteCard) => void} onClosed called when a card leaves editing
   */
  constructor(session, onClosed) {
    this.session = session;
    this.onClosed = onClosed;
    document.addEventListener("pointerdown", () => (this.#isPressing = true), true);
    for (const end of ["pointerup", "pointercancel"]) {
      document.addEventListener(end, () => this.#release(), true);
    }
  }

  /**
   * @param {NoteCard} card
   * @param {number | null} [caret] null leaves the caret where it is
   */
  open(card, caret = null) {
    if (!card.textarea || !this.session.has(card.id)) return;
    if (this.card !== card) {
      this.close();
      this.card = card;
      this.session.setPresence(card.id);
      card.textarea.addEventListener("blur", this.#onBlur);
      card.textarea.addEventListener("keydown", this.#onKey);
    }
    this.#closeWhenReleased = false;
    card.open(caret);
  }

  /**
   * A click on a card's text opens the editor there, unless it follows a link or selects text.
   * @param {NoteCard} card
   * @param {MouseEvent} event
   */
  openAtPointer(card, event) {
    const view = findElement(card.article, "[data-view]");
    if (!(event.target instanceof Element) || !view?.contains(event.target)) return;
    if (event.target instanceof HTMLInputElement) return this.#toggleTask(card, event.target, event);
    if (event.target.closest("a[href]") || !getSelection()?.isCollapsed) return;
    this.open(card, sourcePositionAt(view, card.text, event.clientX, event.clientY));
  }

  /**
   * Toggling a task is a complete edit, so it is sent at once.
   * @param {NoteCard} card
   * @param {HTMLInputElement} box
   * @param {Event} event
   */
  #toggleTask(card, box, event) {
    event.preventDefault();
    if (card.article.closest("[data-access=viewer]") || !this.session.has(card.id)) return;
    card.toggleTask(box).then(() => this.session.flush(card.id), () => {});
  }

  /** Leaves editing and sends the edit. */
  close() {
    const { card } = this;
    if (!card) return;
    this.card = null;
    this.#closeWhenReleased = false;
    card.textarea?.removeEventListener("blur", this.#onBlur);
    card.textarea?.removeEventListener("keydown", this.#onKey);
    this.session.flush(card.id);
    this.session.setPresence(null);
    card.close();
    this.onClosed(card);
  }

  /** Sends what has been typed so far, and stays open. */
  flush() {
    if (this.card) this.session.flush(this.card.id);
  }

  #onBlur = () => {
    if (document.activeElement === this.card?.textarea) {
      // The window lost the focus, not the note.
      this.flush();
    } else if (this.#isPressing) {
      // The layout must not change under the pointer before the click.
      this.#closeWhenReleased = true;
      this.flush();
    } else {
      this.close();
    }
  };

  /** @param {KeyboardEvent} event */
  #onKey = (event) => {
    const { card } = this;
    if (!card || event.isComposing) return;
    if (event.key === "Escape") {
      event.preventDefault();
      card.article.focus({ preventScroll: true });
      this.close();
    } else if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.flush();
    }
  };

  #release() {
    this.#isPressing = false;
    // After the click that follows.
    if (this.#closeWhenReleased) setTimeout(() => this.#closeWhenReleased && this.close());
  }
}
