// @ts-check
// The blank sheet: what is written on it is kept on this device until it is a note.

import { findElement, requireElement } from "./dom.js";

export class NewNoteForm {
  /**
   * @param {HTMLFormElement} form
   * @param {import("../sync/board-session.js").Seat} seat
   * @param {(text: string, colour: string) => Promise<HTMLElement | null>} create gives the card when
   *   the note is in the outbox; until then its words stay on the sheet
   */
  constructor(form, seat, create) {
    this.form = form;
    this.seat = seat;
    this.create = create;
    /** @type {HTMLTextAreaElement} */
    this.textarea = requireElement(form, "textarea");
    this.#bringBack();
    form.addEventListener("input", () => this.#keep());
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

  /** Makes a note of what is written, and is ready for the next. */
  async #submit() {
    if (await this.#save()) this.textarea.focus();
  }

  /** The same, but goes to the new note, unless somebody has gone elsewhere meanwhile. */
  async #leave() {
    if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
    const card = await this.#save();
    if (document.activeElement === document.body) card?.focus({ preventScroll: true });
  }

  async #save() {
    const text = this.textarea.value;
    if (text.trim() === "" || this.textarea.readOnly) return null;
    this.textarea.readOnly = true;
    const card = await this.create(text, this.#colour());
    this.textarea.readOnly = false;
    this.form.reset();
    this.textarea.value = "";
    this.#keep();
    return card;
  }

  #keep() {
    const text = this.textarea.value;
    this.seat.compose(text === "" ? null : { text, colour: this.#colour() });
  }

  /** What an earlier page kept stands before what was typed since this one came. */
  #bringBack() {
    const kept = this.seat.composer;
    const { value } = this.textarea;
    if (kept) this.textarea.value = joined(kept.text, value);
    if (kept) this.#pick(kept.colour);
    if (this.textarea.value !== (kept?.text ?? "")) this.#keep();
  }

  /** @param {string} colour */
  #pick(colour) {
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
 * After a reload the browser brings back by itself what stood there, or the beginning of it.
 * @param {string} kept
 * @param {string} present
 */
function joined(kept, present) {
  if (kept.startsWith(present)) return kept;
  return present.startsWith(kept) ? present : `${kept}\n\n${present}`;
}
