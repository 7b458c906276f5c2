// @ts-check
// A note's card: rendered by the server or made from the template, read and edited in place.

import { apply, diff, transformIndex } from "../delta/delta.js";
import { cardPart } from "./card-parts.js";
import { findElement, flash, requireElement, setText, showAvatar, cloneTemplate } from "./dom.js";
import { Editor } from "./editor.js";
import { loadedRenderer, loadRenderer } from "../markdown/lazy-renderer.js";
import { rebasedDelta } from "../sync/note-text.js";
import { saveStatusText } from "./note-save-status.js";
import { showTime } from "./relative-time.js";
import { enableTasks, taskCheckboxes } from "./task-checkboxes.js";

const LABEL_CHARACTERS = 60;

export class NoteCard {
  /** @type {Editor | null} */
  #editor = null;
  /** @type {string | null} */
  #renderedText;

  /**
   * @param {HTMLElement} article
   * @param {string | null} renderedText the text that the article's HTML was rendered from; null if
   *   there is no HTML
   * @param {(delta: import("../delta/delta.js").Delta) => void} onTyped
   */
  constructor(article, renderedText, onTyped) {
    this.article = article;
    this.id = article.dataset.note ?? "";
    this.onTyped = onTyped;
    /** Null if the note cannot be edited. @type {HTMLTextAreaElement | null} */
    this.textarea = findElement(article, "textarea[name=text]");
    /** The shown text. */
    this.text = renderedText ?? "";
    this.#renderedText = renderedText;
  }

  /**
   * A card for a note that the server has not rendered.
   * @param {string} id
   * @param {NoteCard["onTyped"]} onTyped
   */
  static fromTemplate(id, onTyped) {
    return new NoteCard(cloneTemplate("note-template", id), null, onTyped);
  }

  get isEditing() {
    return this.article.hasAttribute("data-editing");
  }

  /** Whether the shown HTML is not that of the text. */
  get isStale() {
    return !this.isEditing && this.text !== this.#renderedText;
  }

  get hasFocus() {
    return this.article.contains(document.activeElement);
  }

  /** Shows everything but the text. @param {import("../sync/view-model.js").NoteView} note */
  show({ colour, editedBy, editedAt }) {
    const { article } = this;
    if (article.dataset.colour !== colour) article.dataset.colour = colour;
    if (editedBy) {
      setText(findElement(article, "[data-author]"), editedBy.name);
      showAvatar(findElement(article, ".note-foot [data-avatar]"), editedBy);
    }
    const time = findElement(article, "time[data-time]");
    if (time instanceof HTMLTimeElement) showTime(time, editedAt);
  }

  /**
   * Changes the text, which `render` shows. Returns whether it differs from the former one.
   * @param {string} text
   */
  setText(text) {
    const isChanged = text !== this.text;
    this.#editor?.setText(text);
    if (this.textarea && !this.isEditing && this.textarea.value !== text) this.textarea.value = text;
    this.text = text;
    return isChanged;
  }

  /**
   * Applies a remote change, around the caret if the note is being edited. `render` shows it.
   * @param {import("../delta/delta.js").Delta} delta
   * @param {string} text the text after the change
   */
  applyRemote(delta, text) {
    if (this.#editor && this.isEditing) {
      this.#editor.applyRemote(delta);
      this.text = this.#editor.text;
    } else {
      this.setText(text);
    }
  }

  /** @param {import("./note-save-status.js").ShownStatus} status */
  showSaveStatus(status) {
    const { article } = this;
    if ((article.dataset.saveStatus ?? null) === status) return;
    if (status === null) delete article.dataset.saveStatus;
    else article.dataset.saveStatus = status;
    setText(findElement(this.#saveStatus(), "[data-save-status-text]"), saveStatusText(status));
  }

  /** Highlights the card for a moment after a remote change. */
  highlight() {
    flash(this.article, "data-fresh");
  }

  /** Opens the editor. @param {number | null} [caret] */
  open(caret = null) {
    const { textarea } = this;
    if (!textarea) return;
    // The note is rendered when editing ends.
    loadRenderer().catch(() => {});
    if (!this.isEditing) {
      if (textarea.value !== this.text) textarea.value = this.text;
      this.#editor ??= new Editor(textarea, (delta, before) => this.#onTyped(delta, before));
      this.#editor.setText(this.text);
      this.#saveStatus();
      cardPart(this.article, ".save");
      this.article.setAttribute("data-editing", "");
    }
    textarea.focus({ preventScroll: true });
    if (caret !== null) textarea.setSelectionRange(caret, caret);
    textarea.scrollIntoView({ block: "nearest" });
  }

  /** Closes the editor. The typed text stays. */
  close() {
    this.article.removeAttribute("data-editing");
    this.render();
  }

  /**
   * Checks or unchecks a task, as an edit of the text. The text may be newer than the HTML.
   * @param {HTMLInputElement} box
   */
  async toggleTask(box) {
    const [index, rendered] = [taskCheckboxes(this.article).indexOf(box), this.#renderedText];
    const { tasks } = await loadRenderer();
    const { text } = this;
    if (index < 0 || rendered === null || !this.textarea) return;
    const before = tasks(rendered)[index]?.at ?? -1;
    const at = transformIndex(diff(rendered, text), before);
    const task = tasks(text).find((it) => it.at === at);
    if (!task) return;
    const mark = at + "[".length;
    const after = `${text.slice(0, mark)}${task.isDone ? " " : "x"}${text.slice(mark + 1)}`;
    this.#onTyped(diff(text, after), text);
    this.textarea.value = this.text;
    this.render();
  }

  /**
   * Repeats a change of an earlier text on the shown text.
   * @param {import("../delta/delta.js").Delta} delta
   * @param {string} before
   */
  retype(delta, before) {
    this.#editor?.type(rebasedDelta(delta, before, this.text));
  }

  /**
   * @param {import("../delta/delta.js").Delta} delta
   * @param {string} before
   */
  #onTyped(delta, before) {
    this.text = apply(before, delta);
    this.onTyped(delta);
  }

  /**
   * Renders the text, once the renderer is loaded. If it cannot be loaded, for example offline, the
   * text is shown as plain text until the next change. During editing the old HTML stays behind the
   * textarea, so that the height does not change.
   */
  render() {
    if (!this.isStale) return;
    const renderer = loadedRenderer();
    if (!renderer) {
      loadRenderer().then(() => this.render(), () => this.#showPlainText());
      return;
    }
    this.#renderedText = this.text;
    const focused = taskCheckboxes(this.article).findIndex((box) => box === document.activeElement);
    this.#view.replaceChildren(...renderer.render(this.text));
    // A note that cannot be edited has no tasks to check.
    if (this.textarea) enableTasks(this.article);
    taskCheckboxes(this.article)[focused]?.focus({ preventScroll: true });
    this.article.setAttribute("aria-label", renderer.firstLine(this.text, LABEL_CHARACTERS) || "Empty note");
  }

  #showPlainText() {
    if (this.isEditing) return;
    this.#renderedText = null;
    const paragraph = document.createElement("p");
    paragraph.className = "plain";
    paragraph.textContent = this.text;
    this.#view.replaceChildren(paragraph);
  }

  /** Screen readers announce a status only if its element was there before its text. */
  #saveStatus() {
    return cardPart(this.article, ".save-status");
  }

  get #view() {
    return requireElement(this.article, "[data-view]");
  }
}
