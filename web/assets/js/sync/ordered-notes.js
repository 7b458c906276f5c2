// @ts-check
// The notes of a board in their order, updated note by note.

import { compareNotes } from "./view-model.js";

/** @typedef {import("./view-model.js").NoteView} NoteView */

export class OrderedNotes {
  /** Those in the trash too. @type {NoteView[]} */
  all = [];
  /** Increases when a note is added, removed, moved, trashed or restored. */
  orderVersion = 0;
  /** @type {Map<string, NoteView>} */
  #byId = new Map();

  /** @param {string} id */
  get(id) {
    return this.#byId.get(id);
  }

  /** @param {NoteView[]} notes in their order */
  replace(notes) {
    this.all = notes;
    this.#byId = new Map(notes.map((note) => [note.id, note]));
    this.orderVersion += 1;
  }

  /**
   * @param {string} id
   * @param {NoteView | null} note null if it is gone
   */
  set(id, note) {
    const before = this.#byId.get(id);
    if (before && note && before.rank === note.rank) {
      this.all[this.#placeOf(before)] = note;
    } else {
      if (before) this.all.splice(this.#placeOf(before), 1);
      if (note) this.all.splice(this.#placeOf(note), 0, note);
    }
    if (note) this.#byId.set(id, note);
    else this.#byId.delete(id);
    if (before?.rank !== note?.rank || before?.state !== note?.state) this.orderVersion += 1;
  }

  /** The index of a note, or where it belongs. @param {NoteView} note */
  #placeOf(note) {
    let [low, high] = [0, this.all.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareNotes(this.all[middle], note) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
