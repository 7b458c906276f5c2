// @ts-check
// A textarea for collaborative editing: reports typing as deltas, and applies remote deltas without
// moving the caret, the selection or the scroll position.

import { apply, diff, isEmpty, normaliseText, transform, transformIndex } from "../delta/delta.js";
import { caretTop } from "./caret-coordinates.js";
import { typedDelta } from "../delta/input-delta.js";
import { UndoHistory } from "./undo-history.js";

/** @typedef {import("../delta/delta.js").Delta} Delta */

export class Editor {
  /** Remote deltas held back during a composition (IME), which they would break. @type {Delta[]} */
  #heldBack = [];
  #isComposing = false;
  #undo = new UndoHistory();
  /** The textarea's text after the last known change. */
  #text;

  /**
   * @param {HTMLTextAreaElement} textarea
   * @param {(delta: Delta, before: string) => void} onTyped called with each local change of `text`
   */
  constructor(textarea, onTyped) {
    this.textarea = textarea;
    this.onTyped = onTyped;
    this.#text = textarea.value;
    textarea.addEventListener("input", () => this.#onInput());
    textarea.addEventListener("compositionstart", () => (this.#isComposing = true));
    textarea.addEventListener("compositionend", () => this.#endComposition());
    textarea.addEventListener("beforeinput", (event) => this.#onBeforeInput(event));
    textarea.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** The text, including the remote changes that are held back. */
  get text() {
    return this.#heldBack.reduce(apply, this.#text);
  }

  /** Applies a remote change. @param {Delta} delta */
  applyRemote(delta) {
    if (isEmpty(delta)) return;
    if (this.#isComposing) this.#heldBack.push(delta);
    else this.#show(delta);
  }

  /** Changes the text to this one. @param {string} text */
  setText(text) {
    if (text !== this.text) this.applyRemote(diff(this.text, text));
  }

  /** Makes a change as if it were typed. @param {Delta} delta */
  type(delta) {
    rewrite(this.textarea, delta);
    this.#report(delta, true);
  }

  undo() {
    this.#revert(this.#undo.undo(this.#text));
  }

  redo() {
    this.#revert(this.#undo.redo(this.#text));
  }

  #onInput() {
    const { value, selectionEnd } = this.textarea;
    if (value === this.#text) return;
    const clean = this.#isComposing ? value : normaliseText(value);
    if (clean !== value) rewrite(this.textarea, diff(value, clean));
    this.#report(typedDelta(this.#text, clean, Math.min(selectionEnd, clean.length)), true);
  }

  /**
   * @param {Delta} delta
   * @param {boolean} isUndoable
   */
  #report(delta, isUndoable) {
    const before = this.#text;
    this.#text = apply(before, delta);
    if (isUndoable) this.#undo.typed(delta, before, performance.now());
    const whole = this.#heldBack.reduce(apply, before);
    let local = delta;
    this.#heldBack = this.#heldBack.map((remote) => {
      const after = transform(local, remote, false);
      local = transform(remote, local, true);
      return after;
    });
    this.onTyped(local, whole);
  }

  #endComposition() {
    this.#isComposing = false;
    this.#onInput();
    for (const delta of this.#heldBack.splice(0)) this.#show(delta);
  }

  /** @param {Delta} delta */
  #show(delta) {
    this.#text = apply(this.#text, delta);
    this.#undo.remote(delta);
    const { textarea } = this;
    if (document.activeElement !== textarea) {
      textarea.value = this.#text;
      return;
    }
    const before = caretTop(textarea);
    rewrite(textarea, delta);
    scrollBy(textarea, caretTop(textarea) - before);
  }

  /** @param {Delta | null} delta */
  #revert(delta) {
    if (!delta || this.#isComposing) return;
    rewrite(this.textarea, delta);
    const end = endOf(delta);
    this.textarea.setSelectionRange(end, end);
    this.#report(delta, false);
  }

  /** @param {InputEvent} event */
  #onBeforeInput(event) {
    if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return;
    event.preventDefault();
    if (event.inputType === "historyUndo") this.undo();
    else this.redo();
  }

  /**
   * Browsers fire no undo event if their own history is empty, and changes by script empty it.
   * @param {KeyboardEvent} event
   */
  #onKey(event) {
    if (!(event.ctrlKey || event.metaKey) || event.altKey || event.isComposing) return;
    const key = event.key.toLowerCase();
    const isRedo = key === "y" || (key === "z" && event.shiftKey);
    if (key !== "z" && !isRedo) return;
    event.preventDefault();
    if (isRedo) this.redo();
    else this.undo();
  }
}

/**
 * Changes the textarea's text in place. The selection stays on the same characters.
 * @param {HTMLTextAreaElement} textarea
 * @param {Delta} delta
 */
function rewrite(textarea, delta) {
  const { selectionStart, selectionEnd, selectionDirection, scrollTop } = textarea;
  const isCaret = selectionStart === selectionEnd;
  let at = 0;
  for (const op of delta) {
    if ("retain" in op) at += op.retain;
    if ("delete" in op) textarea.setRangeText("", at, at + op.delete, "preserve");
    if ("insert" in op) {
      textarea.setRangeText(op.insert, at, at, "preserve");
      at += op.insert.length;
    }
  }
  const start = transformIndex(delta, selectionStart, isCaret);
  const end = transformIndex(delta, selectionEnd, true);
  textarea.setSelectionRange(start, Math.max(start, end), selectionDirection);
  textarea.scrollTop = scrollTop;
}

/**
 * Keeps the line with the caret at its place on the screen.
 * @param {HTMLTextAreaElement} textarea
 * @param {number} by
 */
function scrollBy(textarea, by) {
  if (by === 0) return;
  const before = textarea.scrollTop;
  textarea.scrollTop += by;
  const rest = by - (textarea.scrollTop - before);
  if (rest !== 0) window.scrollBy({ top: rest, behavior: "instant" });
}

/** The position in the new text where the last change of a delta ends. @param {Delta} delta */
function endOf(delta) {
  let at = 0;
  let end = 0;
  for (const op of delta) {
    if ("retain" in op) at += op.retain;
    if ("insert" in op) at += op.insert.length;
    if (!("retain" in op)) end = at;
  }
  return end;
}
