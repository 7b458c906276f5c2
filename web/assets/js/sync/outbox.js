// @ts-check
// The commands of one board that have no outcome yet, in the order in which they were wished.

/** How long an answer is waited for before the same bytes are sent again. */
const RESEND_AFTER_MS = 5_000;

/** Servers take frames of 256 KiB, and close the connection on longer ones. */
const BODY_BYTES_MAX = 250 * 1024;

/**
 * One wish. An edit is frozen only when its turn has come, everything else at once: until then
 * `command` is null, and what is typed in `note` by then will be sent. It was wished `at` a time
 * of the world's, and waits `since` one of the clock's.
 * @typedef {{at: number, since: number, note: string | null, command: Frozen | null}} Entry
 */
/** @typedef {import("./board-client.js").Time} Time */

/** A command that never changes again: a repeat must be the same to the byte. */
export class Frozen {
  /** When, on the clock, it went out over the present connection. @type {number | null} */
  sentAt = null;
  /** The server asked not to be asked again before. @type {number | null} */
  notBefore = null;
  /** Where the outcome said that it stands. @type {import("./client-messages.js").Position | null} */
  doneAt = null;
  /** Its event was seen. */
  isEventSeen = false;
  /**
   * What an edit made of its note. With its event the words are the server's, until the outcome says
   * that they were lost with a part of the history. @type {string | null}
   */
  shown = null;

  /**
   * @param {string} id
   * @param {any} command
   * @param {string} body
   * @param {string | null} key
   */
  constructor(id, command, body, key) {
    this.id = id;
    this.command = command;
    this.body = body;
    this.key = key;
    this.isTooLong = new TextEncoder().encode(body).length > BODY_BYTES_MAX;
  }

  /** Whether it makes the sender a member, and so goes before the join. */
  get opensBoard() {
    return this.command.type === "create_board" || this.command.type === "join_board";
  }

  get isEdit() {
    return this.command.type === "edit_note";
  }

  get isCreation() {
    return this.command.type === "create_note";
  }

  /** @param {number} clock */
  isDue(monotonic) {
    const isWaiting = this.notBefore !== null && monotonic < this.notBefore;
    return !this.doneAt && this.sentAt === null && !isWaiting && !this.isTooLong;
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
 * @param {Frozen} command
 * @param {number} at
 * @param {Time} time
 * @returns {Entry}
 */
export function frozenEntry(command, at, time) {
  return { at, since: monotonicOf(at, time), note: command.command.note ?? null, command };
}

/**
 * What was wished on another page is as old as the world's time says, unless that was set back since.
 * @param {number} at
 * @param {Time} time
 */
function monotonicOf(at, { wall, monotonic }) {
  return monotonic - Math.max(0, wall - at);
}

/**
 * The note whose words an entry carries.
 * @param {Entry} entry
 */
export function textNoteOf({ note, command }) {
  return !command || command.isEdit || command.isCreation ? note : null;
}

/** At most the front one is unanswered at any time, so order needs no further mechanism. */
export class Outbox {
  /** @type {Entry[]} */
  entries = [];

  get isEmpty() {
    return this.entries.length === 0;
  }

  /** @returns {Entry | undefined} */
  get front() {
    return this.entries[0];
  }

  /** The command whose turn it is. */
  get open() {
    return this.entries[0]?.command ?? null;
  }

  /** @param {Entry} entry */
  push(entry) {
    this.entries.push(entry);
  }

  /**
   * What lets the sender in goes before all that needs them to be in.
   * @param {Entry} entry
   */
  pushFirst(entry) {
    const place = this.entries.findIndex((it) => !it.command?.opensBoard);
    this.entries.splice(place < 0 ? this.entries.length : place, 0, entry);
  }

  pop() {
    return this.entries.shift();
  }

  /**
   * Puts another wish in the place of the front one, as old as that.
   * @param {string} note
   * @param {Frozen | null} command
   */
  replaceFront(note, command) {
    this.entries[0] = { ...this.entries[0], note, command };
  }

  /** @param {(entry: Entry) => boolean} isDropped */
  dropIf(isDropped) {
    this.entries = this.entries.filter((entry) => !isDropped(entry));
  }

  /**
   * Typing in this note no longer waits for its turn.
   * @param {string} note
   */
  dropQueuedEdits(note) {
    this.dropIf((entry) => !entry.command && entry.note === note);
  }

  /**
   * Whether typing in this note waits for its turn already.
   * @param {string} note
   */
  hasQueuedEdit(note) {
    return this.entries.some((entry) => !entry.command && entry.note === note);
  }

  /**
   * The creation of this note, until its event was seen.
   * @param {string} note
   */
  creation(note) {
    const creation = this.#creations(note).find((command) => !command.isEventSeen);
    return creation ?? null;
  }

  /** The board is known anew, and may be an older one: whether notes were created is seen there. */
  forgetCreations() {
    for (const { command } of this.entries) {
      if (command?.isCreation) command.isEventSeen = false;
    }
  }

  /**
   * The server has this note, or had it, so the event of its creation was seen.
   * @param {string} note
   */
  noteWasSeen(note) {
    for (const command of this.#creations(note)) command.isEventSeen = true;
  }

  /**
   * @param {string} note
   * @returns {Frozen[]}
   */
  #creations(note) {
    return this.entries.flatMap((it) => (it.command?.isCreation && it.note === note ? [it.command] : []));
  }

  /**
   * Whether a text of this note is on its way.
   * @param {string} note
   */
  hasEditInFlight(note) {
    return this.entries.some((entry) => entry.command?.isEdit && entry.note === note);
  }

  /** The connection is gone, and with it what was in the air. */
  disconnected() {
    if (!this.open) return;
    this.open.sentAt = null;
    this.open.notBefore = null;
  }

  /** What the server said before a snapshot is asked again: its history may be another one. */
  forgetOutcome() {
    if (!this.open) return;
    this.open.doneAt = null;
    this.open.sentAt = null;
  }

  /**
   * What the server said of a position that it does not have is asked again.
   * @param {number} head
   */
  forgetOutcomeBeyond(head) {
    if (this.open?.doneAt && this.open.doneAt.seq > head) this.forgetOutcome();
  }

  /**
   * Lets an answer that is overdue be asked for again, and one whose event is.
   * @param {number} monotonic
   */
  tick(monotonic) {
    const open = this.open;
    if (!open || open.sentAt === null || monotonic - open.sentAt < RESEND_AFTER_MS) return;
    open.sentAt = null;
    open.doneAt = null;
  }
}
