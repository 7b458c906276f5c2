// @ts-check
// A seat at a board, as a page has one: the machine, the connection that it speaks over, and the
// record in which it keeps what is not sent. A command goes out only when it is kept.

import { BoardClient } from "./board-client.js";
import { clockAndIds, uuid } from "./ids.js";
import { apply, compose } from "../delta/delta.js";
import { WriteBehind } from "../storage/write-behind.js";
import { rebasedDelta } from "./note-text.js";

/** @typedef {import("../delta/delta.js").Delta} Delta */
/** @typedef {import("./view-changes.js").ViewChange} ViewChange */
/** @typedef {import("../storage/outbox-storage.js").OutboxContent} OutboxContent */
/** @typedef {import("./unsent-state.js").UnsentState} UnsentState */

const KEEP_WITHIN_MS = 200;
const TICK_MS = 1_000;

/** A party of its connection. */
export class BoardSession {
  /**
   * Shows what changed; `isOwn` where it is this person's doing.
   * @type {(changes: ViewChange[], isOwn: boolean) => void}
   */
  onChanges = () => {};
  /** The notes in their order, those in the trash too. @type {import("./view-model.js").NoteView[]} */
  notes = [];
  /** Typing in notes that the machine does not know yet. @type {Map<string, Early>} */
  #early = new Map();
  /** What waits for the board to be known. @type {(() => void)[]} */
  #waiting = [];
  /** Frames go out in their order. */
  #passing = Promise.resolve();
  /** Those that wait for what they carry to be kept. @type {string[]} */
  #held = [];
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #keepTimer;
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #ticking;
  #isLeft = false;
  /** The note that the person is in. @type {string | null | undefined} */
  #place;

  /**
   * @param {string} board
   * @param {import("../storage/outbox-lease.js").OutboxLease} lease
   * @param {import("./connection.js").Connection} connection
   * @param {import("./board-client.js").BoardSnapshot | null} [snapshot] of the whole board, from
   *   the page; without it the board is pulled
   */
  constructor(board, lease, connection, snapshot = null) {
    this.board = board;
    this.lease = lease;
    this.connection = connection;
    this.writeBehind = new WriteBehind(lease);
    this.composer = lease.content.composer;
    const { saved } = lease.content;
    if (snapshot) this.machine = fromSnapshot(snapshot, saved);
    else this.machine = saved ? restored(saved) : new BoardClient(board, pageActor());
  }

  /** From now on the machine is told what happens, and tells the view. */
  start() {
    this.#settle(false);
    this.connection.add(this);
    this.#ticking = setInterval(() => this.#do((machine) => machine.tick(clockAndIds()), false), TICK_MS);
  }

  stop() {
    clearInterval(this.#ticking);
  }

  /** @param {any} welcome */
  connected(welcome) {
    if (this.#early.size > 0) this.#startAnew();
    this.#do((machine) => machine.connected(welcome, clockAndIds()), false);
  }

  /** @param {any} message */
  receive(message) {
    const take = (/** @type {BoardClient} */ machine) => {
      machine.receive(message, clockAndIds());
      if (this.#early.size > 0 && this.isLoaded) this.#takeEarlyIn(machine);
    };
    this.#do(take, false);
    if (this.#early.size > 0 && this.isLoaded) this.#startAnew();
  }

  tooLong() {
    this.#do((machine) => machine.tooLong(clockAndIds()), false);
  }

  woken() {
    this.#do((machine) => machine.check(), false);
  }

  disconnected() {
    this.#do((machine) => machine.disconnected(), false);
  }

  /** Whether the machine knows the board, so that what it does not list is not there. */
  get isLoaded() {
    return this.machine.position() !== null;
  }

  /**
   * Does what needs the board once that is known.
   * @param {() => void} act
   */
  onceLoaded(act) {
    if (this.isLoaded) act();
    else this.#waiting.push(act);
  }

  /** Settles once the board is known. */
  async untilLoaded() {
    if (!this.isLoaded) await new Promise((go) => this.#waiting.push(() => go(null)));
  }

  /**
   * Puts a note in the trash, after what was typed in it: that would bring it back.
   * @param {string} note
   */
  trashNote(note) {
    const act = () => this.submit({ type: "trash_note", note });
    if (this.unsavedNotes().includes(note)) this.onceLoaded(act);
    else act();
  }

  /**
   * The person typed in a note, which showed `before`.
   * @param {string} note
   * @param {Delta} delta
   * @param {string} before
   * @returns {string} what the note reads now
   */
  type(note, delta, before) {
    if (this.notes.some((it) => it.id === note)) {
      const typed = rebasedDelta(delta, before, this.text(note));
      this.#do((machine) => machine.edit(note, typed), true);
    } else {
      this.#typeEarly(note, delta, before);
    }
    return this.text(note);
  }

  /**
   * @param {string} note
   * @param {Delta} delta
   * @param {string} before
   */
  #typeEarly(note, delta, before) {
    const shown = this.unsavedNotes().includes(note) ? this.text(note) : before;
    const early = this.#early.get(note) ?? { ground: shown, pending: [], leftAt: null };
    const pending = compose(early.pending, rebasedDelta(delta, before, shown));
    this.#early.set(note, { ...early, pending });
    this.#keepSoon();
  }

  /** What was typed in a note may be sent. @param {string} note */
  flush(note) {
    const early = this.#early.get(note);
    if (early) early.leftAt ??= performance.now();
    this.#do((machine) => machine.flush(note, clockAndIds()), true);
  }

  /**
   * What was typed and left may be sent; one note may still be written in.
   * @param {string | null} written
   */
  flushAllExcept(written) {
    const isLeft = (/** @type {string} */ note) => note !== written && this.saveStatus(note).state === "editing";
    for (const note of this.unsavedNotes().filter(isLeft)) this.flush(note);
  }

  /**
   * @param {any} command
   * @param {string | null} [key]
   */
  submit(command, key = null) {
    this.#do((machine) => machine.submit(command, { ...clockAndIds(), id: uuid(), key }), true);
  }

  /** @param {string} draft */
  dismissDraft(draft) {
    this.#do((machine) => machine.dismissDraft(draft), true);
  }

  /**
   * The person looks at the board, and is in this note now, or in none.
   * @param {string | null} note
   */
  setPresence(note) {
    this.#place = note;
    this.#do((machine) => machine.setPresence(note), true);
  }

  /** Whether it was said that the person is here. */
  get hasPresence() {
    return this.#place !== undefined;
  }

  /** What stands in the form for a new note. @param {OutboxContent["composer"]} composer */
  compose(composer) {
    this.composer = composer;
    this.#keepSoon();
  }

  /** @param {string} note */
  text(note) {
    const early = this.#early.get(note);
    return early ? apply(early.ground, early.pending) : this.machine.text(note);
  }

  /** @param {string} note */
  saveStatus(note) {
    const early = this.#early.get(note);
    if (!early) return this.machine.saveStatus(note);
    return { state: early.leftAt === null ? "editing" : "saving", since: early.leftAt };
  }

  /** The notes with words that the server does not have. */
  unsavedNotes() {
    const saved = this.#content().saved;
    return saved?.notes.map(({ note }) => note) ?? [];
  }

  /** Since when, on the clock, the oldest wish waits for its outcome; null where none does. */
  unsavedSince() {
    const left = [...this.#early.values()].map(({ leftAt }) => leftAt);
    const all = [this.machine.unsavedSince(), ...left].filter((since) => since !== null);
    return all.length === 0 ? null : Math.min(...all);
  }

  unsentCount() {
    return this.machine.unsentCount() + this.#early.size;
  }

  /** Whether what is not sent survives the page. */
  get isPersisted() {
    return this.writeBehind.isPersisted;
  }

  /** Keeps everything now. */
  keep() {
    clearTimeout(this.#keepTimer);
    this.#keepTimer = undefined;
    return this.writeBehind.write(this.#content());
  }

  /**
   * The page goes: keeps everything, and gives back the commands that would have gone out now.
   * @param {string[]} notes those that were being written in
   * @returns {string[]}
   */
  leave(notes) {
    this.#isLeft = true;
    clearTimeout(this.#keepTimer);
    for (const note of notes) this.machine.flush(note, clockAndIds());
    const { mayBeLost } = this.lease;
    this.lease.leave(this.#content());
    // Another page would have these words as well, and send them under another id.
    if (mayBeLost) return [];
    return [...this.#held, ...this.machine.takeOutgoing()].filter(isCommand);
  }

  /**
   * @param {(machine: BoardClient) => void} act
   * @param {boolean} isOwn
   */
  #do(act, isOwn) {
    act(this.machine);
    this.#settle(isOwn);
  }

  /** @param {boolean} isOwn */
  #settle(isOwn) {
    if (!this.#isLeft) this.#pass(this.machine.takeOutgoing());
    this.#keepSoon();
    const changes = this.machine.takeChanges();
    if (changes.length === 0) return;
    this.notes = this.machine.notes();
    this.onChanges(changes, isOwn);
    if (this.isLoaded) for (const act of this.#waiting.splice(0)) act();
  }

  /** @param {string[]} frames */
  #pass(frames) {
    if (frames.length === 0) return;
    const { generation } = this.connection;
    const kept = frames.some(isCommand) ? this.keep() : null;
    this.#held.push(...frames);
    this.#passing = Promise.all([this.#passing, kept]).then(() => {
      if (this.lease.isLost || this.#isLeft) return;
      for (const frame of this.#held.splice(0, frames.length)) this.connection.send(frame, generation);
    });
  }

  #keepSoon() {
    if (this.#isLeft) return;
    this.#keepTimer ??= setTimeout(() => this.keep(), KEEP_WITHIN_MS);
  }

  /** @returns {OutboxContent} */
  #content() {
    const saved = this.machine.unsentState();
    return { saved: this.#early.size > 0 ? this.#withEarly(saved) : saved, composer: this.composer };
  }

  /**
   * What was typed before its note was known is typed there now.
   * @param {BoardClient} machine
   */
  #takeEarlyIn(machine) {
    const known = new Set(machine.notes().map(({ id }) => id));
    for (const [note, { ground, pending, leftAt }] of [...this.#early].filter(([it]) => known.has(it))) {
      this.#early.delete(note);
      machine.edit(note, rebasedDelta(pending, ground, machine.text(note)));
      if (leftAt !== null) machine.flush(note, clockAndIds());
    }
  }

  /** A machine that has the early typing, too, says what becomes of it when it has pulled the board. */
  #startAnew() {
    const saved = this.#withEarly(this.machine.unsentState());
    this.#early.clear();
    this.machine = restored(saved);
    if (this.#place !== undefined) this.machine.setPresence(this.#place);
    if (this.connection.welcome) this.machine.connected(this.connection.welcome, clockAndIds());
    this.#settle(false);
  }

  /**
   * @param {UnsentState | null} saved
   * @returns {UnsentState}
   */
  #withEarly(saved) {
    const base = saved ?? { board: this.board, actor: pageActor(), notes: [], outbox: [], drafts: [] };
    const notes = new Map(base.notes.map((kept) => [kept.note, kept]));
    const outbox = [...base.outbox];
    const { wall, monotonic } = clockAndIds();
    for (const [note, { ground, pending, leftAt }] of this.#early) {
      const kept = notes.get(note) ?? { note, ground, inFlight: null, pending: [] };
      notes.set(note, { ...kept, pending: compose(kept.pending, pending) });
      const isWaiting = outbox.some((entry) => "edit" in entry && entry.edit === note);
      if (leftAt !== null && !isWaiting) outbox.push({ edit: note, at: Math.round(wall - (monotonic - leftAt)) });
    }
    return { ...base, notes: [...notes.values()], outbox };
  }
}

/** `leftAt`: since when, on the clock, it may be sent. @typedef {{ground: string, pending: Delta, leftAt: number | null}} Early */

/** @param {UnsentState} saved */
function restored(saved) {
  return BoardClient.restore(saved, { ...clockAndIds(), actor: pageActor() });
}

/**
 * @param {import("./board-client.js").BoardSnapshot} snapshot
 * @param {UnsentState | null} unsent
 */
function fromSnapshot(snapshot, unsent) {
  return BoardClient.fromSnapshot(snapshot, { ...clockAndIds(), unsent, actor: pageActor() });
}

/** Whose page this is: what is typed before the first welcome is theirs, too. */
function pageActor() {
  return document.querySelector("[data-actor]")?.getAttribute("data-actor") ?? null;
}

/** @param {string} frame */
function isCommand(frame) {
  return JSON.parse(frame).type === "command";
}
