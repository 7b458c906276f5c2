// @ts-check
// Resends, pauses and save statuses, whatever the clocks do.

import { BoardClient } from "../../../web/assets/js/sync/board-client.js";
import { OutboxLease } from "../../../web/assets/js/storage/outbox-lease.js";
import { REFRESH_EVERY_MS, isLate, saveStatusOf } from "../../../web/assets/js/ui/note-save-status.js";
import { BoardSession } from "../../../web/assets/js/sync/board-session.js";
import { same } from "./clauses.js";
import { ManualStorage } from "./manual-storage.js";

/** @typedef {import("./stopped-clock.js").StoppedClock} Clock */

const DAY = 86_400_000;
const ME = { id: "me", name: "Ada", colour: 3 };
const HEAD = { seq: 1, event: "first" };
/** @type {import("../../../web/assets/js/sync/server-board.js").Note} */
const NOTE = {
  id: "note", text: "one", colour: "paper", rank: "V", state: "live", seq: 1, edited_by: ME, edited_at: 0,
};
const TRASH = { type: "trash_note", note: "note" };

/** @param {number} monotonic @param {number} [wall] */
function clockAndIds(monotonic, wall = monotonic) {
  return { wall, monotonic, mint: () => crypto.randomUUID() };
}

/**
 * A join from the start: `base_gone`, the only page of the board, and `joined`.
 * @param {(message: any) => void} receive
 * @param {() => string} query the id of the query that was sent
 */
function join(receive, query) {
  const page = { type: "board_page", board: "board", title: "A board", role: "editor", position: HEAD, notes: [NOTE] };
  receive({ type: "base_gone", board: "board", role: "editor", head: HEAD });
  receive({ type: "reply", id: query(), body: page });
  receive({ type: "joined", board: "board", role: "editor", head: HEAD });
}

function live() {
  const client = new BoardClient("board", "me");
  client.connected({ actor: ME }, clockAndIds(0));
  const query = () => JSON.parse(client.takeOutgoing().at(-1) ?? "{}").id;
  join((message) => client.receive(message, clockAndIds(0)), query);
  client.takeOutgoing();
  return client;
}

/** Reconnects to a server with an older state. @param {BoardClient} client */
function joinOlder(client) {
  client.disconnected();
  client.connected({ actor: ME }, clockAndIds(30));
  join((message) => client.receive(message, clockAndIds(30)), () => JSON.parse(client.takeOutgoing().at(-1) ?? "{}").id);
  client.takeOutgoing();
}

/** The types of the commands among frames. @param {string[]} frames */
function commands(frames) {
  const messages = frames.map((frame) => JSON.parse(frame));
  return messages.filter(({ type }) => type === "command").map(({ body }) => body.type);
}

export function a_command_is_resent_in_time_when_the_wall_clock_is_set_back() {
  const client = live();
  client.submit(TRASH, { ...clockAndIds(10), id: "first" });
  same(commands(client.takeOutgoing()), ["trash_note"]);
  client.tick(clockAndIds(5_010, 10 - DAY));
  same(commands(client.takeOutgoing()), ["trash_note"]);
}

export function a_requested_pause_ends_in_time_when_the_wall_clock_is_set_back() {
  const client = live();
  client.submit(TRASH, { ...clockAndIds(10), id: "first" });
  client.receive({ type: "again", board: "board", id: "first", after_ms: 300 }, clockAndIds(20));
  client.takeOutgoing();
  client.tick(clockAndIds(320, 20 - DAY));
  same(commands(client.takeOutgoing()), ["trash_note"]);
}

export function a_restored_command_keeps_its_age_on_the_wall_clock() {
  const client = live();
  client.submit(TRASH, { ...clockAndIds(10, DAY), id: "first" });
  const unsent = JSON.parse(JSON.stringify(client.persistedState()));
  const since = (/** @type {number} */ now) =>
    BoardClient.restore(unsent, { ...clockAndIds(5_000, now), actor: "me" }).unsavedSince();
  same(since(DAY + 4_000), 1_000);
  same(since(0), 5_000, "when the clock was set back");
  same(BoardClient.restore(unsent, { ...clockAndIds(5_000, 90 * DAY), actor: "me" }).unsentCount(), 0, "the count after 90 days");
}

export function a_command_that_is_too_long_for_this_server_becomes_a_draft() {
  const client = live();
  client.edit("note", [{ retain: 3 }, { insert: " two" }]);
  client.flush("note", clockAndIds(10));
  same(commands(client.takeOutgoing()), ["edit_note"]);
  client.submit({ type: "recolour_note", note: "note", colour: "red" }, { ...clockAndIds(10), id: "first" });
  client.tooLong(clockAndIds(20));
  client.disconnected();
  same(client.drafts().map(({ text, reason }) => [text, reason.code]), [["one two", "text_too_long"]]);
  same([client.text("note"), client.saveStatus("note").state, client.unsentCount()], ["one", "rejected", 1]);
}

export function a_saved_edit_that_the_server_lost_becomes_a_draft() {
  const client = live();
  client.edit("note", [{ retain: 3 }, { insert: " two" }]);
  client.flush("note", clockAndIds(10));
  const { id, body } = JSON.parse(client.takeOutgoing()[0]);
  const event = { board: "board", seq: 2, from: 2, id: "second", prev: "first", message: id, actor: ME, at: 10 };
  client.receive({ type: "event", event: { ...event, change: { ...body, type: "note_edited" } } }, clockAndIds(20));
  same([client.text("note"), client.position()?.seq], ["one two", 2]);
  const unsent = JSON.parse(JSON.stringify(client.persistedState()));
  const later = BoardClient.restore(unsent, { ...clockAndIds(0, 30), actor: "me" });
  for (const it of [client, later]) {
    joinOlder(it);
    const rejected = { result: "rejected", code: "base_gone", detail: "that is another history" };
    it.receive({ type: "outcome", board: "board", id, outcome: rejected }, clockAndIds(40));
    same(it.drafts().map(({ text, reason }) => [text, reason.code]), [["one two", "base_gone"]]);
    same([it.text("note"), it.unsentCount()], ["one", 0]);
  }
}

export function a_saved_note_that_the_server_lost_becomes_a_draft() {
  const client = live();
  const made = { note: "new", text: "words", colour: "paper", rank: "W" };
  client.submit({ type: "create_note", ...made }, { ...clockAndIds(10), id: "first" });
  const event = { board: "board", seq: 2, from: 2, id: "second", prev: "first", message: "first", actor: ME, at: 10 };
  client.receive({ type: "event", event: { ...event, change: { type: "note_created", ...made } } }, clockAndIds(20));
  client.edit("new", [{ retain: 5 }, { insert: " more" }]);
  const unsent = JSON.parse(JSON.stringify(client.persistedState()));
  const later = BoardClient.restore(unsent, { ...clockAndIds(0, 30), actor: "me" });
  for (const it of [client, later]) {
    joinOlder(it);
    const rejected = { result: "rejected", code: "board_full", detail: "there are too many notes" };
    it.receive({ type: "outcome", board: "board", id: "first", outcome: rejected }, clockAndIds(40));
    same(it.drafts().map(({ text, reason }) => [text, reason.code]), [["words more", "board_full"]]);
    same([it.notes().length, it.unsentCount()], [1, 0]);
  }
}

export function an_edit_is_shown_as_late_within_three_seconds() {
  const page = { isOffline: false, isPersisted: true, clock: 3_000 - REFRESH_EVERY_MS };
  same(saveStatusOf({ state: "saving", since: 0 }, page), "late");
  same(saveStatusOf({ state: "saving", since: 0 }, { ...page, clock: 1_000 }), "saving");
}

export function a_command_without_text_is_late_within_three_seconds() {
  const client = live();
  same(client.unsavedSince(), null);
  client.submit(TRASH, { ...clockAndIds(10), id: "first" });
  client.submit({ type: "restore_note", note: "note" }, { ...clockAndIds(900), id: "second" });
  same(client.unsavedSince(), 10);
  same([isLate(10, 2_000), isLate(10, 3_010 - REFRESH_EVERY_MS)], [false, true]);
}

/** @param {Clock} clock */
export async function an_edit_is_sent_within_three_seconds_when_the_database_hangs(clock) {
  const storage = new ManualStorage();
  /** @type {string[]} */
  const sent = [];
  const connection = { generation: 1, welcome: null, add() {}, send: (/** @type {string} */ it) => sent.push(it) };
  const lease = new OutboxLease(/** @type {any} */ (storage), "record", "board", () => {});
  const snapshot = { board: "board", title: "A board", role: "editor", position: HEAD, notes: [NOTE] };
  const session = new BoardSession("board", lease, /** @type {any} */ (connection), snapshot);
  session.connected({ actor: ME });
  session.receive({ type: "joined", board: "board", role: "editor", head: HEAD });
  for (let key = 0; key < 50; key++) {
    session.type("note", [{ insert: "x" }]);
    await clock.pass(200);
  }
  same(commands(sent), []);
  session.flush("note");
  await clock.pass(3_000);
  same(commands(sent), ["edit_note"]);
  session.stop();
}
