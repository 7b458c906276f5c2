// @ts-check
// What a page keeps, before a database that is slow, hangs or refuses.

import { Keeping } from "../../../web/assets/js/keeping.js";
import { Claim, claimFor } from "../../../web/assets/js/tabs.js";
import { same } from "./clauses.js";
import { HandKeep } from "./hand-keep.js";

/** @typedef {import("./stopped-clock.js").StoppedClock} Clock */

/** @param {string} text */
function content(text) {
  return { saved: null, composer: { text, colour: "paper" } };
}

function begin() {
  const keep = new HandKeep();
  const claim = new Claim(/** @type {any} */ (keep), "record", "board", () => {});
  return { keep, claim, keeping: new Keeping(claim) };
}

/** @param {Promise<void>} promise */
function watched(promise) {
  const watch = { isOver: false };
  promise.then(() => (watch.isOver = true));
  return watch;
}

/** @param {Clock} clock */
export async function while_a_write_runs_only_the_newest_waits(clock) {
  const { keep, keeping } = begin();
  keeping.keep(content("a"));
  await clock.settle();
  for (const text of ["ab", "abc", "abcd"]) keeping.keep(content(text));
  await clock.settle();
  same(keep.texts, ["a"]);
  keep.writes[0].done();
  await clock.settle();
  same(keep.texts, ["a", "abcd"]);
}

/** @param {Clock} clock */
export async function what_waits_to_be_sent_waits_for_the_write_that_contains_it(clock) {
  const { keep, keeping } = begin();
  keeping.keep(content("a"));
  await clock.settle();
  const watch = watched(keeping.keep(content("ab")));
  keep.writes[0].done();
  await clock.settle();
  same(watch.isOver, false);
  keep.writes[1].done();
  await clock.settle();
  same(watch.isOver, true);
}

/** @param {Clock} clock */
export async function nobody_waits_for_more_than_three_seconds(clock) {
  const { keep, keeping } = begin();
  keeping.keep(content("a"));
  await clock.pass(2_000);
  const watch = watched(keeping.keep(content("ab")));
  keep.writes[0].done();
  await clock.pass(2_999);
  same(watch.isOver, false);
  await clock.pass(1);
  same(watch.isOver, true);
}

/** @param {Clock} clock */
export async function a_write_that_hangs_is_told_of_and_waited_for_once(clock) {
  const { keep, keeping } = begin();
  keeping.keep(content("a"));
  await clock.settle();
  await clock.pass(3_000);
  same(keeping.isKept, false);
  const watch = watched(keeping.keep(content("ab")));
  await clock.settle();
  same(watch.isOver, true);
  same(keep.texts, ["a"]);
  keep.writes[0].done();
  await clock.settle();
  same([keeping.isKept, keep.texts], [true, ["a", "ab"]]);
}

/** @param {Clock} clock */
export async function a_write_that_failed_is_made_again(clock) {
  const { keep, keeping } = begin();
  keeping.keep(content("a"));
  await clock.settle();
  keep.writes[0].fail(new Error("the disk is full"));
  await clock.settle();
  same(keeping.isKept, false);
  keeping.keep(content("a"));
  await clock.settle();
  same(keep.texts, ["a", "a"]);
}

/** @param {Clock} clock */
export async function what_is_kept_is_not_written_again(clock) {
  const { keep, claim, keeping } = begin();
  keeping.keep(content("a"));
  await clock.settle();
  keep.writes[0].done();
  await clock.settle();
  keeping.keep(content("a"));
  await clock.settle();
  claim.leave(content("a"));
  same(keep.texts, ["a"]);
}

/** @param {Clock} clock */
export async function whoever_leaves_writes_what_failed(clock) {
  const { keep, claim, keeping } = begin();
  keeping.keep(content("a"));
  await clock.settle();
  keep.writes[0].fail(new Error("the disk is full"));
  await clock.settle();
  claim.leave(content("a"));
  same(keep.texts, ["a", "a"]);
}

/** @param {Clock} clock */
export async function whoever_leaves_while_another_content_is_written_has_the_last_word(clock) {
  const { keep, claim, keeping } = begin();
  keeping.keep(content("a"));
  await clock.settle();
  keep.writes[0].done();
  await clock.settle();
  keeping.keep(content("ab"));
  await clock.settle();
  claim.leave(content("a"));
  same(keep.texts, ["a", "ab", "a"]);
}

/** @param {Clock} clock */
export async function nothing_is_written_to_a_record_that_was_left(clock) {
  const { keep, claim, keeping } = begin();
  keeping.keep(content("a"));
  await clock.settle();
  keeping.keep(content("ab"));
  claim.leave(content("abc"));
  keep.writes[0].done();
  await clock.settle();
  same(keep.texts, ["a", "abc"]);
}

/** @param {Clock} clock */
export async function a_page_begins_though_its_database_says_nothing(clock) {
  const keep = /** @type {any} */ ({ isDurable: true, all: () => new Promise(() => {}) });
  const claiming = claimFor(keep, "board");
  const watch = watched(claiming.then(() => {}));
  await clock.pass(2_999);
  same(watch.isOver, false);
  await clock.pass(1);
  // It may answer later, and keeps what is written then.
  same((await claiming).keep.isDurable, true);
}

export async function a_page_begins_though_its_database_refuses() {
  const refuse = () => Promise.reject(new Error("it is closed"));
  const claim = await claimFor(/** @type {any} */ ({ isDurable: true, all: refuse }), "board");
  same(claim.keep.isDurable, false);
}

export async function a_record_that_cannot_be_read_is_free_for_others() {
  const record = { id: "unread", board: "board", owner: "gone", beat: 0, content: content("a") };
  const refuse = () => Promise.reject(new Error("it is broken"));
  await claimFor(/** @type {any} */ ({ isDurable: true, all: async () => [record], read: refuse }), "board");
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
  const keep = /** @type {any} */ ({ isDurable: true, all: () => all, read: async () => record });
  const claiming = claimFor(keep, "board");
  await clock.pass(3_000);
  answer([record]);
  await claiming;
  let next = await claimFor(keep, "board");
  // Locks are let go of in the browser's own time.
  for (let tries = 0; tries < 100 && !next.content.composer; tries += 1) {
    next = await claimFor(keep, "board");
  }
  same(next.content, content("a"));
}
