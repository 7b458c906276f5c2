// @ts-check
// One note on the page: the card that the server rendered, or one made of its template, read and
// written in place.

import { apply, diff, isEmpty, normaliseText } from "../delta/delta.js";
import { findElement, flash, requireElement, setText, showAvatar, cloneTemplate } from "./dom.js";
import { Editor } from "./editor.js";
import { ticked } from "../markdown/boxes.js";
import { firstLine, rendered } from "../markdown/markdown.js";
import { carried } from "../sync/note-text.js";
import { saveStatusText } from "./save-status.js";
import { showTime } from "./relative-time.js";

const LABEL_LETTERS = 60;

export class NoteCard {
  /** @type {Editor | null} */
  #editor = null;
  /** @type {string | null} */
  #renderedText;
  /** What the note read when the server rendered it. */
  #served;

  /**
   * @param {HTMLElement} article
   * @param {(delta: import("../delta/delta.js").Delta, before: string) => string} typed gives what the note
   *   reads then
   */
  constructor(article, typed) {
    this.article = article;
    this.id = article.dataset.note ?? "";
    this.typed = typed;
    /** Null where nobody may write. @type {HTMLTextAreaElement | null} */
    this.textarea = findElement(article, "textarea[name=text]");
    this.#served = this.textarea?.dataset.saved ?? this.textarea?.defaultValue ?? null;
    /** What is shown; null where only its HTML is known. @type {string | null} */
    this.text = this.#served;
    /** Of which text the HTML is. */
    this.#renderedText = this.text;
    this.#freeBoxes();
  }

  /**
   * A card of a note that the server has not rendered.
   * @param {string} id
   * @param {NoteCard["typed"]} typed
   */
  static fromTemplate(id, typed) {
    const card = new NoteCard(cloneTemplate("note-template", id), typed);
    card.text = null;
    card.#renderedText = null;
    return card;
  }

  get isEditing() {
    return this.article.hasAttribute("data-editing");
  }

  /** Whether the server gave back words that it refused. */
  get isRefused() {
    return this.textarea?.dataset.saved !== undefined;
  }

  get hasFocus() {
    return this.article.contains(document.activeElement);
  }

  /** Shows everything but the text. @param {import("../sync/view-model.js").NoteView} note */
  show({ colour, seq, editedBy, editedAt }) {
    const { article } = this;
    if (article.dataset.colour !== colour) article.dataset.colour = colour;
    article.dataset.seq = String(seq);
    if (editedBy) {
      setText(findElement(article, "[data-author]"), editedBy.name);
      showAvatar(findElement(article, ".note-foot [data-avatar]"), editedBy);
    }
    const time = findElement(article, "time[data-time]");
    if (time instanceof HTMLTimeElement) showTime(time, editedAt);
  }

  /**
   * Shows another text. Whether it is another.
   * @param {string} text
   */
  become(text) {
    if (text === this.text) return false;
    this.#editor?.become(text);
    if (this.textarea && !this.isEditing) this.textarea.value = text;
    this.#told(text);
    return true;
  }

  /**
   * Takes in what somebody else changed, around the caret where somebody writes here.
   * @param {import("../delta/delta.js").Delta} delta
   * @param {string} text what it makes of the text
   */
  change(delta, text) {
    if (this.#editor && this.isEditing) {
      this.#editor.remote(delta);
      this.#told(this.#editor.text);
    } else {
      this.become(text);
    }
  }

  /** @param {import("./save-status.js").SaveStatus} name */
  showSaveStatus(name) {
    const { article } = this;
    if ((article.dataset.saveStatus ?? null) === name) return;
    if (name === null) delete article.dataset.saveStatus;
    else article.dataset.saveStatus = name;
    setText(findElement(article, "[data-save-status-text]"), saveStatusText(name));
  }

  /** Draws the eye for a moment to what others did. */
  freshen() {
    flash(this.article, "data-fresh");
  }

  /** Somebody takes the pen. @param {number | null} [caret] */
  open(caret = null) {
    const { textarea } = this;
    if (!textarea) return;
    if (!this.isEditing) {
      if (this.text !== null && textarea.value !== this.text) textarea.value = this.text;
      this.#editor ??= new Editor(textarea, (delta, before) => this.#onTyped(delta, before));
      this.#editor.become(this.text ?? textarea.value);
      this.article.setAttribute("data-editing", "");
    }
    textarea.focus({ preventScroll: true });
    if (caret !== null) textarea.setSelectionRange(caret, caret);
    textarea.scrollIntoView({ block: "nearest" });
  }

  /** The pen is put down. What was typed stays. */
  close() {
    this.article.removeAttribute("data-editing");
    this.#render();
  }

  /** Ticks a box, or takes that back, as typing would. @param {HTMLInputElement} box */
  tick(box) {
    const before = this.text ?? "";
    const boxes = this.#boxes();
    const after = ticked(before, boxes.indexOf(box), boxes.length);
    if (after === null || !this.textarea) return;
    this.#onTyped(diff(before, after), before);
    this.textarea.value = this.text ?? after;
  }

  /** What was typed before script came; null where nothing was. */
  typedBefore() {
    if (!this.textarea || this.#served === null) return null;
    const typed = diff(this.#served, normaliseText(this.textarea.value));
    return isEmpty(typed) ? null : typed;
  }

  /**
   * Types that again, over what is shown by now.
   * @param {import("../delta/delta.js").Delta} typed
   */
  retype(typed) {
    if (this.text === null || this.#served === null) return;
    this.#editor?.type(carried(typed, this.#served, this.text));
  }

  /**
   * @param {import("../delta/delta.js").Delta} delta
   * @param {string} before
   */
  #onTyped(delta, before) {
    const text = this.typed(delta, before);
    // The editor is not done with what was typed.
    if (text !== apply(before, delta)) queueMicrotask(() => this.#editor?.become(this.text ?? text));
    this.#told(text);
  }

  /** @param {string} text */
  #told(text) {
    this.text = text;
    // Behind the textarea the old words keep the room that they had.
    if (!this.isEditing) this.#render();
  }

  #render() {
    if (this.text === null || this.text === this.#renderedText) return;
    this.#renderedText = this.text;
    const focused = this.#boxes().findIndex((box) => box === document.activeElement);
    requireElement(this.article, "[data-view]").replaceChildren(rendered(this.text));
    this.#freeBoxes();
    this.#boxes()[focused]?.focus({ preventScroll: true });
    this.article.setAttribute("aria-label", firstLine(this.text, LABEL_LETTERS) || "Empty note");
  }

  #boxes() {
    const boxes = requireElement(this.article, "[data-view]").querySelectorAll("input[type=checkbox]");
    return [...boxes].map((box) => /** @type {HTMLInputElement} */ (box));
  }

  /** Whoever may write may tick. */
  #freeBoxes() {
    if (!this.textarea) return;
    for (const box of this.#boxes()) {
      box.disabled = false;
      box.ariaLabel ??= box.parentElement?.textContent?.trim().split("\n")[0] ?? "";
    }
  }
}
