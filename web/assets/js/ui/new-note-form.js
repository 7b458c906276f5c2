// @ts-check
// The form for a new note. Its text is stored on this device until the note is created.

import { findElement, requireElement } from "./dom.js";

export class NewNoteForm {
  /**
   * @param {HTMLFormElement} form
   * @param {import("../sync/board-session.js").BoardSession} session
   * @param {(text: string, colour: string) => HTMLElement | null} create returns the
   *   new card
   */
  constructor(form, session, create) {
    this.form = form;
    this.session = session;
    this.create = create;
    /** @type {HTMLTextAreaElement} */
    this.textarea = requireElement(form, "textarea");
    this.#restore();
    this.#showState();
    form.addEventListener("input", () => this.#store());
    form.addEventListener("keydown", (event) => this.#onKey(event));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#submit();
    });
  }

  focus() {
    this.textarea.focus();
    this.textarea.scrollIntoView({ block: "nearest" });
  }

  /** Creates the note and keeps the focus in the form. */
  #submit() {
    if (this.#save()) this.textarea.focus();
  }

  /** Creates the note and focuses its card, unless the focus has moved elsewhere meanwhile. */
  #leave() {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    const card = this.#save();
    if (document.activeElement === document.body) card?.focus({ preventScroll: true });
  }

  #save() {
    const text = this.textarea.value;
    if (text.trim() === "") return null;
    const card = this.create(text, this.#colour());
    this.form.reset();
    this.textarea.value = "";
    this.#store();
    return card;
  }

  /** The style sheet shows the picked colour, and keeps a form with text open. */
  #showState() {
    this.form.dataset.colour = this.#colour();
    this.form.toggleAttribute("data-open", this.textarea.value !== "");
  }

  #store() {
    this.#showState();
    const text = this.textarea.value;
    this.session.compose(text === "" ? null : { text, colour: this.#colour() });
  }

  /** Restores the text that an earlier page stored, before the text that was typed on this one. */
  #restore() {
    const stored = this.session.composer;
    const { value } = this.textarea;
    if (stored) this.textarea.value = joined(stored.text, value);
    if (stored) this.#selectColour(stored.colour);
    if (this.textarea.value !== (stored?.text ?? "")) this.#store();
  }

  /** @param {string} colour */
  #selectColour(colour) {
    const radio = findElement(this.form, `input[name=colour][value="${CSS.escape(colour)}"]`);
    if (radio instanceof HTMLInputElement) radio.checked = true;
  }

  #colour() {
    const colour = new FormData(this.form).get("colour");
    return typeof colour === "string" ? colour : "paper";
  }

  /** @param {KeyboardEvent} event */
  #onKey(event) {
    if (event.isComposing) return;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      this.#submit();
    } else if (event.key === "Escape") {
      event.preventDefault();
      this.#leave();
    }
  }
}

/**
 * After a reload the browser itself may restore the text, or the beginning of it.
 * @param {string} stored
 * @param {string} current
 */
function joined(stored, current) {
  if (stored.startsWith(current)) return stored;
  return current.startsWith(stored) ? current : `${stored}\n\n${current}`;
}
