// @ts-check
// Write-behind with a slow, hanging or failing database, and after another page took the record over.

import { WriteBehind } from "../../../web/assets/js/storage/write-behind.js";
import { OutboxLease } from "../../../web/assets/js/storage/outbox-lease.js";
import { same } from "./clauses.js";
import { SharedStorage } from "./shared-storage.js";
import { EMPTY, content, newNoteTexts, pageWithLock, pageWithLostLease, watch } from "./storage-fixtures.js";

/** @typedef {import("./stopped-clock.js").StoppedClock} Clock */

/** @param {Clock} clock */
export async function only_the_latest_content_is_written_after_a_running_write(clock) {
  const { storage, writeBehind } = pageWithLock();
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
export async function a_write_settles_when_its_content_is_stored(clock) {
  const { storage, writeBehind } = pageWithLock();
  writeBehind.write(content("a"));
  await clock.settle();
  const written = watch(writeBehind.write(content("ab")));
  storage.writes[0].done();
  await clock.settle();
  same(written.isSettled, false);
  storage.writes[1].done();
  await clock.settle();
  same(written.isSettled, true);
}

/** @param {Clock} clock */
export async function a_write_settles_after_three_seconds_at_most(clock) {
  const { storage, writeBehind } = pageWithLock();
  writeBehind.write(content("a"));
  await clock.pass(2_000);
  const written = watch(writeBehind.write(content("ab")));
  storage.writes[0].done();
  await clock.pass(2_999);
  same(written.isSettled, false);
  await clock.pass(1);
  same(written.isSettled, true);
}

/** @param {Clock} clock */
export async function a_hanging_write_is_reported_and_awaited_once(clock) {
  const { storage, writeBehind } = pageWithLock();
  writeBehind.write(content("a"));
  await clock.settle();
  await clock.pass(3_000);
  same(writeBehind.isPersisted, false);
  const written = watch(writeBehind.write(content("ab")));
  await clock.settle();
  same(written.isSettled, true);
  same(storage.texts, ["a"]);
  storage.writes[0].done();
  await clock.settle();
  same([writeBehind.isPersisted, storage.texts], [true, ["a", "ab"]]);
}

/** @param {Clock} clock */
export async function a_failed_write_is_repeated(clock) {
  const { storage, writeBehind } = pageWithLock();
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
export async function stored_content_is_not_written_again(clock) {
  const { storage, lease, writeBehind } = pageWithLock();
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
export async function a_closing_page_repeats_a_failed_write(clock) {
  const { storage, lease, writeBehind } = pageWithLock();
  writeBehind.write(content("a"));
  await clock.settle();
  storage.writes[0].fail(new Error("the disk is full"));
  await clock.settle();
  lease.leave(content("a"));
  same(storage.texts, ["a", "a"]);
}

/** @param {Clock} clock */
export async function a_closing_page_writes_last_even_during_another_write(clock) {
  const { storage, lease, writeBehind } = pageWithLock();
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
export async function nothing_is_written_to_a_released_record(clock) {
  const { storage, lease, writeBehind } = pageWithLock();
  writeBehind.write(content("a"));
  await clock.settle();
  writeBehind.write(content("ab"));
  lease.leave(content("abc"));
  storage.writes[0].done();
  await clock.settle();
  same(storage.texts, ["a", "abc"]);
}

/** @param {Clock} clock */
export async function a_heartbeat_notices_a_lost_lease_and_the_page_reloads(clock) {
  const page = await pageWithLostLease(content("one"));
  await clock.pass(5_000);
  same(page.reloads, 1);
}

export async function text_missing_from_a_lost_record_is_stored_separately_before_the_reload() {
  const page = await pageWithLostLease(content("one"));
  await page.writeBehind.write(content("one two"));
  same(newNoteTexts(page.storage), ["one", ["one two"]]);
  same([page.reloads, page.writeBehind.isPersisted], [1, true]);
}

/** @param {Clock} clock */
export async function text_that_a_lost_record_holds_is_stored_once(clock) {
  const { storage, lease } = await pageWithLostLease(content("one"));
  await clock.pass(5_000);
  lease.leave(content("one"));
  await clock.settle();
  same(newNoteTexts(storage), ["one", []]);
}

/** @param {Clock} clock */
export async function a_closing_page_does_not_overwrite_a_lost_record(clock) {
  const { storage, lease } = await pageWithLostLease(content("one"));
  await clock.pass(5_000);
  lease.leave(content("one two"));
  await clock.settle();
  same(newNoteTexts(storage), ["one", ["one two"]]);
  same(storage.othersThan("record")[0].beat, 0, "the heartbeat of a separate record");
}

/** @param {Clock} clock */
export async function a_closing_page_does_not_overwrite_a_record_that_may_be_lost(clock) {
  const { storage, lease } = await pageWithLostLease(content("one"));
  clock.wall += 15_000;
  lease.leave(content("one two"));
  await clock.settle();
  same(newNoteTexts(storage), ["one", ["one two"]]);
}

/** @param {Clock} clock */
export async function a_page_that_closes_while_it_notices_the_loss_keeps_its_text(clock) {
  const { storage, lease, writeBehind } = await pageWithLostLease(content("one"));
  clock.wall += 15_000;
  writeBehind.write(content("one two"));
  lease.leave(content("one two three"));
  await clock.settle();
  same(newNoteTexts(storage), ["one", ["one two three"]]);
}

/** @param {Clock} clock */
export async function a_closing_page_with_a_valid_lease_writes_one_record(clock) {
  const storage = new SharedStorage();
  const lease = new OutboxLease(/** @type {any} */ (storage), "record", "board", null);
  await new WriteBehind(lease, () => {}).write(content("one"));
  await clock.pass(60_000);
  lease.leave(content("one two"));
  await clock.settle();
  same(newNoteTexts(storage), ["one two", []]);
}

/** @param {Clock} clock */
export async function a_page_with_a_lost_lease_reloads_only_after_its_text_is_stored(clock) {
  const page = await pageWithLostLease(content("one"));
  const { storage, writeBehind } = page;
  storage.isFull = true;
  await writeBehind.write(content("one two"));
  same([page.reloads, writeBehind.isPersisted], [0, false]);
  storage.isFull = false;
  await clock.pass(5_000);
  same([page.reloads, ...newNoteTexts(storage)], [1, "one", ["one two"]]);
  same(writeBehind.isPersisted, true, "persisted");
}

/** @param {Clock} clock */
export async function a_page_with_a_lost_lease_reloads_once(clock) {
  const page = await pageWithLostLease(content("one"));
  await page.writeBehind.write(content("one two"));
  await clock.pass(20_000);
  await page.writeBehind.write(content("one two three"));
  await clock.pass(5_000);
  same([page.reloads, ...newNoteTexts(page.storage)], [1, "one", ["one two three"]]);
}

/** @param {Clock} clock */
export async function a_draft_stored_separately_survives_its_page(clock) {
  const draft = { id: "draft", note: "note", text: "a", reason: { code: "note_gone", detail: "" }, at: 1 };
  const saved = { board: "board", actor: "me", notes: [], outbox: [], drafts: [] };
  const held = { ...draft, id: "held" };
  const { storage, lease, writeBehind } = await pageWithLostLease({ saved: { ...saved, drafts: [held] }, composer: null });
  const later = { saved: { ...saved, drafts: [held, draft] }, composer: null };
  await writeBehind.write(later);
  lease.leave({ ...later, composer: content("one").composer });
  await clock.settle();
  same(storage.othersThan("record").map(({ content }) => content.saved?.drafts), [[draft]]);
}

export async function edits_that_no_other_page_has_are_stored_unchanged() {
  const notes = [{ note: "note", ground: "a", inFlight: null, pending: [{ retain: 1 }, { insert: " one" }] }];
  const saved = { board: "board", actor: "me", notes, outbox: [], drafts: [] };
  const { storage, writeBehind } = await pageWithLostLease(content("one"), EMPTY);
  await writeBehind.write({ saved, composer: null });
  same(storage.othersThan("record").map(({ content }) => content.saved), [saved]);
}

export async function edits_that_another_page_may_send_become_drafts() {
  const saved = { board: "board", actor: "me", drafts: [] };
  const trash = { id: "trash", body: JSON.stringify({ type: "trash_note", note: "other" }), key: null, at: 1 };
  const typed = (/** @type {string} */ text) => ({
    saved: {
      ...saved,
      notes: [{ note: "note", ground: "a", inFlight: null, pending: [{ retain: 1 }, { insert: text }] }],
      outbox: [{ edit: "note", at: 1 }, trash],
    },
    composer: null,
  });
  const page = await pageWithLostLease(typed(" one"));
  await page.writeBehind.write(typed(" one two"));
  const separate = page.storage.othersThan("record")[0].content.saved;
  same([separate?.notes, separate?.outbox], [[], [trash]]);
  same(separate?.drafts.map(({ note, text }) => [note, text]), [["note", "a one two"]]);
}
