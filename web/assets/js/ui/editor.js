// @ts-check
// A textarea that several people write in: it tells what is typed as deltas, and takes in what
// others write without moving caret, selection or scroll.

import { apply, diff, isEmpty, normaliseText, transform, transformIndex } from "../delta/delta.js";
import { caretTop } from "./caret-offset.js";
import { typedDelta } from "../delta/input-delta.js";
import { UndoHistory } from "./undo-history.js";

/** @typedef {import("../delta/delta.js").Delta} Delta */

export class Editor {
  /** What others changed while a composition (IME) goes on; it must not be disturbed. @type {Delta[]} */
  #waiting = [];
  #isComposing = false;
  #undo = new UndoHistory();
  /** What the textarea shows, as far as it was told. */
  #text;

  /**
   * @param {HTMLTextAreaElement} textarea
   * @param {(delta: Delta, before: string) => void} typed hears of this person's changes of the
   *   whole text, that which waits included
   */
  constructor(textarea, typed) {
    this.textarea = textarea;
    this.typed = typed;
    this.#text = textarea.value;
    textarea.addEventListener("input", () => this.#takeIn());
    textarea.addEventListener("compositionstart", () => (this.#isComposing = true));
    textarea.addEventListener("compositionend", () => this.#endComposition());
    textarea.addEventListener("beforeinput", (event) => this.#onBeforeInput(event));
    textarea.addEventListener("keydown", (event) => this.#onKey(event));
  }

  /** The text with what waits. */
  get text() {
    return this.#waiting.reduce(apply, this.#text);
  }

  /** Somebody else changed the text. @param {Delta} delta */
  remote(delta) {
    if (isEmpty(delta)) return;
    if (this.#isComposing) this.#waiting.push(delta);
    else this.#show(delta);
  }

  /** The text is another now, however it came about. @param {string} text */
  become(text) {
    if (text !== this.text) this.remote(diff(this.text, text));
  }

  /** Types on behalf of the person. @param {Delta} delta */
  type(delta) {
    rewrite(this.textarea, delta);
    this.#tell(delta, true);
  }

  undo() {
    this.#turn(this.#undo.undo(this.#text));
  }

  redo() {
    this.#turn(this.#undo.redo(this.#text));
  }

  #takeIn() {
    const { value, selectionEnd } = this.textarea;
    if (value === this.#text) return;
    const clean = this.#isComposing ? value : normaliseText(value);
    if (clean !== value) rewrite(this.textarea, diff(value, clean));
    this.#tell(typedDelta(this.#text, clean, Math.min(selectionEnd, clean.length)), true);
  }

  /**
   * @param {Delta} delta
   * @param {boolean} isStep whether it can be undone
   */
  #tell(delta, isStep) {
    const before = this.#text;
    this.#text = apply(before, delta);
    if (isStep) this.#undo.typed(delta, before, performance.now());
    const whole = this.#waiting.reduce(apply, before);
    let mine = delta;
    this.#waiting = this.#waiting.map((theirs) => {
      const after = transform(mine, theirs, false);
      mine = transform(theirs, mine, true);
      return after;
    });
    this.typed(mine, whole);
  }

  #endComposition() {
    this.#isComposing = false;
    this.#takeIn();
    for (const delta of this.#waiting.splice(0)) this.#show(delta);
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
    scrollAlong(textarea, caretTop(textarea) - before);
  }

  /** @param {Delta | null} delta */
  #turn(delta) {
    if (!delta || this.#isComposing) return;
    rewrite(this.textarea, delta);
    const end = endOf(delta);
    this.textarea.setSelectionRange(end, end);
    this.#tell(delta, false);
  }

  /** @param {InputEvent} event */
  #onBeforeInput(event) {
    if (event.inputType !== "historyUndo" && event.inputType !== "historyRedo") return;
    event.preventDefault();
    if (event.inputType === "historyUndo") this.undo();
    else this.redo();
  }

  /**
   * Browsers say nothing of an undo when their own history is empty, and writing by script
   * empties it.
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
 * Changes the textarea's text in place. The selection stays on the letters that it was on.
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
 * The line that is being written stays where it is on the screen.
 * @param {HTMLTextAreaElement} textarea
 * @param {number} by
 */
function scrollAlong(textarea, by) {
  if (by === 0) return;
  const before = textarea.scrollTop;
  textarea.scrollTop += by;
  const rest = by - (textarea.scrollTop - before);
  if (rest !== 0) window.scrollBy({ top: rest, behavior: "instant" });
}

/** Where what a delta changes ends, in the new text. @param {Delta} delta */
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
