// @ts-check
// The outbox of one board: its commands without an outcome, in the order of submission.

import { editNote } from "./client-messages.js";
import { FrozenCommand, editEntry, isQueuedEdit, textNoteOf } from "./queued-command.js";

/** @typedef {import("../platform/clock-and-ids.js").Time} Time */
/** @typedef {import("./client-messages.js").Position} Position */
/** @typedef {import("./client-messages.js").Reason} Reason */
/** @typedef {import("./effect.js").Effect} Effect */
/** @typedef {import("./queued-command.js").Entry} Entry */

/** A command without an outcome is sent again after this long. */
const RESEND_AFTER_MS = 5_000;

/** The server forgets outcomes after 90 days, and would carry out an older command again. */
const AGE_MAX_MS = 60 * 24 * 60 * 60 * 1000;

const TOO_LONG = { code: "text_too_long", detail: "this is more than a server takes in one message" };
const EXPIRED = { code: "expired", detail: "this was stored for more than 60 days without reaching the server" };

/** Only the first command is sent before it has its outcome, which keeps their order. */
export class Outbox {
  /** @type {Entry[]} */
  #entries = [];

  get entries() {
    return [...this.#entries];
  }

  /** The entries whose events are not applied yet. */
  get pending() {
    return this.#entries.filter(({ command }) => !command?.isEventSeen);
  }

  /**
   * The text of a note whose creation has not been seen on the board; null if there is none.
   * @param {string} note
   * @returns {string | null}
   */
  createdText(note) {
    const creation = this.pending.find((entry) => entry.command?.isCreation && entry.note === note);
    return creation?.command?.command.text ?? null;
  }

  /** @param {string} note */
  hasFrozenEdit(note) {
    return this.#entries.some((entry) => entry.command?.isEdit && entry.note === note);
  }

  /** Whether the first command makes the sender a member. */
  get isForMembership() {
    return this.#first?.isForMembership ?? false;
  }

  /** @param {Entry} entry */
  push(entry) {
    this.#entries.push(entry);
  }

  /**
   * Queues the pending change of a note. Returns whether it was not queued yet.
   * @param {string} note
   * @param {Time} time
   */
  queueEdit(note, time) {
    if (this.#entries.some((entry) => isQueuedEdit(entry, note))) return false;
    this.push(editEntry(note, time.wall, time));
    return true;
  }

  /**
   * Queues a command before those that require the membership.
   * @param {Entry} entry
   */
  pushFirst(entry) {
    const place = this.#entries.findIndex(({ command }) => !command?.isForMembership);
    this.#entries.splice(place < 0 ? this.#entries.length : place, 0, entry);
  }

  /** The note of the first entry, if that is an edit that can be frozen now. */
  get editToFreeze() {
    const entry = this.#entries.at(0);
    return entry && !entry.command ? entry.note : null;
  }

  /**
   * Freezes the first entry, or drops it if there is nothing to send.
   * @param {string} note
   * @param {{id: string, base: Position, delta: import("../delta/delta.js").Delta} | null} edit
   */
  freezeEdit(note, edit) {
    if (!edit) return this.dropFirst();
    this.#entries[0].command = new FrozenCommand(edit.id, editNote(note, edit.base, edit.delta), null);
  }

  /**
   * The frame of the first command if it is due; null if not. It is sent once over each connection,
   * and again by `tick`.
   * @param {string} board
   * @param {number} now
   * @param {{isConnected: boolean, isCaughtUp: boolean}} connection
   */
  takeDue(board, now, { isConnected, isCaughtUp }) {
    const first = this.#first;
    if (!first?.isDue(now) || !(isCaughtUp || (isConnected && first.isForMembership))) return null;
    first.sentAt = now;
    first.notBefore = null;
    return first.frame(board);
  }

  /**
   * Returns whether the event is that of the first command, which is not pending any more.
   * @param {string} message
   */
  eventSeen(message) {
    const first = this.#firstWithId(message);
    if (first) first.isEventSeen = true;
    return first !== null;
  }

  /**
   * The text of the note after the event of the first command.
   * @param {string} text
   */
  setResultingText(text) {
    if (this.#first) this.#first.resultingText = text;
  }

  /**
   * The server has, or had, this note, so the event of its creation is seen.
   * @param {string} note
   */
  noteWasSeen(note) {
    for (const entry of this.#entries) {
      if (entry.command?.isCreation && entry.note === note) entry.command.isEventSeen = true;
    }
  }

  /**
   * A snapshot is loaded, perhaps of another history. It tells which notes are created, and the
   * outcome of the first command is requested again.
   * @param {(note: string) => boolean} hasNote
   */
  boardLoaded(hasNote) {
    this.#forgetOutcome();
    for (const { note, command } of this.#entries) {
      if (command?.isCreation) command.isEventSeen = hasNote(note ?? "");
    }
  }

  /**
   * Joined at this head: an outcome at a later position is of another history.
   * @param {number} head
   */
  joined(head) {
    if (this.#first?.doneAt && this.#first.doneAt.seq > head) this.#forgetOutcome();
  }

  /** What was sent may be lost with the connection. */
  disconnected() {
    if (!this.#first) return;
    this.#first.sentAt = null;
    this.#first.notBefore = null;
  }

  /**
   * The first command is saved, or changed nothing.
   * @param {string} id
   * @param {Position} position
   */
  done(id, position) {
    const first = this.#firstWithId(id);
    if (first) first.doneAt = position;
  }

  /**
   * The server asked for a pause before the first command is sent again.
   * @param {string | undefined} id
   * @param {number} until
   */
  postpone(id, until) {
    const first = this.#firstWithId(id);
    if (!first) return;
    first.sentAt = null;
    first.notBefore = until;
  }

  /**
   * The first command is rejected, and will never be carried out under its id.
   * @param {string} id
   * @param {Reason} reason
   * @returns {Effect[]}
   */
  reject(id, reason) {
    const first = this.#firstWithId(id);
    if (!first) return [];
    const [entry] = this.#entries;
    const { note, base } = first.command;
    /** @type {Effect[]} */
    const effects = [];
    if (first.resultingText) effects.push({ type: "keep_lost_text", note, text: first.resultingText, reason });
    if (first.isEdit && reason.code === "base_gone") return [...effects, { type: "requeue_edit", note, base }];
    this.dropFirst();
    effects.push(this.#abandon(entry, reason));
    if (first.isForMembership) effects.push({ type: "membership_decided" });
    return effects;
  }

  /** Rejects the first command if no server accepts it: its frame would close each connection. */
  rejectTooLong() {
    return this.#first?.isTooLong ? this.reject(this.#first.id, TOO_LONG) : [];
  }

  /**
   * The server closed the connection over a frame that it does not accept. Only the first command
   * can be so long.
   */
  rejectSent() {
    const first = this.#first;
    return first && first.sentAt !== null && !first.doneAt ? this.reject(first.id, TOO_LONG) : [];
  }

  /**
   * Removes the first command if it has its outcome, and everything up to there is applied.
   * @param {Position | null} position
   * @returns {Effect | null}
   */
  takeDone(position) {
    const first = this.#first;
    if (!first?.doneAt) return null;
    const isApplied = position !== null && position.seq >= first.doneAt.seq;
    if (!isApplied && !first.isForMembership) return null;
    this.dropFirst();
    const { note = null } = first.command;
    if (first.isEdit) return { type: "edit_saved", note };
    if (first.isCreation) return { type: "creation_saved", note };
    return first.isForMembership ? { type: "membership_decided" } : { type: "command_done", note };
  }

  /** Puts the edit of its note in place of the first command, as old as that. @param {string} note */
  requeueEdit(note) {
    this.dropQueuedEdits(note);
    this.#entries[0].command = null;
  }

  dropFirst() {
    this.#entries.shift();
  }

  /** @param {string} note */
  dropQueuedEdits(note) {
    this.#entries = this.#entries.filter((entry) => !isQueuedEdit(entry, note));
  }

  /** Drops what changes or creates the text of a note. @param {string} note */
  dropTextCommands(note) {
    this.#entries = this.#entries.filter((entry) => textNoteOf(entry) !== note);
  }

  /** @param {Reason} reason */
  abandonAll(reason) {
    return this.#abandonIf(reason, () => true);
  }

  /** @param {number} wall */
  abandonExpired(wall) {
    return this.#abandonIf(EXPIRED, (entry) => entry.at < wall - AGE_MAX_MS);
  }

  /**
   * @param {Reason} reason
   * @param {(entry: Entry) => boolean} isDropped
   */
  #abandonIf(reason, isDropped) {
    const dropped = this.#entries.filter(isDropped);
    this.#entries = this.#entries.filter((entry) => !isDropped(entry));
    return dropped.map((entry) => this.#abandon(entry, reason));
  }

  /**
   * An entry is dropped. Drops all others that cannot be carried out without it.
   * @param {Entry} entry
   * @param {Reason} reason
   * @returns {Effect}
   */
  #abandon(entry, reason) {
    const { note, command } = entry;
    if (!note || !textNoteOf(entry)) return { type: "notify", note, reason };
    if (!command?.isCreation) {
      this.dropTextCommands(note);
      return { type: "abandon_edits", note, reason };
    }
    this.#entries = this.#entries.filter((it) => it.note !== note);
    return { type: "abandon_note", note, text: command.command.text, reason };
  }

  /**
   * After a while without an outcome, or without the event of one, the first command is due again.
   * @param {number} now
   */
  tick(now) {
    const sentAt = this.#first?.sentAt ?? null;
    if (sentAt !== null && now - sentAt >= RESEND_AFTER_MS) this.#forgetOutcome();
  }

  /** The first command, unless it is an edit that is not frozen. */
  get #first() {
    return this.#entries.at(0)?.command ?? null;
  }

  /** @param {string | undefined} id */
  #firstWithId(id) {
    return this.#first?.id === id ? this.#first : null;
  }

  #forgetOutcome() {
    if (!this.#first) return;
    this.#first.doneAt = null;
    this.#first.sentAt = null;
  }
}
