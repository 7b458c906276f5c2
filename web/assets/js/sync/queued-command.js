// @ts-check
// A command in the outbox.

import { commandFrame } from "./client-messages.js";

/** @typedef {import("../platform/clock-and-ids.js").Time} Time */

/** Servers accept frames of 256 KiB, and close the connection on longer ones. */
const BODY_BYTES_MAX = 250 * 1024;

/**
 * A command with the time of its submission: `at` on the wall clock, `since` on the monotonic clock
 * of this page. An edit is frozen when it is the first entry, every other command on submission:
 * until then `command` is null, and the entry is for the pending change of `note`.
 * @typedef {{at: number, since: number, note: string | null, command: FrozenCommand | null}} Entry
 */

/** A command that never changes again: every resend has the same bytes. */
export class FrozenCommand {
  /** Whether its event was applied. */
  isEventSeen = false;
  /** When it was sent over the present connection. @type {number | null} */
  sentAt = null;
  /** The end of the pause that the server asked for. @type {number | null} */
  notBefore = null;
  /** The position in the outcome. @type {import("./client-messages.js").Position | null} */
  doneAt = null;
  /**
   * The text of the note after the event of this edit, kept until the outcome: a server that was
   * restored from a backup may reject an edit whose event was applied here. @type {string | null}
   */
  resultingText = null;

  /**
   * @param {string} id
   * @param {any} command
   * @param {string | null} key
   * @param {string} [body] the JSON of the command, as an earlier page wrote it
   */
  constructor(id, command, key, body = JSON.stringify(command)) {
    this.id = id;
    this.command = command;
    this.key = key;
    this.body = body;
    /** Whether no server accepts it. */
    this.isTooLong = new TextEncoder().encode(body).length > BODY_BYTES_MAX;
  }

  /** Whether it makes the sender a member, so that it is sent before the join. */
  get isForMembership() {
    return this.command.type === "create_board" || this.command.type === "join_board";
  }

  get isEdit() {
    return this.command.type === "edit_note";
  }

  get isCreation() {
    return this.command.type === "create_note";
  }

  /** @param {number} now */
  isDue(now) {
    const isPaused = this.notBefore !== null && now < this.notBefore;
    return !this.doneAt && this.sentAt === null && !isPaused && !this.isTooLong;
  }

  /** @param {string} board */
  frame(board) {
    const { id, key, body } = this;
    return commandFrame({ id, board, key, body });
  }
}

/**
 * @param {string} note
 * @param {number} at
 * @param {Time} time
 * @returns {Entry}
 */
export function editEntry(note, at, time) {
  return { at, since: monotonicOf(at, time), note, command: null };
}

/**
 * @param {FrozenCommand} command
 * @param {number} at
 * @param {Time} time
 * @returns {Entry}
 */
export function commandEntry(command, at, time) {
  return { at, since: monotonicOf(at, time), note: command.command.note ?? null, command };
}

/**
 * An earlier page may have recorded the wall time; if the clock was set back since, it counts as new.
 * @param {number} at
 * @param {Time} time
 */
function monotonicOf(at, { wall, monotonic }) {
  return monotonic - Math.max(0, wall - at);
}

/**
 * The note whose text an entry changes or creates.
 * @param {Entry} entry
 */
export function textNoteOf({ note, command }) {
  return !command || command.isEdit || command.isCreation ? note : null;
}

/**
 * Whether an entry is for the pending change of this note.
 * @param {Entry} entry
 * @param {string} note
 */
export function isQueuedEdit(entry, note) {
  return !entry.command && entry.note === note;
}
