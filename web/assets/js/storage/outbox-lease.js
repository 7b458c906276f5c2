// @ts-check
// The lease of an outbox record: each record has one owner page at a time, so that two pages never
// send the same edit under two message ids. A Web Lock guards it; without Web Locks a heartbeat does.

import { uuid } from "../platform/clock-and-ids.js";
import { isEmpty } from "./outbox-storage.js";
import { answerProbes } from "./ownership-probe.js";

/** @typedef {import("./outbox-storage.js").OutboxContent} OutboxContent */
/** @typedef {import("./outbox-storage.js").OutboxRecord} OutboxRecord */
/** @typedef {import("./outbox-storage.js").PersistedState} PersistedState */
/** @typedef {import("./outbox-storage.js").IndexedDbStorage | import("./outbox-storage.js").MemoryStorage} OutboxStorage */

const HEARTBEAT_EVERY_MS = 5_000;
/** Without Web Locks: an owner without a heartbeat for this long may be gone. */
export const OWNER_TIMEOUT_MS = 15_000;
/** Names this tab's record for the next page in the tab. */
const LAST_OUTBOX = "sockbit:last-outbox";

/** The owner id that this page writes into records. */
export const PAGE_ID = uuid();

export class OutboxLease {
  /** What is known to be stored. @type {OutboxContent} */
  content = { saved: null, composer: null };
  /** Whether another page took the record over because this one seemed to be gone. */
  isLost = false;
  /** Called when the loss is noticed, and at each heartbeat and write after it. */
  onLost = () => {};
  /**
   * The unsent state without the edits that another page has taken over.
   * @type {(unsent: PersistedState, taken: PersistedState) => PersistedState | null}
   */
  withoutTaken = (unsent) => unsent;
  #isStored = false;
  #isReleased = false;
  /** What was written last, perhaps without success. */
  #written = this.content;
  /** When this page was last known to be the owner. */
  #ownedAt = Date.now();
  /** What the record held when it was lost. @type {OutboxContent | null} */
  #lostContent = null;
  /** The id of the record for what a lost record lacks. */
  #separateId = uuid();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #heartbeat;
  #stopAnswering = () => {};

  /**
   * @param {OutboxStorage} storage
   * @param {string} id
   * @param {string} board
   * @param {(() => void) | null} unlock releases the Web Lock; null where there are none
   */
  constructor(storage, id, board, unlock) {
    this.storage = storage;
    this.id = id;
    this.board = board;
    this.unlock = unlock;
    if (unlock) return;
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT_EVERY_MS);
    this.#stopAnswering = answerProbes(id);
  }

  /** Continues with what an earlier owner stored. @param {OutboxContent} content */
  adopt(content) {
    this.content = content;
    this.#written = content;
    this.#isStored = true;
  }

  /**
   * Whether exactly this content is stored: never true during a write or after a failed one.
   * @param {OutboxContent} content
   */
  hasStored(content) {
    return this.#written === this.content && JSON.stringify(content) === JSON.stringify(this.content);
  }

  /**
   * Throws if the browser refuses the write.
   * @param {OutboxContent} content
   */
  async write(content) {
    // A released record may have another owner by now.
    if (this.#isReleased) return;
    this.#written = content;
    if (this.unlock) await this.storage.write(this.#record(content));
    else await this.#writeIfOwner(this.#record(content));
    if (!this.isLost) this.content = content;
  }

  /**
   * Stores what the lost record lacks in a record of its own. Throws if the browser refuses.
   * @param {OutboxContent} content
   */
  async writeSeparately(content) {
    if (JSON.stringify(content) === JSON.stringify(this.content)) return;
    const lost = (this.#lostContent ??= this.content).saved;
    const { saved, composer } = content;
    // The new owner may have sent the edits that both have: those become drafts here.
    const rest = saved && lost ? this.withoutTaken(saved, lost) : saved;
    const record = this.#record({ saved: rest, composer });
    await this.storage.write({ ...record, id: this.#separateId, beat: 0 });
    this.content = content;
    rememberLastOutbox(this.#separateId);
  }

  /**
   * On page hide: starts the last write without waiting for it, and releases the record.
   * @param {OutboxContent} content
   */
  leave(content) {
    this.#writeLast(content)?.catch(() => {});
    this.release();
  }

  /** @param {OutboxContent} content */
  #writeLast(content) {
    const last = { ...this.#record(content), beat: 0 };
    // There is no time to read the record's owner first.
    if (!this.hasStored(content)) return this.mayBeLost ? this.writeSeparately(content) : this.storage.write(last);
    return this.unlock || this.isLost ? null : this.#writeIfOwner(last);
  }

  /** Whether another page may have continued with what the record holds. */
  get mayBeLost() {
    return !this.unlock && (this.isLost || Date.now() - this.#ownedAt >= OWNER_TIMEOUT_MS);
  }

  release() {
    this.#isReleased = true;
    clearInterval(this.#heartbeat);
    this.#stopAnswering();
    this.unlock?.();
  }

  /** @param {OutboxRecord} record */
  async #writeIfOwner(record) {
    const isOwn = (/** @type {OutboxRecord | undefined} */ stored) =>
      stored ? stored.owner === PAGE_ID : !this.#isStored;
    this.isLost ||= !(await this.storage.writeIf(record, isOwn));
    this.#isStored = true;
    if (this.isLost) this.onLost();
    else this.#ownedAt = record.beat;
  }

  #beat() {
    const content = this.#written;
    if (this.isLost) this.onLost();
    else if (!isEmpty({ content })) this.write(content).catch(() => {});
  }

  /**
   * @param {OutboxContent} content
   * @returns {OutboxRecord}
   */
  #record(content) {
    return { id: this.id, board: this.board, owner: PAGE_ID, beat: Date.now(), content };
  }
}

/** The record of the page before this one in the same tab. */
export function lastOutbox() {
  try {
    return sessionStorage.getItem(LAST_OUTBOX);
  } catch {
    return null;
  }
}

/** @param {string} id */
export function rememberLastOutbox(id) {
  try {
    sessionStorage.setItem(LAST_OUTBOX, id);
  } catch {
    // The next page then does not wait for this page's lock.
  }
}
