// @ts-check
// The board as the server has told it so far: notes and frame at one position.

import { apply } from "../delta/delta.js";

/**
 * A note as it stands on the wire.
 * @typedef {{id: string, text: string, colour: string, rank: string, state: "live" | "trashed",
 *   seq: number, edited_by: import("./client-messages.js").Actor, edited_at: number}} Note
 */

/** One event stands for several, of which a note contains some. */
export class PartlyApplied extends Error {}

export class ServerBoard {
  title = "";
  /** @type {string | null} */
  role = null;
  /** Null until the board was pulled whole. @type {import("./client-messages.js").Position | null} */
  position = null;
  /**
   * Where the pages of the pull were read: later pages contain what happened after the first.
   * @type {import("./client-messages.js").Position[]}
   */
  #pulledAt = [];
  /** Those that are not deleted for good. @type {Map<string, Note>} */
  notes = new Map();

  /**
   * Takes in all pages of a pull at once. Notes that are on none of them are gone.
   * @param {any[]} pages
   */
  replace(pages) {
    this.position = pages[0].position;
    this.#pulledAt = pages.map((page) => page.position);
    this.title = pages.at(-1).title;
    this.role = pages.at(-1).role;
    this.notes = new Map(pages.flatMap((page) => page.notes).map((note) => [note.id, note]));
  }

  /**
   * Whether an event belongs to another history than one of the pages.
   * @param {any} event
   */
  isContradictedBy(event) {
    return this.#pulledAt.some((page) => page.seq === event.seq && page.event !== event.id);
  }

  /**
   * Whether one of the pages was read at a later position than the board's last.
   * @param {number} head
   */
  wasPulledBeyond(head) {
    return this.#pulledAt.some((page) => page.seq > head);
  }

  /**
   * What an event is to a client at its position: seen already, following what was seen, or with
   * something before it, or a part of it, missing.
   * @param {any} event
   * @returns {"past" | "next" | "gap"}
   */
  orderOf(event) {
    if (!this.position || event.seq <= this.position.seq) return "past";
    return event.from === this.position.seq + 1 ? "next" : "gap";
  }

  /**
   * Moves on by the next event. Whether it was news to the note that it names. Throws a DeltaError
   * where the event is not of the history that was told before, and a PartlyApplied where a part of it is
   * in the note already.
   * @param {any} event
   */
  apply(event) {
    const note = event.change.note;
    const isNews = note ? this.#applyToNote(note, event) : false;
    if (event.change.type === "board_renamed") this.title = event.change.title;
    this.position = { seq: event.seq, event: event.id };
    return isNews;
  }

  /**
   * @param {string} id
   * @param {any} event
   */
  #applyToNote(id, event) {
    const note = this.notes.get(id);
    if (!note) {
      const created = event.change.type === "note_created";
      if (created) this.notes.set(id, createdNote(event));
      return created;
    }
    if (event.seq <= note.seq) return false;
    if (event.from <= note.seq) {
      throw new PartlyApplied("the note was read between two edits that are one event by now");
    }
    if (event.change.type === "note_deleted") {
      this.notes.delete(id);
    } else {
      this.notes.set(id, { ...note, ...difference(note, event) });
    }
    return true;
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
 * What an event makes different in a note. Changes that this client does not know make nothing.
 * @param {Note} note
 * @param {any} event
 * @returns {Partial<Note>}
 */
function difference(note, { seq, actor, at, change }) {
  switch (change.type) {
    case "note_edited": {
      const text = apply(note.text, change.delta);
      return { seq, text, state: "live", edited_by: actor, edited_at: at };
    }
    case "note_moved":
      return { seq, rank: change.rank };
    case "note_recoloured":
      return { seq, colour: change.colour };
    case "note_trashed":
      return { seq, state: "trashed" };
    case "note_restored":
      return { seq, state: "live" };
    default:
      return {};
  }
}
