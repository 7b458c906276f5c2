// @ts-check
// What a view has to show anew, in order, until it takes it.

import { isEmpty } from "../delta/delta.js";

/**
 * One thing that looks different now. `text`: the shown text changed, and not by this person's
 * typing; `note`: colour, place, state or receipt; `added`: read its text; `board`: the title, the
 * role, or whether the board is joined; `people`: who is here, or in which notes; `notice`: a wish
 * was not granted; `draft`: words were set aside; `reset`: everything may be different.
 * @typedef {{type: "text", note: string, delta: import("../delta/delta.js").Delta}
 *   | {type: "note" | "added" | "removed", note: string}
 *   | {type: "board" | "people" | "reset"}
 *   | {type: "notice", code: string, detail: string, note?: string}
 *   | {type: "draft", draft: import("./unsent-state.js").Draft}} ViewChange
 */

/** Collects what changes during a call, and what a view that has seen all changes knows of. */
export class ViewChanges {
  /** @type {ViewChange[]} */
  #queue = [];
  /** @type {Set<string>} */
  #touched = new Set();
  /** @type {Set<string>} */
  #visible = new Set();

  take() {
    const queue = this.#queue;
    this.#queue = [];
    return queue;
  }

  /** @param {string} note */
  touch(note) {
    this.#touched.add(note);
  }

  /**
   * A view reads the whole text of a note that is new to it, so it needs no change of that.
   * @param {string} note
   * @param {import("../delta/delta.js").Delta} delta
   */
  text(note, delta) {
    if (!isEmpty(delta) && this.#visible.has(note) && !this.#isReadAnew(note)) {
      this.#queue.push({ type: "text", note, delta });
    }
  }

  board() {
    if (!this.#has("board")) this.#queue.push({ type: "board" });
  }

  people() {
    if (!this.#has("people")) this.#queue.push({ type: "people" });
  }

  /**
   * @param {import("./client-messages.js").Reason} reason
   * @param {string | null} note
   */
  notice({ code, detail }, note) {
    this.#queue.push(note ? { type: "notice", code, detail, note } : { type: "notice", code, detail });
  }

  /** @param {import("./unsent-state.js").Draft} draft */
  draft(draft) {
    this.#queue.push({ type: "draft", draft });
  }

  reset() {
    const kept = ["board", "people", "notice", "draft"];
    this.#queue = this.#queue.filter((change) => kept.includes(change.type));
    this.#queue.push({ type: "reset" });
  }

  get isReset() {
    return this.#has("reset");
  }

  /**
   * After a reset a view knows of exactly these notes.
   * @param {string[]} notes
   */
  showOnly(notes) {
    this.#visible = new Set(notes);
    this.#touched.clear();
  }

  /**
   * Turns the notes that a call touched into changes, given which of them are there now.
   * @param {(note: string) => boolean} isVisible
   */
  settle(isVisible) {
    for (const note of this.#touched) {
      const [was, is] = [this.#visible.has(note), isVisible(note)];
      if (!was && is) this.#add(note);
      if (was && !is) this.#remove(note);
      if (was && is) this.#refresh(note);
    }
    this.#touched.clear();
  }

  /** @param {string} note */
  #add(note) {
    this.#visible.add(note);
    this.#queue.push({ type: "added", note });
  }

  /** @param {string} note */
  #remove(note) {
    this.#visible.delete(note);
    const isUnseen = this.#has("added", note);
    const dropped = ["text", "note", "added"];
    this.#queue = this.#queue.filter(
      (change) => !("note" in change && change.note === note && dropped.includes(change.type)),
    );
    if (!isUnseen) this.#queue.push({ type: "removed", note });
  }

  /** @param {string} note */
  #refresh(note) {
    if (!this.#isReadAnew(note) && !this.#has("note", note)) this.#queue.push({ type: "note", note });
  }

  /** @param {string} note */
  #isReadAnew(note) {
    return this.#has("added", note) || this.isReset;
  }

  /**
   * @param {string} type
   * @param {string} [note]
   */
  #has(type, note) {
    return this.#queue.some((it) => it.type === type && (!note || ("note" in it && it.note === note)));
  }
}
