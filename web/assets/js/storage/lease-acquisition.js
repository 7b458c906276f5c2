// @ts-check
// Acquires outbox leases: of records whose owner is gone, or of new ones.

import { MemoryStorage } from "./outbox-storage.js";
import { OutboxLease, OWNER_TIMEOUT_MS, PAGE_ID, lastOutbox, rememberLastOutbox } from "./outbox-lease.js";
import { isOwnerAlive } from "./ownership-probe.js";
import { TimeoutError, withTimeout } from "./with-timeout.js";
import { uuid } from "../platform/clock-and-ids.js";

/** @typedef {import("./outbox-storage.js").OutboxContent} OutboxContent */
/** @typedef {import("./outbox-storage.js").OutboxRecord} OutboxRecord */
/** @typedef {import("./outbox-lease.js").OutboxStorage} OutboxStorage */

/** How long the tab's previous page may take to release its lock. */
const HANDOVER_MS = 500;
/** A page starts after this long even if the database hangs. */
const ACQUIRE_TIMEOUT_MS = 3_000;

/**
 * A lease for a board: of a record that an earlier page left, or of a new one. Falls back to
 * memory if the browser refuses storage.
 * @param {OutboxStorage} storage
 * @param {string} board
 * @param {(content: OutboxContent) => boolean} [canContinue] whether the page can start from it
 */
export async function acquireLease(storage, board, canContinue = () => true) {
  const inMemory = () => new OutboxLease(new MemoryStorage(), uuid(), board, () => {});
  const lease = await acquireInTime(storage, board, canContinue).catch(inMemory);
  rememberLastOutbox(lease.id);
  return lease;
}

/**
 * A lease of a new record if the storage does not list the existing ones in time.
 * @param {OutboxStorage} storage
 * @param {string} board
 * @param {(content: OutboxContent) => boolean} canContinue
 */
async function acquireInTime(storage, board, canContinue) {
  const matches = (/** @type {OutboxRecord} */ record) => record.board === board && canContinue(record.content);
  const acquiring = acquireOrphan(storage, matches, lastOutbox());
  const found = await withTimeout(ACQUIRE_TIMEOUT_MS, acquiring).catch((error) => {
    if (!(error instanceof TimeoutError)) throw error;
    // A lease that arrives late is left for the next page.
    acquiring.then((late) => late?.release()).catch(() => {});
    return null;
  });
  return found ?? newLease(storage, board);
}

/**
 * A lease of a record that matches and has no owner; null if there is none.
 * @param {OutboxStorage} storage
 * @param {(record: OutboxRecord) => boolean} matches
 * @param {string | null} [preferred] tried first, and waited for while its page closes
 */
export async function acquireOrphan(storage, matches, preferred = null) {
  const records = (await storage.all()).filter(matches);
  records.sort((a, b) => Number(b.id === preferred) - Number(a.id === preferred));
  for (const record of records) {
    const lease = await leaseOf(storage, record, record.id === preferred ? HANDOVER_MS : 0);
    if (lease) return lease;
  }
  return null;
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
 * The lease of an existing record; null if another page owns it.
 * @param {OutboxStorage} storage
 * @param {OutboxRecord} record
 * @param {number} timeoutMs
 */
async function leaseOf(storage, { id, board }, timeoutMs) {
  const unlock = hasLocks() ? await lock(id, timeoutMs) : null;
  if (hasLocks() && !unlock) return null;
  /** @type {OutboxLease | null} */
  let lease = null;
  try {
    const content = unlock ? (await storage.read(id))?.content : await takeOverIfOrphaned(storage, id);
    if (!content) return null;
    // A lease answers probes for its record, so it is created after the probe.
    lease = new OutboxLease(storage, id, board, unlock);
    lease.adopt(content);
    return lease;
  } finally {
    if (!lease) unlock?.();
  }
}

/**
 * Without Web Locks: makes this page the owner of a record whose owner is gone, and returns what it
 * holds; null if the owner is alive.
 * @param {OutboxStorage} storage
 * @param {string} id
 */
async function takeOverIfOrphaned(storage, id) {
  const record = await storage.read(id);
  if (!record || Date.now() - record.beat <= OWNER_TIMEOUT_MS) return null;
  const isReleased = record.beat === 0;
  if (!isReleased && (await isOwnerAlive(id))) return null;
  const isUnchanged = (/** @type {OutboxRecord | undefined} */ stored) =>
    stored !== undefined && stored.owner === record.owner && stored.beat === record.beat;
  const owned = { ...record, owner: PAGE_ID, beat: Date.now() };
  return (await storage.writeIf(owned, isUnchanged)) ? record.content : null;
}

function hasLocks() {
  return "locks" in navigator;
}

/**
 * Holds the Web Lock of an outbox until the returned function is called. Null if another page
 * holds it.
 * @param {string} id
 * @param {number} timeoutMs
 * @returns {Promise<(() => void) | null>}
 */
function lock(id, timeoutMs) {
  return new Promise((resolve) => {
    const onGranted = (/** @type {Lock | null} */ granted) => {
      if (!granted) return resolve(null);
      return new Promise((/** @type {(_: void) => void} */ unlock) => resolve(() => unlock()));
    };
    const options = timeoutMs > 0 ? { signal: AbortSignal.timeout(timeoutMs) } : { ifAvailable: true };
    navigator.locks.request(`sockbit:outbox:${id}`, options, onGranted).catch(() => resolve(null));
  });
}
