// @ts-check
// The changes that the view has to show, in order.

import { isEmpty } from "../delta/delta.js";
import * as view from "./view-model.js";

/**
 * One change of what the view shows. `text`: a shown text changed, other than by `edit`; `note`: the
 * colour, rank, state or save status of a note changed; `added`: there is another note, read its
 * text; `removed`: a note is gone; `board`: the title, the role or the join state changed; `people`:
 * the presence of other users changed; `notice`: a command was not carried out; `draft`: there is
 * another draft; `reset`: everything may have changed.
 * @typedef {{type: "text", note: string, delta: import("../delta/delta.js").Delta}
 *   | {type: "note" | "added" | "removed", note: string}
 *   | {type: "board" | "people" | "reset"}
 *   | {type: "notice", code: string, detail: string, note?: string}
 *   | {type: "draft", draft: import("./drafts.js").Draft}} ViewChange
 */

/** Collects the changes until the view takes them. */
export class ViewChanges {
  /** @type {ViewChange[]} */
  #queue = [];
  /** @type {Set<string>} */
  #touched = new Set();
  /** The notes that a view has after all changes. @type {Set<string>} */
  #visible = new Set();
  /** The title, role and join state that it has after all changes. */
  #board = JSON.stringify(["", null, "not_joined"]);

  take() {
    return this.#queue.splice(0);
  }

  /** A note may look different. @param {string | null} note */
  touch(note) {
    if (note) this.#touched.add(note);
  }

  /**
   * A view reads the whole text of an added note, which contains earlier changes.
   * @param {string} note
   * @param {import("../delta/delta.js").Delta | null} delta
   */
  text(note, delta) {
    const isRead = this.#visible.has(note) && !this.#isReadLater(note);
    if (delta && isRead && !isEmpty(delta)) this.#queue.push({ type: "text", note, delta });
  }

  people() {
    this.#pushOnce({ type: "people" });
  }

  /**
   * @param {import("./client-messages.js").Reason} reason
   * @param {string | null} note
   */
  notice({ code, detail }, note) {
    this.#queue.push(note ? { type: "notice", code, detail, note } : { type: "notice", code, detail });
  }

  /** @param {import("./drafts.js").Draft} draft */
  draft(draft) {
    this.#queue.push({ type: "draft", draft });
  }

  reset() {
    const kept = ["board", "people", "notice", "draft"];
    this.#queue = this.#queue.filter((change) => kept.includes(change.type));
    this.#queue.push({ type: "reset" });
  }

  /**
   * Ends an input: turns the touched notes into changes.
   * @param {view.Parts} parts
   * @param {import("./subscription.js").JoinState} joinState
   */
  settle(parts, joinState) {
    const board = JSON.stringify([view.title(parts), parts.server.role, joinState]);
    if (board !== this.#board) this.#pushOnce({ type: "board" });
    this.#board = board;
    if (this.#has("reset")) this.#visible = new Set(view.notes(parts).map(({ id }) => id));
    else for (const note of this.#touched) this.#settleNote(note, view.note(parts, note) !== null);
    this.#touched.clear();
  }

  /**
   * @param {string} note
   * @param {boolean} isVisible
   */
  #settleNote(note, isVisible) {
    const wasVisible = this.#visible.has(note);
    if (!wasVisible && isVisible) this.#added(note);
    if (wasVisible && !isVisible) this.#removed(note);
    if (wasVisible && isVisible && !this.#isReadLater(note)) this.#pushOnce({ type: "note", note });
  }

  /** @param {string} note */
  #added(note) {
    this.#visible.add(note);
    this.#queue.push({ type: "added", note });
  }

  /** @param {string} note */
  #removed(note) {
    this.#visible.delete(note);
    const isUnseen = this.#has("added", note);
    const dropped = ["text", "note", "added"];
    this.#queue = this.#queue.filter(
      (change) => !("note" in change && change.note === note && dropped.includes(change.type)),
    );
    if (!isUnseen) this.#queue.push({ type: "removed", note });
  }

  /** @param {{type: "board" | "people"} | {type: "note", note: string}} change */
  #pushOnce(change) {
    if (!this.#has(change.type, "note" in change ? change.note : undefined)) this.#queue.push(change);
  }

  /** @param {string} note */
  #isReadLater(note) {
    return this.#has("added", note) || this.#has("reset");
  }

  /**
   * @param {string} type
   * @param {string} [note]
   */
  #has(type, note) {
    return this.#queue.some((it) => it.type === type && (!note || ("note" in it && it.note === note)));
  }
}
