// @ts-check
// A board session that starts from the page's snapshot.

import { MemoryStorage } from "../../../web/assets/js/storage/outbox-storage.js";
import { BoardSession } from "../../../web/assets/js/sync/board-session.js";
import { OutboxLease } from "../../../web/assets/js/storage/outbox-lease.js";
import { covers } from "../../../web/assets/js/ui/page-snapshot.js";
import { same } from "./clauses.js";
import { SharedStorage } from "./shared-storage.js";

/** @typedef {import("./stopped-clock.js").StoppedClock} Clock */
/** @typedef {import("../../../web/assets/js/sync/server-board.js").Note} Note */
/** @typedef {import("../../../web/assets/js/sync/persisted-state.js").PersistedState} PersistedState */

const ADA = { id: "ada", name: "Ada", colour: 3 };
const BOB = { id: "bob", name: "Bob", colour: 8 };
const HEAD = { seq: 1, event: "first" };
/** @type {Note} */
const NOTE = {
  id: "note", text: "Milk", colour: "paper", rank: "V", state: "live", seq: 1, edited_by: ADA, edited_at: 0,
};
/** @type {Note} */
const OTHER_NOTE = { ...NOTE, id: "other", text: "Bread", rank: "W" };
/** @type {PersistedState} */
const NOTHING_UNSENT = { board: "board", actor: "ada", notes: [], outbox: [], drafts: [] };

/** @param {Note[]} notes */
function snapshot(notes) {
  return { board: "board", position: HEAD, title: "A board", role: "editor", notes };
}

/**
 * A session whose frames are recorded, and whose messages come from the test.
 * @param {{notes?: Note[], unsent?: PersistedState | null, lease?: OutboxLease}} [page]
 */
function start({ notes = [NOTE], unsent = null, lease = leaseInMemory() } = {}) {
  /** @type {any[]} */
  const sent = [];
  const send = (/** @type {string} */ frame) => sent.push(JSON.parse(frame));
  const connection = /** @type {any} */ ({ generation: 1, welcome: null, add() {}, send });
  if (unsent) lease.adopt({ saved: unsent, composer: null });
  return { sent, session: new BoardSession("board", lease, connection, snapshot(notes)) };
}

function leaseInMemory() {
  return new OutboxLease(new MemoryStorage(), "record", "board", () => {});
}

/** The server lets the page join, with what happened since. @param {BoardSession} session @param {any[]} [events] */
function join(session, events = []) {
  session.connected({ actor: ADA });
  const head = events.at(-1) ? { seq: events.at(-1).seq, event: events.at(-1).id } : HEAD;
  session.receive({ type: "joined", board: "board", role: "editor", head });
  for (const event of events) session.receive({ type: "event", event });
}

/** Bob's edit after the snapshot. @param {any} delta */
function bobsEdit(delta) {
  const change = { type: "note_edited", note: "note", delta };
  return { board: "board", seq: 2, from: 2, id: "second", prev: "first", message: "bobs", actor: BOB, at: 10, change };
}

/** The bodies of the commands among sent messages. @param {any[]} sent */
function commands(sent) {
  return sent.filter(({ type }) => type === "command").map(({ body }) => body);
}

/** @param {Clock} clock */
export async function it_joins_at_the_position_of_the_snapshot_and_pulls_nothing(clock) {
  const { session, sent } = start();
  join(session);
  await clock.pass(300);
  same(sent, [{ v: 1, type: "join", board: "board", position: HEAD }]);
  same([session.notes.map(({ id }) => id), session.text("note")], [["note"], "Milk"]);
}

/** @param {Clock} clock */
export async function an_edit_before_the_join_is_sent_after_it_and_merged(clock) {
  const { session, sent } = start();
  session.type("note", [{ retain: 4 }, { insert: "!" }]);
  session.flush("note");
  join(session, [bobsEdit([{ retain: 4 }, { insert: " and eggs" }])]);
  await clock.pass(300);
  same(session.text("note"), "Milk and eggs!");
  same(commands(sent).map(({ delta }) => delta), [[{ retain: 13 }, { insert: "!" }]]);
}

export function an_edit_before_the_join_is_unsaved_since_it_was_flushed() {
  const { session } = start();
  session.type("note", [{ retain: 4 }, { insert: "!" }]);
  same(session.saveStatus("note").state, "editing");
  session.flush("note");
  const { since } = session.saveStatus("note");
  same(session.unsavedSince(), since);
  join(session);
  same([session.saveStatus("note"), session.unsavedSince()], [{ state: "saving", since }, since]);
}

/** @param {Clock} clock */
export async function an_edit_is_sent_before_a_later_trash_of_its_note(clock) {
  const { session, sent } = start();
  session.type("note", [{ retain: 4 }, { insert: "!" }]);
  session.flush("note");
  session.submit({ type: "trash_note", note: "note" });
  join(session);
  await clock.pass(300);
  same(session.notes.map(({ state }) => state), ["trashed"]);
  same(commands(sent).map(({ type }) => type), ["edit_note"]);
}

export function unsent_edits_are_rebased_on_the_snapshot() {
  const edit = { note: "note", ground: "Milk", inFlight: null, pending: [{ insert: "Oat " }] };
  const unsent = { ...NOTHING_UNSENT, notes: [edit] };
  const { session } = start({ notes: [{ ...NOTE, text: "Milk and bread" }], unsent });
  same([session.text("note"), session.unsentCount()], ["Oat Milk and bread", 1]);
  session.type("note", [{ retain: 18 }, { insert: " and rice" }]);
  join(session);
  same([session.text("note"), session.machine.drafts()], ["Oat Milk and bread and rice", []]);
}

/** @param {Clock} clock */
export async function a_page_of_one_note_ignores_events_of_others(clock) {
  const { session, sent } = start();
  const event = bobsEdit([{ insert: "Brown " }]);
  join(session, [{ ...event, change: { ...event.change, note: "other" } }]);
  session.type("note", [{ retain: 4 }, { insert: "!" }]);
  session.flush("note");
  await clock.pass(300);
  same(session.notes.map(({ id }) => id), ["note"]);
  same(commands(sent).map(({ base }) => base), [{ seq: 2, event: "second" }]);
}

export function a_snapshot_covers_an_outbox_that_changes_only_its_notes() {
  const edit = (/** @type {string} */ note) => ({ note, ground: "", inFlight: null, pending: [{ insert: "a" }] });
  const command = (/** @type {any} */ body) => ({ id: "id", body: JSON.stringify(body), key: null, at: 1 });
  const isCovered = (/** @type {any} */ part) =>
    covers(snapshot([NOTE]), { saved: { ...NOTHING_UNSENT, ...part }, composer: null });
  same(isCovered({ notes: [edit("note")], outbox: [{ edit: "note", at: 1 }] }), true, "an edit");
  same(isCovered({ notes: [edit("other")] }), false, "an edit of another note");
  same(isCovered({ outbox: [command({ type: "trash_note", note: "other" })] }), false, "a command for another note");
  const creation = command({ type: "create_note", note: "new", text: "", colour: "paper", rank: "W" });
  same(isCovered({ notes: [edit("new")], outbox: [creation] }), true, "a new note and its edit");
  same(isCovered({ outbox: [command({ type: "rename_board", title: "Named" })] }), true, "a new title");
  same(covers(snapshot([]), { saved: null, composer: { text: "a", colour: "paper" } }), true, "a new note's text");
}

export function a_command_that_is_not_stored_yet_is_sent_on_page_hide() {
  const { session } = start({ notes: [NOTE, OTHER_NOTE] });
  join(session);
  session.submit({ type: "trash_note", note: "note" });
  same(session.leave([]).map((frame) => JSON.parse(frame).body.type), ["trash_note"]);
}

/** @param {Clock} clock */
export async function a_page_whose_lease_may_be_lost_sends_nothing_on_page_hide(clock) {
  const lease = new OutboxLease(/** @type {any} */ (new SharedStorage()), "record", "board", null);
  const { session } = start({ lease });
  join(session);
  session.type("note", [{ retain: 4 }, { insert: "!" }]);
  await clock.pass(300);
  clock.wall += 15_000;
  same(session.leave(["note"]), []);
}
