// @ts-check
// A page's session on a board: the client machine, the connection that it uses, and the outbox
// record that stores what is unsent. A command is sent only after it is stored.

import { BoardClient } from "./board-client.js";
import { OrderedNotes } from "./ordered-notes.js";
import { asDrafts } from "./persisted-state.js";
import { clockAndIds, uuid } from "../platform/clock-and-ids.js";
import { WriteBehind } from "../storage/write-behind.js";

/** @typedef {import("./view-changes.js").ViewChange} ViewChange */
/** @typedef {import("../storage/outbox-storage.js").OutboxContent} OutboxContent */

const STORE_DELAY_MS = 200;
const TICK_MS = 1_000;

export class BoardSession {
  /**
   * Called with what the view has to update; `isOwn` if this user caused it.
   * @type {(changes: ViewChange[], isOwn: boolean) => void}
   */
  onChanges = () => {};
  #notes = new OrderedNotes();
  /** Settles when all frames so far are sent: they keep their order. */
  #sending = Promise.resolve();
  /** Frames that wait until the commands among them are stored. @type {string[]} */
  #unstoredFrames = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #storeTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #tickTimer;
  #hasLeft = false;
  #hasPresence = false;

  /**
   * @param {string} board
   * @param {import("../storage/outbox-lease.js").OutboxLease} lease
   * @param {import("./connection.js").Connection} connection
   * @param {import("./board-client.js").BoardSnapshot | null} [snapshot] where to start; without one the
   *   board is pulled
   */
  constructor(board, lease, connection, snapshot = null) {
    this.board = board;
    this.lease = lease;
    this.connection = connection;
    lease.withoutTaken = (unsent, taken) => asDrafts(unsent, taken, clockAndIds());
    this.writeBehind = new WriteBehind(lease);
    this.composer = lease.content.composer;
    this.machine = machine(board, lease.content.saved, snapshot);
    this.#notes.replace(this.machine.notes());
  }

  /** The notes in their order, trashed ones included. */
  get notes() {
    return this.#notes.all;
  }

  /** Increases when a note is added, removed, moved, trashed or restored. */
  get orderVersion() {
    return this.#notes.orderVersion;
  }

  /** Connects the machine to the connection, the clock and the view. */
  start() {
    this.#settle(false);
    this.connection.add(this);
    this.#tickTimer = setInterval(() => this.#call((machine) => machine.tick(clockAndIds()), false), TICK_MS);
  }

  stop() {
    clearInterval(this.#tickTimer);
  }

  /** @param {any} welcome */
  connected(welcome) {
    this.#call((machine) => machine.connected(welcome, clockAndIds()), false);
  }

  /** @param {any} message */
  receive(message) {
    this.#call((machine) => machine.receive(message, clockAndIds()), false);
  }

  tooLong() {
    this.#call((machine) => machine.tooLong(clockAndIds()), false);
  }

  resumed() {
    this.#call((machine) => machine.check(), false);
  }

  disconnected() {
    this.#call((machine) => machine.disconnected(), false);
  }

  /** Whether the note exists here, perhaps in the trash. @param {string} note */
  has(note) {
    return this.#notes.get(note) !== undefined;
  }

  /** A note without its text, perhaps in the trash. @param {string} note */
  note(note) {
    return this.#notes.get(note);
  }

  /**
   * The user typed in a note.
   * @param {string} note
   * @param {import("../delta/delta.js").Delta} delta
   */
  type(note, delta) {
    this.#call((machine) => machine.edit(note, delta), true);
  }

  /** Sends what was typed in a note. @param {string} note */
  flush(note) {
    this.#call((machine) => machine.flush(note, clockAndIds()), true);
  }

  /** Flushes all notes but the one that is being edited. @param {string | null} edited */
  flushAllExcept(edited) {
    for (const note of this.unsavedNotes()) if (note !== edited) this.flush(note);
  }

  /**
   * @param {any} command
   * @param {string | null} [key]
   */
  submit(command, key = null) {
    this.#call((machine) => machine.submit(command, { ...clockAndIds(), id: uuid(), key }), true);
  }

  /** @param {string} draft */
  dismissDraft(draft) {
    this.#call((machine) => machine.dismissDraft(draft), true);
  }

  /** The user is on the board, and edits this note or none. @param {string | null} note */
  setPresence(note) {
    this.#hasPresence = true;
    this.#call((machine) => machine.setPresence(note), true);
  }

  get hasPresence() {
    return this.#hasPresence;
  }

  /** Stores the content of the form for a new note. @param {OutboxContent["composer"]} composer */
  compose(composer) {
    this.composer = composer;
    this.#storeSoon();
  }

  /** @param {string} note */
  text(note) {
    return this.machine.text(note);
  }

  /** @param {string} note */
  saveStatus(note) {
    return this.machine.saveStatus(note);
  }

  notesWithSaveStatus() {
    return this.machine.notesWithSaveStatus();
  }

  /** The notes with text that the server does not have. */
  unsavedNotes() {
    return this.machine.persistedState()?.notes.map(({ note }) => note) ?? [];
  }

  /** Since when, on the monotonic clock, the oldest command has no outcome; null if there is none. */
  unsavedSince() {
    return this.machine.unsavedSince();
  }

  unsentCount() {
    return this.machine.unsentCount();
  }

  /** Whether unsent changes survive the page. */
  get isPersisted() {
    return this.writeBehind.isPersisted;
  }

  /** Stores everything unsent now. */
  store() {
    clearTimeout(this.#storeTimer);
    this.#storeTimer = undefined;
    return this.writeBehind.write(this.#content());
  }

  /**
   * On page hide: stores everything, and returns the commands that would be sent next.
   * @param {string[]} edited the notes that are being edited
   * @returns {string[]}
   */
  leave(edited) {
    this.#hasLeft = true;
    clearTimeout(this.#storeTimer);
    for (const note of edited) this.machine.flush(note, clockAndIds());
    const { mayBeLost } = this.lease;
    this.lease.leave(this.#content());
    // The record's new owner would send the same edits under other ids.
    if (mayBeLost) return [];
    return [...this.#unstoredFrames, ...this.machine.takeOutgoing()].filter(isCommand);
  }

  /**
   * @param {(machine: BoardClient) => void} act
   * @param {boolean} isOwn
   */
  #call(act, isOwn) {
    act(this.machine);
    this.#settle(isOwn);
  }

  /** Sends, stores and shows what a call changed. @param {boolean} isOwn */
  #settle(isOwn) {
    if (!this.#hasLeft) this.#send(this.machine.takeOutgoing());
    this.#storeSoon();
    const changes = this.machine.takeChanges();
    if (changes.length === 0) return;
    this.#updateNotes(changes);
    this.onChanges(changes, isOwn);
  }

  /** @param {ViewChange[]} changes */
  #updateNotes(changes) {
    if (changes.some(({ type }) => type === "reset")) return this.#notes.replace(this.machine.notes());
    for (const { type, ...change } of changes) {
      const isOfNote = type === "note" || type === "added" || type === "removed";
      if (isOfNote && "note" in change && change.note) this.#notes.set(change.note, this.machine.note(change.note));
    }
  }

  /** @param {string[]} frames */
  #send(frames) {
    if (frames.length === 0) return;
    const { generation } = this.connection;
    const stored = frames.some(isCommand) ? this.store() : null;
    this.#unstoredFrames.push(...frames);
    this.#sending = Promise.all([this.#sending, stored]).then(() => {
      if (this.lease.isLost || this.#hasLeft) return;
      for (const frame of this.#unstoredFrames.splice(0, frames.length)) this.connection.send(frame, generation);
    });
  }

  #storeSoon() {
    if (this.#hasLeft) return;
    this.#storeTimer ??= setTimeout(() => this.store(), STORE_DELAY_MS);
  }

  /** @returns {OutboxContent} */
  #content() {
    return { saved: this.machine.persistedState(), composer: this.composer };
  }
}

/**
 * @param {string} board
 * @param {import("./persisted-state.js").PersistedState | null} unsent
 * @param {import("./board-client.js").BoardSnapshot | null} snapshot
 */
function machine(board, unsent, snapshot) {
  const actor = pageActor();
  if (snapshot) return BoardClient.fromSnapshot(snapshot, { ...clockAndIds(), unsent, actor });
  return unsent ? BoardClient.restore(unsent, { ...clockAndIds(), actor }) : new BoardClient(board, actor);
}

/** The actor that the page was rendered for, who types before the first welcome. */
function pageActor() {
  return document.querySelector("[data-actor]")?.getAttribute("data-actor") ?? null;
}

/** @param {string} frame */
function isCommand(frame) {
  return JSON.parse(frame).type === "command";
}
