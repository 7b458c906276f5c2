// @ts-check
// The sync client of one board: everything that a client must do right, without I/O, clock or
// randomness. The Rust crate `client` is the same state machine, step by step the same.

import { normaliseText } from "../delta/delta.js";
import { ClientParts } from "./client-parts.js";
import { FrozenCommand, commandEntry, textNoteOf } from "./queued-command.js";
import { persistedCommand, persistedText } from "./persisted-state.js";
import * as view from "./view-model.js";

/** @typedef {import("../platform/clock-and-ids.js").ClockAndIds} ClockAndIds */
/** @typedef {import("../platform/clock-and-ids.js").Time} Time */
/** @typedef {import("./effect.js").Effect} Effect */
/** @typedef {import("./persisted-state.js").PersistedState} PersistedState */

/**
 * A board in the shape of a `board_page` reply. `readAt`: later positions at which some of its
 * notes were read.
 * @typedef {{board: string, title: string, role: string,
 *   position: import("./client-messages.js").Position,
 *   readAt?: import("./client-messages.js").Position[],
 *   notes: import("./server-board.js").Note[]}} BoardSnapshot
 */

/**
 * The state of one board at one client. After each input, first store what `persistedState` returns, then
 * send what `takeOutgoing` returns, then show what `takeChanges` lists.
 */
export class BoardClient {
  /** @type {ClientParts} */
  #state;

  /**
   * A client without a board.
   * @param {string} board
   * @param {string | null} [actor] the actor that the page was rendered for
   */
  constructor(board, actor = null) {
    this.#state = new ClientParts(board, actor);
  }

  /**
   * Continues with what an earlier page stored. Commands that are too old, or belong to another actor
   * than `actor`, are not sent.
   * @param {PersistedState} unsent
   * @param {ClockAndIds & {actor: string | null}} clockAndIds
   */
  static restore(unsent, { actor, ...clockAndIds }) {
    const client = new BoardClient(unsent.board, unsent.actor);
    const state = client.#state;
    const restored = state.restore(unsent, clockAndIds);
    const effects = [...restored, ...(actor ? state.setOwner(actor) : [])];
    state.changes.reset();
    state.advance(effects, clockAndIds);
    return client;
  }

  /**
   * Starts from a snapshot of the whole board, such as the one that a page carries, and joins at
   * its position: the server then sends only later events. If it can no longer verify that
   * position, it answers `base_gone` and the board is pulled.
   *
   * `unsent` is what an earlier page of the same board left, as for `restore`. Its pending edits are
   * rebased onto the snapshot's texts; an edit in flight stays as shown until its outcome arrives;
   * text in a note that the snapshot does not have becomes a draft. The snapshot may be older than
   * `unsent`.
   * @param {BoardSnapshot} snapshot
   * @param {ClockAndIds & {unsent: PersistedState | null, actor: string | null}} start
   */
  static fromSnapshot(snapshot, { unsent, actor, ...clockAndIds }) {
    const client = unsent
      ? BoardClient.restore(unsent, { actor, ...clockAndIds })
      : new BoardClient(snapshot.board, actor);
    const laterPages = (snapshot.readAt ?? []).map((position) => ({ ...snapshot, position, notes: [] }));
    client.#state.advance(client.#state.load([snapshot, ...laterPages]), clockAndIds);
    return client;
  }

  /**
   * The user changed a shown text. The change is not sent before `flush`.
   * @param {string} note
   * @param {import("../delta/delta.js").Delta} delta
   */
  edit(note, delta) {
    const state = this.#state;
    if (!view.note(state, note)) throw new Error(`there is no note ${note}`);
    state.texts.edit(note, view.text(state, note), delta);
    state.changes.touch(note);
    state.settle();
  }

  /**
   * Queues the pending change of a note.
   * @param {string} note
   * @param {ClockAndIds} clockAndIds
   */
  flush(note, clockAndIds) {
    const state = this.#state;
    const isPending = (state.texts.get(note)?.pending.length ?? 0) > 0;
    if (isPending && state.outbox.queueEdit(note, clockAndIds)) state.changes.touch(note);
    state.advance([], clockAndIds);
  }

  /**
   * Queues any command but an `edit_note`, under a fresh message id. `key` is sent beside it.
   * @param {any} command
   * @param {Time & {id: string, key?: string | null}} beside
   */
  submit(command, { id, key = null, ...time }) {
    if (command.type === "edit_note") {
      throw new Error("an `edit_note` cannot be submitted: use `edit` and `flush`");
    }
    const state = this.#state;
    const isText = typeof command.text === "string";
    const frozen = new FrozenCommand(id, isText ? { ...command, text: normaliseText(command.text) } : command, key);
    const entry = commandEntry(frozen, time.wall, time);
    if (frozen.isForMembership && !state.subscription.isCaughtUp(state.server)) state.outbox.pushFirst(entry);
    else state.outbox.push(entry);
    state.changes.touch(entry.note);
    state.sendDue(time.monotonic);
    state.settle();
  }

  /**
   * Removes a draft that the user no longer needs.
   * @param {string} id
   */
  dismissDraft(id) {
    this.#state.changes.touch(this.#state.drafts.dismiss(id));
    this.#state.settle();
  }

  /**
   * The user is on the board, and is in this note or in none.
   * @param {string | null} note
   */
  setPresence(note) {
    if (this.#state.presence.setOwn(note)) this.#state.sendPresence();
  }

  /**
   * There is a connection, on which the server identified the user.
   * @param {{actor: import("./client-messages.js").Actor}} welcome
   * @param {ClockAndIds} clockAndIds
   */
  connected({ actor }, clockAndIds) {
    const state = this.#state;
    state.outbox.disconnected();
    state.outgoing = [];
    const abandoned = [...state.outbox.abandonExpired(clockAndIds.wall), ...state.setOwner(actor.id)];
    state.user = actor;
    // New notes are shown as the user's.
    for (const { note, command } of state.outbox.entries) if (command) state.changes.touch(note);
    const joining = state.subscription.connected(state.outbox.isForMembership, state.server);
    state.advance([...abandoned, ...joining], clockAndIds);
  }

  /** The connection is lost. What was sent without an outcome is sent again over the next one. */
  disconnected() {
    this.#state.outbox.disconnected();
    this.#state.outgoing = [];
    this.#state.subscription.disconnected();
    this.#state.settle();
  }

  /**
   * The server closed the connection over a frame that is longer than it accepts.
   * @param {ClockAndIds} clockAndIds
   */
  tooLong(clockAndIds) {
    this.#state.advance(this.#state.outbox.rejectSent(), clockAndIds);
  }

  /**
   * Events may be missing, for instance after the page was suspended: requests them, and stays live
   * meanwhile.
   */
  check() {
    this.#state.send(this.#state.subscription.check(this.#state.server));
  }

  /**
   * A parsed message from the server.
   * @param {any} message
   * @param {ClockAndIds} clockAndIds
   */
  receive(message, clockAndIds) {
    const board = message.type === "event" ? message.event.board : message.board;
    const isOfOther = board !== undefined && board !== this.#state.server.id;
    this.#state.advance(isOfOther ? [] : this.#received(message, clockAndIds), clockAndIds);
  }

  /**
   * @param {any} message
   * @param {ClockAndIds} clockAndIds
   * @returns {Effect[]}
   */
  #received(message, clockAndIds) {
    const { server, subscription, outbox } = this.#state;
    const { id, board, outcome } = message;
    switch (message.type) {
      case "joined":
        server.setRole(message.role);
        return subscription.joined(message.head.seq, server, clockAndIds);
      case "base_gone":
        server.setRole(message.role);
        return subscription.pull(server, clockAndIds);
      case "left":
        subscription.left(message.rejection);
        return [];
      case "event":
        return this.#state.event(message.event);
      case "outcome":
        if (outcome.result === "rejected") return outbox.reject(id, reasonOf(outcome));
        outbox.done(id, outcome.position);
        return [];
      case "presence":
        this.#state.setPeople(message.people, message.more ?? 0);
        return [];
      case "again": {
        const until = clockAndIds.monotonic + message.after_ms;
        outbox.postpone(id, until);
        subscription.postpone(id, !id && board !== undefined, until);
        return [];
      }
      case "reply":
        return subscription.reply(id, message.body, server, clockAndIds);
      case "refused":
        return subscription.refused(message) || !id ? [] : outbox.reject(id, reasonOf(message));
      default:
        return [];
    }
  }

  /**
   * Time has passed. Call this about once a second.
   * @param {ClockAndIds} clockAndIds
   */
  tick(clockAndIds) {
    const state = this.#state;
    state.outbox.tick(clockAndIds.monotonic);
    state.advance(state.subscription.tick(state.server, clockAndIds), clockAndIds);
  }

  /** The frames to send, in order. */
  takeOutgoing() {
    return this.#state.outgoing.splice(0);
  }

  /** The changes that the view has to show, in order. */
  takeChanges() {
    return this.#state.changes.take();
  }

  /**
   * What has to be stored, as plain JSON; null if the server has everything.
   * @returns {PersistedState | null}
   */
  persistedState() {
    const { server, owner, texts, outbox, drafts } = this.#state;
    const notes = texts.entries.map(persistedText);
    const commands = outbox.entries.map(persistedCommand);
    if (notes.length + commands.length + drafts.all.length === 0) return null;
    return { board: server.id, actor: owner, notes, outbox: commands, drafts: drafts.all };
  }

  /** The board's title; empty until it is known. */
  title() {
    return view.title(this.#state);
  }

  /** The user's role, once it is known. */
  role() {
    return this.#state.server.role;
  }

  /** The position up to which events are applied. */
  position() {
    return this.#state.server.position;
  }

  /** Whether the client receives the board's events. */
  joinState() {
    return this.#state.subscription.joinState;
  }

  /** Why the join was rejected. */
  refusal() {
    return this.#state.subscription.refusal;
  }

  /** The notes in their order, those in the trash too. */
  notes() {
    return view.notes(this.#state);
  }

  /**
   * One note; null if there is no such note.
   * @param {string} note
   */
  note(note) {
    return view.note(this.#state, note);
  }

  /**
   * The text that the user sees; empty if there is no such note.
   * @param {string} note
   */
  text(note) {
    return view.text(this.#state, note);
  }

  /**
   * Whether the server has a note's text.
   * @param {string} note
   * @returns {import("./drafts.js").SaveStatus}
   */
  saveStatus(note) {
    const { texts, outbox, drafts } = this.#state;
    const entry = outbox.entries.find((it) => textNoteOf(it) === note);
    if (entry) return { state: "saving", since: entry.since };
    if (texts.has(note)) return { state: "editing", since: null };
    return drafts.saveStatus(note) ?? { state: "saved", since: null };
  }

  /** The notes that may have another save status than one that this page has not changed. */
  notesWithSaveStatus() {
    const { texts, outbox, drafts } = this.#state;
    const queued = outbox.entries.map(textNoteOf).filter((note) => note !== null);
    return new Set([...texts.noteIds, ...queued, ...drafts.notesWithStatus]);
  }

  /** The other users on the board, by id, each with the notes that they are in. */
  people() {
    return this.#state.presence.people(this.#state.user?.id);
  }

  /** About how many more there are. */
  morePeople() {
    return this.#state.presence.more;
  }

  /** The drafts, oldest first. */
  drafts() {
    return this.#state.drafts.all;
  }

  /** The monotonic time since which the oldest command has had no outcome; null if there is none. */
  unsavedSince() {
    const { entries } = this.#state.outbox;
    return entries.length === 0 ? null : Math.min(...entries.map(({ since }) => since));
  }

  /** The number of commands and local texts that the server does not have. */
  unsentCount() {
    const { texts, outbox } = this.#state;
    const isInText = (/** @type {import("./queued-command.js").Entry} */ { note, command }) =>
      !command || (command.isEdit && texts.has(note ?? ""));
    return texts.size + outbox.entries.filter((entry) => !isInText(entry)).length;
  }

  /**
   * How often the server merged an edit differently than this client. The texts still converge, but
   * one of the two has a fault.
   */
  mergeMismatches() {
    return this.#state.texts.mergeMismatches;
  }

  /**
   * A rank between two notes; null is the edge of the board. If the two have the same rank, the first
   * one after both.
   * @param {string | null} after
   * @param {string | null} before
   */
  rankBetween(after, before) {
    return view.rankBetween(this.#state, after, before);
  }
}

/** @param {import("./client-messages.js").Reason} rejection */
function reasonOf({ code, detail }) {
  return { code, detail };
}
