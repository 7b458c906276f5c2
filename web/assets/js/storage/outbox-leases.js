// @ts-check
// Which tab sends what: each kept record has one owner at a time, so that two tabs never send the
// same words under two ids. A tab's records are free for others when it is gone.

import { asDrafts } from "../sync/unsent-state.js";
import { isBlank, MemoryStorage } from "./outbox-storage.js";
import { moment, uuid } from "../sync/ids.js";
import { TimeoutError, within } from "./with-timeout.js";
import { answerProbes, isOwnerAlive } from "./ownership-probe.js";

/** @typedef {import("./outbox-storage.js").Content} Content */
/** @typedef {import("./outbox-storage.js").OutboxRecord} OutboxRecord */
/** @typedef {import("./outbox-storage.js").IndexedDbStorage | MemoryStorage} OutboxStorage */

const BEAT_EVERY_MS = 5_000;
/** Without Web Locks: an owner that was silent for this long is gone. */
const GONE_AFTER_MS = 15_000;
/** The page before this one in the same tab may need a moment to let go. */
const HANDOVER_MS = 500;
/** A browser whose database hangs must not keep a page from beginning. */
const CLAIM_MAX_MS = 3_000;
/** Names the record of this tab to the page that comes after this one. */
const LAST = "sockbit:last-outbox";

const page = uuid();

/** A record that belongs to this page as long as it lives. */
export class OutboxLease {
  /** What is known to be kept. @type {Content} */
  content = { saved: null, composer: null };
  /** Whether somebody else took the record over, because this page seemed to be gone. */
  isLost = false;
  /** Hears that it is lost, again and again for as long as this page has it. */
  onLost = () => {};
  #isStored = false;
  #isReleased = false;
  /** What was written last, perhaps without success. */
  #written = this.content;
  /** When this page was last known to be the owner. */
  #ownedAt = Date.now();
  /** What was in the record when it was lost. @type {Content | null} */
  #taken = null;
  /** The record for what a lost one does not hold. */
  #beside = uuid();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #beat;
  #fallSilent = () => {};

  /**
   * @param {OutboxStorage} storage
   * @param {string} id
   * @param {string} board
   * @param {(() => void) | null} unlock null where there are no Web Locks
   */
  constructor(storage, id, board, unlock) {
    this.storage = storage;
    this.id = id;
    this.board = board;
    this.unlock = unlock;
    if (unlock) return;
    this.#beat = setInterval(() => this.#stayAlive(), BEAT_EVERY_MS);
    this.#fallSilent = answerProbes(id);
  }

  /** @param {Content} content */
  adopt(content) {
    this.content = content;
    this.#written = content;
    this.#isStored = true;
  }

  /**
   * Whether exactly this is kept. After a write that failed, or that goes on, nobody knows.
   * @param {Content} content
   */
  hasStored(content) {
    return this.#written === this.content && JSON.stringify(content) === JSON.stringify(this.content);
  }

  /**
   * Keeps the content. Throws where the browser refuses to.
   * @param {Content} content
   */
  async write(content) {
    // A record that is free may be somebody else's by now.
    if (this.#isReleased) return;
    this.#written = content;
    if (this.unlock) await this.storage.write(this.#record(content));
    else await this.#writeIfMine(this.#record(content));
    if (!this.isLost) this.content = content;
  }

  /**
   * Keeps, beside a record that another page has by now, what that does not hold. Throws where the
   * browser refuses to.
   * @param {Content} content
   */
  async setAside(content) {
    if (JSON.stringify(content) === JSON.stringify(this.content)) return;
    const taken = (this.#taken ??= this.content).saved;
    const { saved, composer } = content;
    // What the other page has no words of, nobody sends twice.
    const mine = saved && taken ? asDrafts(saved, taken, moment()) : saved;
    await this.storage.write({ ...this.#record({ saved: mine, composer }), id: this.#beside, beat: 0 });
    this.content = content;
    remember(this.#beside);
  }

  /**
   * The page goes: the last content, without waiting, and the record is free.
   * @param {Content} content
   */
  leave(content) {
    this.#writeLast(content)?.catch(() => {});
    this.release();
  }

  /** @param {Content} content */
  #writeLast(content) {
    const last = { ...this.#record(content), beat: 0 };
    // There is no time to look whose the record is.
    if (!this.hasStored(content)) return this.mayBeLost ? this.setAside(content) : this.storage.write(last);
    return this.unlock || this.isLost ? null : this.#writeIfMine(last);
  }

  /** Whether another page may go on with what is in the record. */
  get mayBeLost() {
    return !this.unlock && (this.isLost || Date.now() - this.#ownedAt >= GONE_AFTER_MS);
  }

  release() {
    this.#isReleased = true;
    clearInterval(this.#beat);
    this.#fallSilent();
    this.unlock?.();
  }

  /** @param {OutboxRecord} record */
  async #writeIfMine(record) {
    const isMine = (/** @type {OutboxRecord | undefined} */ stored) =>
      stored ? stored.owner === page : !this.#isStored;
    this.isLost ||= !(await this.storage.writeIf(record, isMine));
    this.#isStored = true;
    if (this.isLost) this.onLost();
    else this.#ownedAt = record.beat;
  }

  #stayAlive() {
    const content = this.#written;
    if (this.isLost) this.onLost();
    else if (!isBlank({ content })) this.write(content).catch(() => {});
  }

  /**
   * @param {Content} content
   * @returns {OutboxRecord}
   */
  #record(content) {
    return { id: this.id, board: this.board, owner: page, beat: Date.now(), content };
  }
}

/**
 * The record in which this page keeps what belongs to one board: one that a page before it left,
 * or a new one. Where the browser refuses, it lives as long as the page.
 * @param {OutboxStorage} storage
 * @param {string} board
 */
export async function acquireLease(storage, board) {
  const lease = await acquireInTime(storage, board).catch(() => new OutboxLease(new MemoryStorage(), uuid(), board, () => {}));
  remember(lease.id);
  return lease;
}

/**
 * A new record where the browser does not say in time whether there is another one.
 * @param {OutboxStorage} storage
 * @param {string} board
 */
async function acquireInTime(storage, board) {
  const adopting = acquireLeft(storage, board);
  const found = await within(CLAIM_MAX_MS, adopting).catch((error) => {
    if (!(error instanceof TimeoutError)) throw error;
    // What comes after all is left for the page after this one.
    adopting.then((late) => late?.release()).catch(() => {});
    return null;
  });
  return found ?? newLease(storage, board);
}

/**
 * A record that nobody owns, if there is one that `isWanted`: `patientlyFor` before all others.
 * @param {OutboxStorage} storage
 * @param {(record: OutboxRecord) => boolean} isWanted
 * @param {string | null} [patientlyFor] for this one, wait a moment
 */
export async function acquireOrphan(storage, isWanted, patientlyFor = null) {
  const records = (await storage.all()).filter(isWanted);
  records.sort((a, b) => Number(b.id === patientlyFor) - Number(a.id === patientlyFor));
  for (const record of records) {
    const lease = await leased(storage, record, record.id === patientlyFor ? HANDOVER_MS : 0);
    if (lease) return lease;
  }
  return null;
}

/**
 * @param {OutboxStorage} storage
 * @param {string} board
 */
function acquireLeft(storage, board) {
  return acquireOrphan(storage, (record) => record.board === board, remembered());
}

/**
 * @param {OutboxStorage} storage
 * @param {string} board
 */
async function newLease(storage, board) {
  const id = uuid();
  return new OutboxLease(storage, id, board, hasLocks() ? await lock(id, 0) : null);
}

/**
 * @param {OutboxStorage} storage
 * @param {OutboxRecord} record
 * @param {number} patience
 */
async function leased(storage, { id, board }, patience) {
  const unlock = hasLocks() ? await lock(id, patience) : null;
  if (hasLocks() && !unlock) return null;
  /** @type {OutboxLease | null} */
  let lease = null;
  try {
    const content = unlock ? (await storage.read(id))?.content : await takenOver(storage, id);
    if (!content) return null;
    // It answers for its record, so that it must not be there while others are asked.
    lease = new OutboxLease(storage, id, board, unlock);
    lease.adopt(content);
    return lease;
  } finally {
    if (!lease) unlock?.();
  }
}

/**
 * Without Web Locks: makes this page the owner of a record whose owner is silent.
 * @param {OutboxStorage} storage
 * @param {string} id
 */
async function takenOver(storage, id) {
  const record = await storage.read(id);
  if (!record || Date.now() - record.beat <= GONE_AFTER_MS) return null;
  const isLeft = record.beat === 0;
  if (!isLeft && (await isOwnerAlive(id))) return null;
  const isGone = (/** @type {OutboxRecord | undefined} */ stored) =>
    stored !== undefined && stored.owner === record.owner && stored.beat === record.beat;
  const mine = { ...record, owner: page, beat: Date.now() };
  return (await storage.writeIf(mine, isGone)) ? record.content : null;
}

function hasLocks() {
  return "locks" in navigator;
}

/**
 * Holds the lock of an outbox until the function that this gives is called. Null where another
 * page holds it.
 * @param {string} id
 * @param {number} patience in milliseconds
 * @returns {Promise<(() => void) | null>}
 */
function lock(id, patience) {
  return new Promise((resolve) => {
    const held = (/** @type {Lock | null} */ granted) => {
      if (!granted) return resolve(null);
      return new Promise((/** @type {(_: void) => void} */ unlock) => resolve(() => unlock()));
    };
    const options = patience > 0 ? { signal: AbortSignal.timeout(patience) } : { ifAvailable: true };
    navigator.locks.request(`sockbit:outbox:${id}`, options, held).catch(() => resolve(null));
  });
}

function remembered() {
  try {
    return sessionStorage.getItem(LAST);
  } catch {
    return null;
  }
}

/** @param {string} id */
function remember(id) {
  try {
    sessionStorage.setItem(LAST, id);
  } catch {
    // Without it the next page merely does not wait for this one's record.
  }
}
