// @ts-check
// The machine of one board at one client: everything that a client must do right, without I/O,
// clock or randomness. The Rust crate `client` is the same machine, step by step the same.

import * as serverMessages from "./server-messages.js";
import { check, isCaughtUp } from "./board-subscription.js";
import * as outcomes from "./board-outcomes.js";
import * as presence from "./board-presence.js";
import * as unsentState from "./unsent-state.js";
import * as view from "./view-model.js";
import { normaliseText } from "../delta/delta.js";
import { NoteText } from "./note-text.js";
import { Frozen, Outbox, editEntry, frozenEntry } from "./outbox.js";
import { ServerBoard } from "./server-board.js";
import { ViewChanges } from "./view-changes.js";

/**
 * The time in milliseconds, twice. `wall` counts from 1970, for what is kept and compared on another
 * page; people and networks set it back and forth. `monotonic` counts from wherever this page likes and
 * only goes forward, for all that waits.
 * @typedef {{wall: number, monotonic: number}} Time
 */
/**
 * The time, and a function that gives fresh UUIDs.
 * @typedef {Time & {mint: () => string}} ClockAndIds
 */

/**
 * A board in the shape of a `board_page` reply. `readAt`: later positions at which some of its
 * notes were read.
 * @typedef {{board: string, title: string, role: string,
 *   position: import("./client-messages.js").Position,
 *   readAt?: import("./client-messages.js").Position[],
 *   notes: import("./server-board.js").Note[]}} BoardSnapshot
 */

/**
 * One board as one client has it. Call it with what happens; then keep what `saved` gives, send
 * what `takeOutgoing` gives, and show what `takeChanges` names, in this order.
 *
 * The fields belong to the `board-*.js` modules; a page uses only the methods.
 */
export class BoardClient {
  /** Who the server takes the sender for. @type {import("./client-messages.js").Actor | null} */
  me = null;
  serverBoard = new ServerBoard();
  /** Only of notes with local changes. @type {Map<string, NoteText>} */
  texts = new Map();
  outbox = new Outbox();
  /** @type {unsentState.Draft[]} */
  draftList = [];
  /** What became of the words that were sent last. @type {Map<string, view.SaveStatus>} */
  saveStatuses = new Map();
  /** @type {import("./board-subscription.js").SubscriptionState} */
  subscription = { state: "offline" };
  presence = presence.noPresence();
  changes = new ViewChanges();
  /** @type {string[]} */
  outgoing = [];
  mergeMismatchCount = 0;

  /**
   * Knows nothing yet, but perhaps for whom the page was made.
   * @param {string} board
   * @param {string | null} [actor]
   */
  constructor(board, actor = null) {
    this.board = board;
    /** The actor whose text and commands these are. */
    this.owner = actor;
  }

  /**
   * Goes on from what was kept. What is too old, or somebody else's than `actor`'s, is not sent.
   * @param {unsentState.UnsentState} kept
   * @param {ClockAndIds & {actor: string | null}} clockAndIds
   */
  static restore(kept, { actor, ...clockAndIds }) {
    const client = new BoardClient(kept.board, kept.actor);
    unsentState.restore(client, kept, actor, clockAndIds);
    return client;
  }

  /**
   * Starts from a snapshot of the whole board, such as the one that a page carries, and joins at
   * its position: the server then sends only later events. If it can no longer verify that
   * position, it answers `base_gone` and the board is pulled.
   *
   * `snapshot` has the fields of a `board_page` reply: `board`, `title`, `role`, `position`
   * (`{seq, event}`) and `notes`, all of the board with those in the trash, each with `id`, `text`,
   * `colour`, `rank`, `state`, `seq`, `edited_by` and `edited_at`. `unsent` is what an earlier
   * machine of the same board left, as for `restore`. Its pending edits are rebased onto the
   * snapshot's texts; an edit in flight stays as shown until its outcome arrives; text in a note
   * that the snapshot does not have becomes a draft. The snapshot may be older than `unsent`.
   * @param {BoardSnapshot} snapshot
   * @param {ClockAndIds & {unsent: unsentState.UnsentState | null, actor: string | null}} start
   */
  static fromSnapshot(snapshot, { unsent, actor, ...clockAndIds }) {
    const client = unsent
      ? BoardClient.restore(unsent, { actor, ...clockAndIds })
      : new BoardClient(snapshot.board, actor);
    const laterPages = (snapshot.readAt ?? []).map((position) => ({ ...snapshot, position, notes: [] }));
    serverMessages.load(client, [snapshot, ...laterPages], clockAndIds);
    client.settleChanges();
    return client;
  }

  /** What must be kept, as plain JSON; null where there is nothing. */
  unsentState() {
    return unsentState.unsentState(this);
  }

  /**
   * The person typed: a change of the shown text. It is not sent before `flush`.
   * @param {string} note
   * @param {import("../delta/delta.js").Delta} delta
   */
  edit(note, delta) {
    if (!view.view(this, note)) throw new Error(`there is no note ${note} to type in`);
    const text = this.texts.get(note) ?? new NoteText(this.text(note));
    text.edit(delta);
    this.texts.set(note, text);
    this.dropIfClean(note);
    this.changes.touch(note);
    this.settleChanges();
  }

  /**
   * What was typed in a note may be sent.
   * @param {string} note
   * @param {ClockAndIds} clockAndIds
   */
  flush(note, clockAndIds) {
    const isTyped = (this.texts.get(note)?.pending.length ?? 0) > 0;
    if (isTyped && !this.outbox.hasQueuedEdit(note)) {
      this.outbox.push(editEntry(note, clockAndIds.wall, clockAndIds));
      this.changes.touch(note);
    }
    outcomes.advance(this, clockAndIds);
  }

  /**
   * Any command but `edit_note`, under a fresh message id; `key` travels beside it.
   * @param {any} command
   * @param {Time & {id: string, key?: string | null}} beside
   */
  submit(command, { id, key = null, ...time }) {
    if (command.type === "edit_note") {
      throw new Error("a text is changed by typing in it, not by an `edit_note`");
    }
    const isText = typeof command.text === "string";
    const clean = isText ? { ...command, text: normaliseText(command.text) } : command;
    const frozen = new Frozen(id, clean, JSON.stringify(clean), key);
    const entry = frozenEntry(frozen, time.wall, time);
    if (frozen.opensBoard && !isCaughtUp(this)) this.outbox.pushFirst(entry);
    else this.outbox.push(entry);
    if (clean.note) this.changes.touch(clean.note);
    else this.changes.board();
    outcomes.sendOpen(this, time.monotonic);
    this.settleChanges();
  }

  /**
   * The person needs a draft no longer.
   * @param {string} id
   */
  dismissDraft(id) {
    for (const { note } of this.draftList.filter((draft) => draft.id === id)) {
      this.saveStatuses.delete(note);
      this.changes.touch(note);
    }
    this.draftList = this.draftList.filter((draft) => draft.id !== id);
    this.settleChanges();
  }

  /**
   * A connection stands, and the server said for whom it takes the client.
   * @param {{actor: import("./client-messages.js").Actor}} welcome
   * @param {ClockAndIds} clockAndIds
   */
  connected(welcome, clockAndIds) {
    serverMessages.connected(this, welcome.actor, clockAndIds);
  }

  /**
   * The server ended the connection over a frame that is longer than it takes.
   * @param {ClockAndIds} clockAndIds
   */
  tooLong(clockAndIds) {
    outcomes.tooLong(this, clockAndIds);
  }

  /** The connection is gone. What was in the air is sent again over the next one. */
  disconnected() {
    serverMessages.disconnected(this);
  }

  /** There is reason to doubt that this client has everything: asks, and goes on meanwhile. */
  check() {
    check(this);
  }

  /**
   * One parsed message from the server.
   * @param {any} message
   * @param {ClockAndIds} clockAndIds
   */
  receive(message, clockAndIds) {
    serverMessages.receive(this, message, clockAndIds);
  }

  /**
   * Time passed: about once a second is enough.
   * @param {ClockAndIds} clockAndIds
   */
  tick(clockAndIds) {
    serverMessages.tick(this, clockAndIds);
  }

  /**
   * The person looks at the board, and is in this note now, or in none.
   * @param {string | null} note
   */
  setPresence(note) {
    presence.setPresence(this, note);
  }

  /** The frames to send, in order. */
  takeOutgoing() {
    return this.outgoing.splice(0);
  }

  /** What the view has to show anew, in order. */
  takeChanges() {
    return this.changes.take();
  }

  /** The board's title; empty until it is known. */
  title() {
    return view.title(this);
  }

  /** What the person may do here, once that is known. */
  role() {
    return this.serverBoard.role;
  }

  /** Up to where events are applied. */
  position() {
    return this.serverBoard.position;
  }

  /** Whether the board's events follow. */
  joinState() {
    return view.joinState(this);
  }

  /** Why the board could not be joined. */
  refusal() {
    return this.subscription.state === "refused" ? this.subscription.reason : null;
  }

  /** The notes in their order, those in the trash too. */
  notes() {
    return view.notes(this);
  }

  /**
   * The text that the person sees; empty where there is no such note.
   * @param {string} note
   */
  text(note) {
    return view.text(this, note);
  }

  /**
   * The state of the words in a note.
   * @param {string} note
   */
  saveStatus(note) {
    return view.saveStatus(this, note);
  }

  /** The others who are here, by id, each with the notes that they are in. */
  people() {
    return presence.people(this);
  }

  /** About how many there are besides. */
  morePeople() {
    return this.presence.more;
  }

  /** Words that were set aside, oldest first. */
  drafts() {
    return [...this.draftList];
  }

  /** Since when, on the clock, the oldest wish waits for its outcome; null where none does. */
  unsavedSince() {
    return view.unsavedSince(this);
  }

  /** How many commands and notes the server does not have yet. */
  unsentCount() {
    return view.unsentCount(this);
  }

  /**
   * How often the server merged an edit into something else than this client did. Texts are the
   * same all the same, but one of the two has a fault.
   */
  mergeMismatches() {
    return this.mergeMismatchCount;
  }

  /**
   * A rank between two notes; null means the board's edge. Where the two share a rank, the next
   * place after both.
   * @param {string | null} after
   * @param {string | null} before
   */
  rankBetween(after, before) {
    return view.rankBetween(this, after, before);
  }

  /** @param {string} note */
  dropIfClean(note) {
    if (this.texts.get(note)?.isClean()) this.texts.delete(note);
  }

  /** Every call ends here, so that a view is told what is different after it. */
  settleChanges() {
    if (this.changes.isReset) this.changes.showOnly(this.notes().map((note) => note.id));
    else this.changes.settle((note) => view.view(this, note) !== null);
  }
}
