// @ts-check
// The board as the server has sent it so far.

import { DeltaError, apply } from "../delta/delta.js";
import { fieldsAfterEvent } from "./note-fields.js";

/** @typedef {import("./client-messages.js").Position} Position */
/**
 * A note as it is on the wire.
 * @typedef {import("./note-fields.js").NoteFields & {id: string, text: string, seq: number,
 *   edited_by: import("./client-messages.js").Actor, edited_at: number}} Note
 */
/**
 * What became of an event. `past`: the board had it already, or is not loaded; `gap`: an earlier event
 * is missing, or a part of this one; `contradiction`: it does not fit what the server sent before, so
 * the board has to be pulled again; `new`: it is applied; `known`: it is applied, but its note had it.
 * @typedef {"past" | "gap" | "contradiction" | "new" | "known"} Applied
 */

/** Title, role and notes at one position. */
export class ServerBoard {
  #title = "";
  /** @type {string | null} */
  #role = null;
  /** Null until the whole board is loaded. @type {Position | null} */
  #position = null;
  /** Where the loaded pages were read: later pages contain later events. @type {Position[]} */
  #readAt = [];
  /** Without those that were permanently deleted. @type {Map<string, Note>} */
  #notes = new Map();

  /** @param {string} id */
  constructor(id) {
    this.id = id;
  }

  /** Empty until it is known. */
  get title() {
    return this.#title;
  }

  get role() {
    return this.#role;
  }

  /** @param {string} role */
  setRole(role) {
    this.#role = role;
  }

  get position() {
    return this.#position;
  }

  get noteIds() {
    return [...this.#notes.keys()];
  }

  /** @param {string} note */
  note(note) {
    return this.#notes.get(note);
  }

  /**
   * Loads all pages of a pull at once. Notes that are on none of them are gone.
   * @param {any[]} pages
   */
  replace(pages) {
    this.#position = pages[0].position;
    this.#readAt = pages.map((page) => page.position);
    this.#title = pages.at(-1).title;
    this.#role = pages.at(-1).role;
    this.#notes = new Map(pages.flatMap((page) => page.notes).map((note) => [note.id, note]));
  }

  /**
   * Whether later events can continue from here: the board is loaded, and none of its pages was read
   * beyond the server's head, as pages of another history may be.
   * @param {number} head
   */
  canResume(head) {
    return this.#position !== null && this.#readAt.every(({ seq }) => seq <= head);
  }

  /**
   * Applies the next event. After a contradiction there is no position to resume from.
   * @param {any} event
   * @returns {Applied}
   */
  apply(event) {
    if (!this.#position || event.seq <= this.#position.seq) return "past";
    if (event.from !== this.#position.seq + 1) return "gap";
    const applied = this.#applyNext(event);
    this.#position = applied === "contradiction" ? null : { seq: event.seq, event: event.id };
    return applied;
  }

  /** @param {any} event */
  #applyNext(event) {
    const { note, type, title } = event.change;
    if (this.#readAt.some((page) => page.seq === event.seq && page.event !== event.id)) return "contradiction";
    if (type === "board_renamed") this.#title = title;
    return note ? this.#applyToNote(note, event) : "known";
  }

  /**
   * @param {string} id
   * @param {any} event
   */
  #applyToNote(id, event) {
    const note = this.#notes.get(id);
    const isCreation = event.change.type === "note_created";
    if (!note && isCreation) this.#notes.set(id, createdNote(event));
    if (!note) return isCreation ? "new" : "known";
    if (event.seq <= note.seq) return "known";
    // The note was read between two edits that were squashed into one event since.
    if (event.from <= note.seq) return "contradiction";
    if (event.change.type === "note_deleted") return this.#notes.delete(id) ? "new" : "known";
    const changed = changedNote(note, event);
    if (!changed) return "contradiction";
    this.#notes.set(id, changed);
    return "new";
  }
}

/**
 * @param {any} event
 * @returns {Note}
 */
function createdNote({ seq, actor, at, change: { note, text, colour, rank } }) {
  return { id: note, text, colour, rank, state: "live", seq, edited_by: actor, edited_at: at };
}

/**
 * The note after an event; null if the event is not of this note's history. A change that this client
 * does not know changes nothing.
 * @param {Note} note
 * @param {any} event
 * @returns {Note | null}
 */
function changedNote(note, { seq, actor, at, change }) {
  const fields = fieldsAfterEvent(change);
  if (!fields) return note;
  if (change.type !== "note_edited") return { ...note, ...fields, seq };
  const text = appliedTo(note.text, change.delta);
  return text === null ? null : { ...note, ...fields, text, seq, edited_by: actor, edited_at: at };
}

/**
 * @param {string} text
 * @param {import("../delta/delta.js").Delta} delta
 */
function appliedTo(text, delta) {
  try {
    return apply(text, delta);
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    return null;
  }
}
