// @ts-check
// Which page gets the lease of which record.

import { OutboxLease } from "../../../web/assets/js/storage/outbox-lease.js";
import { acquireLease } from "../../../web/assets/js/storage/lease-acquisition.js";
import { same } from "./clauses.js";
import { SharedStorage } from "./shared-storage.js";
import { EMPTY, content, pageWithLostLease, watch, withoutLocks } from "./storage-fixtures.js";

/** @typedef {import("./stopped-clock.js").StoppedClock} Clock */

/** @param {Clock} clock */
export async function a_page_starts_when_the_database_does_not_answer(clock) {
  const storage = /** @type {any} */ ({ isDurable: true, all: () => new Promise(() => {}) });
  const acquiring = acquireLease(storage, "board");
  const acquired = watch(acquiring.then(() => {}));
  await clock.pass(2_999);
  same(acquired.isSettled, false);
  await clock.pass(1);
  // The storage may still answer later, and is written to then.
  same((await acquiring).storage.isDurable, true);
}

export async function a_page_starts_when_the_database_refuses() {
  const refuse = () => Promise.reject(new Error("it is closed"));
  const lease = await acquireLease(/** @type {any} */ ({ isDurable: true, all: refuse }), "board");
  same(lease.storage.isDurable, false);
}

export async function the_lock_of_an_unreadable_record_is_released() {
  const record = { id: "unread", board: "board", owner: "gone", beat: 0, content: content("a") };
  const refuse = () => Promise.reject(new Error("it is broken"));
  await acquireLease(/** @type {any} */ ({ isDurable: true, all: async () => [record], read: refuse }), "board");
  const isHeld = async () => (await navigator.locks.query()).held?.some(({ name }) => name?.endsWith("unread"));
  // The browser releases locks asynchronously.
  for (let tries = 0; tries < 100 && (await isHeld()); tries += 1);
  same(await isHeld(), false);
}

/** @param {Clock} clock */
export async function a_lease_that_arrives_late_is_released_for_the_next_page(clock) {
  const record = { id: "late", board: "board", owner: "gone", beat: 0, content: content("a") };
  /** @type {(records: unknown[]) => void} */
  let answer = () => {};
  const all = new Promise((resolve) => (answer = resolve));
  const storage = /** @type {any} */ ({ isDurable: true, all: () => all, read: async () => record });
  const acquiring = acquireLease(storage, "board");
  await clock.pass(3_000);
  answer([record]);
  await acquiring;
  let next = await acquireLease(storage, "board");
  // The browser releases locks asynchronously.
  for (let tries = 0; tries < 100 && !next.content.composer; tries += 1) {
    next = await acquireLease(storage, "board");
  }
  same(next.content, content("a"));
}

/** @param {Clock} clock */
export async function the_next_page_finds_what_a_page_with_a_lost_lease_stored(clock) {
  const page = await pageWithLostLease(content("one"));
  page.storage.records.set("older", { id: "older", board: "board", owner: "gone", beat: 0, content: content("old") });
  await page.writeBehind.write(content("one two"));
  page.lease.leave(content("one two"));
  await clock.settle();
  await withoutLocks(async () => {
    same((await acquireLease(/** @type {any} */ (page.storage), "board")).content, content("one two"));
  });
}

/** @param {Clock} clock */
export async function a_record_is_taken_over_only_if_no_page_answers_the_probe(clock) {
  const storage = new SharedStorage();
  const owner = new OutboxLease(/** @type {any} */ (storage), "slow", "board", null);
  await owner.write(content("one"));
  await clock.oversleep(60_000);
  storage.records.set("slow", { ...storage.othersThan("")[0], beat: 1 });
  await withoutLocks(async () => {
    const other = await acquireLease(/** @type {any} */ (storage), "board");
    same(other.content, EMPTY, "the second page");
    owner.release();
    const later = acquireLease(/** @type {any} */ (storage), "board");
    await clock.settle();
    await clock.pass(500);
    same((await later).content, content("one"), "the third page");
  });
}

/** @param {Clock} clock */
export async function a_page_does_not_answer_its_own_probe(clock) {
  const storage = new SharedStorage();
  storage.records.set("crashed", { id: "crashed", board: "board", owner: "gone", beat: 1, content: content("one") });
  await withoutLocks(async () => {
    const acquiring = acquireLease(/** @type {any} */ (storage), "board");
    // Messages arrive in real time, which the stopped clock does not count.
    for (let turns = 0; turns < 100; turns += 1) await clock.settle();
    await clock.pass(500);
    same((await acquiring).content, content("one"));
  });
}

/** @param {Clock} clock */
export async function a_record_written_during_the_probe_is_not_taken_over(clock) {
  const storage = new SharedStorage();
  const record = { id: "left", board: "board", owner: "leaving", beat: 1, content: content("one") };
  storage.records.set("left", record);
  storage.read = async () => {
    storage.records.set("left", { ...record, beat: 0, content: content("one two") });
    return record;
  };
  await withoutLocks(async () => {
    const acquiring = acquireLease(/** @type {any} */ (storage), "board");
    await clock.settle();
    await clock.pass(500);
    await acquiring;
    same(storage.records.get("left")?.content, content("one two"));
  });
}
