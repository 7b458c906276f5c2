// @ts-check
// The texts with local changes.

import { NoteText } from "./note-text.js";

/** @typedef {import("../delta/delta.js").Delta} Delta */
/**
 * An event about a note's text. `server`: the server's text after it; `isOwn`: it is the event of the
 * first command; `isNew`: the server's text did not contain it before; `isSquashed`: one event for
 * several, which may contain the edit in flight under another id.
 * @typedef {{delta: Delta, server: string, isOwn: boolean, isNew: boolean, isSquashed: boolean}} TextEvent
 */

/** By note. A text is removed as soon as the server has all of it. */
export class LocalTexts {
  /** @type {Map<string, NoteText>} */
  #texts = new Map();
  #mergeMismatches = 0;

  /** In the order of the notes' ids. @returns {[string, NoteText][]} */
  get entries() {
    return [...this.#texts].sort(([a], [b]) => (a < b ? -1 : 1));
  }

  get noteIds() {
    return [...this.#texts.keys()].sort();
  }

  get size() {
    return this.#texts.size;
  }

  get mergeMismatches() {
    return this.#mergeMismatches;
  }

  /** @param {string} note */
  get(note) {
    return this.#texts.get(note);
  }

  /** @param {string} note */
  has(note) {
    return this.#texts.has(note);
  }

  /**
   * @param {string} note
   * @param {NoteText} text
   */
  set(note, text) {
    this.#texts.set(note, text);
  }

  /** @param {string} note */
  delete(note) {
    this.#texts.delete(note);
  }

  /**
   * The user changed the shown text.
   * @param {string} note
   * @param {string} shown
   * @param {Delta} delta
   */
  edit(note, shown, delta) {
    const text = this.#texts.get(note) ?? new NoteText(shown);
    text.edit(delta);
    this.#texts.set(note, text);
    this.#deleteIfClean(note);
  }

  /**
   * Puts the pending change of a note in flight; null if there is none.
   * @param {string} note
   */
  freeze(note) {
    const text = this.#texts.get(note);
    return text && text.pending.length > 0 ? text.freeze() : null;
  }

  /**
   * Returns the change of the shown text.
   * @param {string} note
   * @param {TextEvent} event
   * @returns {Delta}
   */
  event(note, { delta, server, isOwn, isNew, isSquashed }) {
    if (!isOwn && !isNew) return [];
    const change = this.update(note, (text) => {
      if (isSquashed) text.detach();
      if (!isOwn) return text.remoteEvent(delta, server);
      if (!isNew) return text.acknowledged(server);
      if (!text.agrees(delta)) this.#mergeMismatches += 1;
      return text.ownEvent(delta, server);
    });
    return change ?? (isNew ? delta : []);
  }

  /**
   * Changes the text of a note. Returns the change of the shown text; null if there are no local
   * changes.
   * @param {string} note
   * @param {(text: NoteText) => Delta} change
   */
  update(note, change) {
    const text = this.#texts.get(note);
    if (!text) return null;
    const shown = change(text);
    this.#deleteIfClean(note);
    return shown;
  }

  /** @param {string} note */
  #deleteIfClean(note) {
    if (this.#texts.get(note)?.isClean()) this.#texts.delete(note);
  }
}
