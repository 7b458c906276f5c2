// @ts-check
// Outbox leases on a test's storage, and what they store.

import { clockAndIds } from "../../../web/assets/js/platform/clock-and-ids.js";
import { WriteBehind } from "../../../web/assets/js/storage/write-behind.js";
import { OutboxLease } from "../../../web/assets/js/storage/outbox-lease.js";
import { asDrafts } from "../../../web/assets/js/sync/persisted-state.js";
import { ManualStorage } from "./manual-storage.js";
import { SharedStorage } from "./shared-storage.js";

export const EMPTY = { saved: null, composer: null };

/** The content of an outbox whose only unsent text is in the new-note form. @param {string} text */
export function content(text) {
  return { saved: null, composer: { text, colour: "paper" } };
}

/** A page with a Web Lock, and a storage whose writes the test ends. */
export function pageWithLock() {
  const storage = new ManualStorage();
  const lease = new OutboxLease(/** @type {any} */ (storage), "record", "board", () => {});
  return { storage, lease, writeBehind: new WriteBehind(lease) };
}

/**
 * Without Web Locks: a page that stored all this, and whose record another page has taken over.
 * @param {any[]} stored
 */
export async function pageWithLostLease(...stored) {
  const storage = new SharedStorage();
  const lease = new OutboxLease(/** @type {any} */ (storage), "record", "board", null);
  lease.withoutTaken = (unsent, taken) => asDrafts(unsent, taken, clockAndIds());
  const page = { storage, lease, reloads: 0, writeBehind: new WriteBehind(lease, () => (page.reloads += 1)) };
  for (const it of stored) await page.writeBehind.write(it);
  storage.takeOver("record");
  return page;
}

/**
 * The new-note texts: in the record that was taken over, and in all others.
 * @param {SharedStorage} storage
 */
export function newNoteTexts(storage) {
  const others = storage.othersThan("record").map(({ content }) => content.composer?.text);
  return [storage.records.get("record")?.content.composer?.text, others];
}

/** @param {() => Promise<void>} act */
export async function withoutLocks(act) {
  const prototype = Object.getPrototypeOf(navigator);
  const locks = Object.getOwnPropertyDescriptor(prototype, "locks") ?? {};
  delete prototype.locks;
  try {
    await act();
  } finally {
    Object.defineProperty(prototype, "locks", locks);
  }
}

/** Records whether a promise has settled. @param {Promise<void>} promise */
export function watch(promise) {
  const watch = { isSettled: false };
  promise.then(() => (watch.isSettled = true));
  return watch;
}
