// @ts-check
// What a page keeps, before a database that is slow, hangs or refuses, and beside other pages.

import { WriteBehind } from "../../../web/assets/js/storage/write-behind.js";
import { OutboxLease, acquireLease } from "../../../web/assets/js/storage/outbox-leases.js";
import { same } from "./clauses.js";
import { ManualStorage } from "./manual-storage.js";
import { SharedStorage } from "./shared-storage.js";

/** @typedef {import("./stopped-clock.js").StoppedClock} Clock */

const BLANK = { saved: null, composer: null };

/** @param {string} text */
function content(text) {
  return { saved: null, composer: { text, colour: "paper" } };
}

function begin() {
  const storage = new ManualStorage();
  const lease = new OutboxLease(/** @type {any} */ (storage), "record", "board", () => {});
  return { storage, lease, writeBehind: new WriteBehind(lease) };
}

/** Without Web Locks: a page that keeps all this, and whose record another one takes over then. @param {any[]} kept */
async function loser(...kept) {
  const storage = new SharedStorage();
  const lease = new OutboxLease(/** @type {any} */ (storage), "record", "board", null);
  const page = { storage, lease, begun: 0, writeBehind: new WriteBehind(lease, () => (page.begun += 1)) };
  for (const it of kept) await page.writeBehind.write(it);
  storage.takeOver("record");
  return page;
}

/**
 * What stands on the sheet: in the record that was taken over, and in all others.
 * @param {SharedStorage} storage
 */
function sheets(storage) {
  const others = storage.besides("record").map(({ content }) => content.composer?.text);
  return [storage.records.get("record")?.content.composer?.text, others];
}

/** @param {() => Promise<void>} act */
async function withoutLocks(act) {
  const prototype = Object.getPrototypeOf(navigator);
  const locks = Object.getOwnPropertyDescriptor(prototype, "locks") ?? {};
  delete prototype.locks;
  try {
    await act();
  } finally {
    Object.defineProperty(prototype, "locks", locks);
  }
}

/** @param {Promise<void>} promise */
function watched(promise) {
  const watch = { isOver: false };
  promise.then(() => (watch.isOver = true));
  return watch;
}

/** @param {Clock} clock */
export async function while_a_write_runs_only_the_newest_waits(clock) {
  const { storage, writeBehind } = begin();
  writeBehind.write(content("a"));
  await clock.settle();
  for (const text of ["ab", "abc", "abcd"]) writeBehind.write(content(text));
  await clock.settle();
  same(storage.texts, ["a"]);
  storage.writes[0].done();
  await clock.settle();
  same(storage.texts, ["a", "abcd"]);
}

/** @param {Clock} clock */
export async function what_waits_to_be_sent_waits_for_the_write_that_contains_it(clock) {
  const { storage, writeBehind } = begin();
  writeBehind.write(content("a"));
  await clock.settle();
  const watch = watched(writeBehind.write(content("ab")));
  storage.writes[0].done();
  await clock.settle();
  same(watch.isOver, false);
  storage.writes[1].done();
  await clock.settle();
  same(watch.isOver, true);
}

/** @param {Clock} clock */
export async function nobody_waits_for_more_than_three_seconds(clock) {
  const { storage, writeBehind } = begin();
  writeBehind.write(content("a"));
  await clock.pass(2_000);
  const watch = watched(writeBehind.write(content("ab")));
  storage.writes[0].done();
  await clock.pass(2_999);
  same(watch.isOver, false);
  await clock.pass(1);
  same(watch.isOver, true);
}

/** @param {Clock} clock */
export async function a_write_that_hangs_is_told_of_and_waited_for_once(clock) {
  const { storage, writeBehind } = begin();
  writeBehind.write(content("a"));
  await clock.settle();
  await clock.pass(3_000);
  same(writeBehind.isPersisted, false);
  const watch = watched(writeBehind.write(content("ab")));
  await clock.settle();
  same(watch.isOver, true);
  same(storage.texts, ["a"]);
  storage.writes[0].done();
  await clock.settle();
  same([writeBehind.isPersisted, storage.texts], [true, ["a", "ab"]]);
}

/** @param {Clock} clock */
export async function a_write_that_failed_is_made_again(clock) {
  const { storage, writeBehind } = begin();
  writeBehind.write(content("a"));
  await clock.settle();
  storage.writes[0].fail(new Error("the disk is full"));
  await clock.settle();
  same(writeBehind.isPersisted, false);
  writeBehind.write(content("a"));
  await clock.settle();
  same(storage.texts, ["a", "a"]);
}

/** @param {Clock} clock */
export async function what_is_kept_is_not_written_again(clock) {
  const { storage, lease, writeBehind } = begin();
  writeBehind.write(content("a"));
  await clock.settle();
  storage.writes[0].done();
  await clock.settle();
  writeBehind.write(content("a"));
  await clock.settle();
  lease.leave(content("a"));
  same(storage.texts, ["a"]);
}

/** @param {Clock} clock */
export async function whoever_leaves_writes_what_failed(clock) {
  const { storage, lease, writeBehind } = begin();
  writeBehind.write(content("a"));
  await clock.settle();
  storage.writes[0].fail(new Error("the disk is full"));
  await clock.settle();
  lease.leave(content("a"));
  same(storage.texts, ["a", "a"]);
}

/** @param {Clock} clock */
export async function whoever_leaves_while_another_content_is_written_has_the_last_word(clock) {
  const { storage, lease, writeBehind } = begin();
  writeBehind.write(content("a"));
  await clock.settle();
  storage.writes[0].done();
  await clock.settle();
  writeBehind.write(content("ab"));
  await clock.settle();
  lease.leave(content("a"));
  same(storage.texts, ["a", "ab", "a"]);
}

/** @param {Clock} clock */
export async function nothing_is_written_to_a_record_that_was_left(clock) {
  const { storage, lease, writeBehind } = begin();
  writeBehind.write(content("a"));
  await clock.settle();
  writeBehind.write(content("ab"));
  lease.leave(content("abc"));
  storage.writes[0].done();
  await clock.settle();
  same(storage.texts, ["a", "abc"]);
}

/** @param {Clock} clock */
export async function a_page_begins_though_its_database_says_nothing(clock) {
  const storage = /** @type {any} */ ({ isDurable: true, all: () => new Promise(() => {}) });
  const acquiring = acquireLease(storage, "board");
  const watch = watched(acquiring.then(() => {}));
  await clock.pass(2_999);
  same(watch.isOver, false);
  await clock.pass(1);
  // It may answer later, and keeps what is written then.
  same((await acquiring).storage.isDurable, true);
}

export async function a_page_begins_though_its_database_refuses() {
  const refuse = () => Promise.reject(new Error("it is closed"));
  const lease = await acquireLease(/** @type {any} */ ({ isDurable: true, all: refuse }), "board");
  same(lease.storage.isDurable, false);
}

export async function a_record_that_cannot_be_read_is_free_for_others() {
  const record = { id: "unread", board: "board", owner: "gone", beat: 0, content: content("a") };
  const refuse = () => Promise.reject(new Error("it is broken"));
  await acquireLease(/** @type {any} */ ({ isDurable: true, all: async () => [record], read: refuse }), "board");
  const isHeld = async () => (await navigator.locks.query()).held?.some(({ name }) => name?.endsWith("unread"));
  // Locks are let go of in the browser's own time.
  for (let tries = 0; tries < 100 && (await isHeld()); tries += 1);
  same(await isHeld(), false);
}

/** @param {Clock} clock */
export async function a_record_that_comes_too_late_is_free_for_the_next_page(clock) {
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
  // Locks are let go of in the browser's own time.
  for (let tries = 0; tries < 100 && !next.content.composer; tries += 1) {
    next = await acquireLease(storage, "board");
  }
  same(next.content, content("a"));
}

/** @param {Clock} clock */
export async function a_page_that_only_beats_learns_that_its_record_is_lost_and_begins_again(clock) {
  const page = await loser(content("one"));
  await clock.pass(5_000);
  same(page.begun, 1);
}

export async function words_that_are_not_in_a_lost_record_are_kept_in_another_before_the_page_begins_again() {
  const page = await loser(content("one"));
  await page.writeBehind.write(content("one two"));
  same(sheets(page.storage), ["one", ["one two"]]);
  same([page.begun, page.writeBehind.isPersisted], [1, true]);
}

/** @param {Clock} clock */
export async function a_page_that_has_only_what_its_lost_record_holds_keeps_it_once(clock) {
  const { storage, lease } = await loser(content("one"));
  await clock.pass(5_000);
  lease.leave(content("one"));
  await clock.settle();
  same(sheets(storage), ["one", []]);
}

/** @param {Clock} clock */
export async function whoever_leaves_overwrites_no_record_that_was_lost(clock) {
  const { storage, lease } = await loser(content("one"));
  await clock.pass(5_000);
  lease.leave(content("one two"));
  await clock.settle();
  same(sheets(storage), ["one", ["one two"]]);
  same(storage.besides("record")[0].beat, 0, "the beat of what others may have");
}

/** @param {Clock} clock */
export async function whoever_leaves_overwrites_no_record_that_may_be_lost(clock) {
  const { storage, lease } = await loser(content("one"));
  clock.wall += 15_000;
  lease.leave(content("one two"));
  await clock.settle();
  same(sheets(storage), ["one", ["one two"]]);
}

/** @param {Clock} clock */
export async function whoever_leaves_while_the_loss_comes_out_loses_nothing(clock) {
  const { storage, lease, writeBehind } = await loser(content("one"));
  clock.wall += 15_000;
  writeBehind.write(content("one two"));
  lease.leave(content("one two three"));
  await clock.settle();
  same(sheets(storage), ["one", ["one two three"]]);
}

/** @param {Clock} clock */
export async function whoever_leaves_with_a_record_that_is_surely_theirs_has_one(clock) {
  const storage = new SharedStorage();
  const lease = new OutboxLease(/** @type {any} */ (storage), "record", "board", null);
  await new WriteBehind(lease, () => {}).write(content("one"));
  await clock.pass(60_000);
  lease.leave(content("one two"));
  await clock.settle();
  same(sheets(storage), ["one two", []]);
}

/** @param {Clock} clock */
export async function a_page_that_lost_its_record_does_not_begin_again_before_its_words_are_kept(clock) {
  const page = await loser(content("one"));
  const { storage, writeBehind } = page;
  storage.isFull = true;
  await writeBehind.write(content("one two"));
  same([page.begun, writeBehind.isPersisted], [0, false]);
  storage.isFull = false;
  await clock.pass(5_000);
  same([page.begun, ...sheets(storage)], [1, "one", ["one two"]]);
  same(writeBehind.isPersisted, true, "whether it is kept");
}

/** @param {Clock} clock */
export async function a_page_begins_again_once_however_long_the_next_one_takes(clock) {
  const page = await loser(content("one"));
  await page.writeBehind.write(content("one two"));
  await clock.pass(20_000);
  await page.writeBehind.write(content("one two three"));
  await clock.pass(5_000);
  same([page.begun, ...sheets(page.storage)], [1, "one", ["one two three"]]);
}

/** @param {Clock} clock */
export async function a_draft_that_was_set_aside_is_still_there_when_its_page_is_gone(clock) {
  const draft = { id: "draft", note: "note", text: "a", reason: { code: "note_gone", detail: "" }, at: 1 };
  const saved = { board: "board", actor: "me", notes: [], outbox: [], drafts: [] };
  const held = { ...draft, id: "held" };
  const { storage, lease, writeBehind } = await loser({ saved: { ...saved, drafts: [held] }, composer: null });
  const later = { saved: { ...saved, drafts: [held, draft] }, composer: null };
  await writeBehind.write(later);
  lease.leave({ ...later, composer: content("one").composer });
  await clock.settle();
  same(storage.besides("record").map(({ content }) => content.saved?.drafts), [[draft]]);
}

export async function words_that_no_other_page_can_have_are_kept_as_they_are() {
  const notes = [{ note: "note", ground: "a", inFlight: null, pending: [{ retain: 1 }, { insert: " one" }] }];
  const saved = { board: "board", actor: "me", notes, outbox: [], drafts: [] };
  const { storage, writeBehind } = await loser(content("one"), BLANK);
  await writeBehind.write({ saved, composer: null });
  same(storage.besides("record").map(({ content }) => content.saved), [saved]);
}

export async function words_that_another_page_may_send_as_well_are_a_draft() {
  const saved = { board: "board", actor: "me", drafts: [] };
  const trash = { id: "trash", body: JSON.stringify({ type: "trash_note", note: "other" }), key: null, at: 1 };
  const typed = (/** @type {string} */ words) => ({
    saved: {
      ...saved,
      notes: [{ note: "note", ground: "a", inFlight: null, pending: [{ retain: 1 }, { insert: words }] }],
      outbox: [{ edit: "note", at: 1 }, trash],
    },
    composer: null,
  });
  const page = await loser(typed(" one"));
  await page.writeBehind.write(typed(" one two"));
  const aside = page.storage.besides("record")[0].content.saved;
  same([aside?.notes, aside?.outbox], [[], [trash]]);
  same(aside?.drafts.map(({ note, text }) => [note, text]), [["note", "a one two"]]);
}

/** @param {Clock} clock */
export async function the_page_after_one_that_lost_its_record_finds_what_that_one_kept(clock) {
  const page = await loser(content("one"));
  page.storage.records.set("older", { id: "older", board: "board", owner: "gone", beat: 0, content: content("old") });
  await page.writeBehind.write(content("one two"));
  page.lease.leave(content("one two"));
  await clock.settle();
  await withoutLocks(async () => {
    same((await acquireLease(/** @type {any} */ (page.storage), "board")).content, content("one two"));
  });
}

/** @param {Clock} clock */
export async function a_record_is_taken_over_only_where_no_page_answers_for_it(clock) {
  const storage = new SharedStorage();
  const owner = new OutboxLease(/** @type {any} */ (storage), "slow", "board", null);
  await owner.write(content("one"));
  await clock.oversleep(60_000);
  storage.records.set("slow", { ...storage.besides("")[0], beat: 1 });
  await withoutLocks(async () => {
    const other = await acquireLease(/** @type {any} */ (storage), "board");
    same(other.content, BLANK, "what the second page has");
    owner.release();
    const later = acquireLease(/** @type {any} */ (storage), "board");
    await clock.settle();
    await clock.pass(500);
    same((await later).content, content("one"), "what the third page has");
  });
}

/** @param {Clock} clock */
export async function a_page_does_not_answer_for_a_record_that_it_asks_for(clock) {
  const storage = new SharedStorage();
  storage.records.set("crashed", { id: "crashed", board: "board", owner: "gone", beat: 1, content: content("one") });
  await withoutLocks(async () => {
    const acquiring = acquireLease(/** @type {any} */ (storage), "board");
    // Answers come in the browser's own time, for which half a second of a stopped clock is nothing.
    for (let turns = 0; turns < 100; turns += 1) await clock.settle();
    await clock.pass(500);
    same((await acquiring).content, content("one"));
  });
}

/** @param {Clock} clock */
export async function a_record_that_was_written_while_it_was_looked_at_is_not_taken_over(clock) {
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
