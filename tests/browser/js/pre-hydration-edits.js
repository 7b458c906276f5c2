// @ts-check
// What is typed before the board is known.

import { MemoryStorage } from "../../../web/assets/js/storage/outbox-storage.js";
import { BoardSession } from "../../../web/assets/js/sync/board-session.js";
import { OutboxLease } from "../../../web/assets/js/storage/outbox-lease.js";
import { same } from "./clauses.js";
import { SharedStorage } from "./shared-storage.js";

/** @typedef {import("./stopped-clock.js").StoppedClock} Clock */

const ME = { id: "me", name: "Ada", colour: 3 };
const HEAD = { seq: 1, event: "first" };
const NOTE = {
  id: "note", text: "Milk", colour: "paper", rank: "V", state: "live", seq: 1, edited_by: ME, edited_at: 0,
};

/**
 * A page whose frames go nowhere, and which hears what a test says.
 * @param {import("../../../web/assets/js/sync/unsent-state.js").UnsentState | null} [kept]
 * @param {OutboxLease} [lease]
 */
function page(kept = null, lease = new OutboxLease(new MemoryStorage(), "record", "board", () => {})) {
  /** @type {any[]} */
  const sent = [];
  const connection = {
    generation: 1, welcome: null, add() {}, send: (/** @type {string} */ frame) => sent.push(JSON.parse(frame)),
  };
  if (kept) lease.adopt({ saved: kept, composer: null });
  return { sent, session: new BoardSession("board", lease, /** @type {any} */ (connection)) };
}

/** Somebody types at the end of what the page shows. @param {BoardSession} session @param {string} words @param {string} shown */
function typeBehind(session, words, shown) {
  session.type("note", [{ retain: shown.length }, { insert: words }], shown);
}

/** @param {BoardSession} session */
function connect(session) {
  session.connected({ actor: ME });
  session.receive({ type: "base_gone", board: "board", role: "editor", head: HEAD });
}

/** The board comes. @param {BoardSession} session @param {any[]} notes */
function pull(session, notes) {
  const { subscription } = session.machine;
  if (subscription.state !== "pulling") throw new Error(`the board is not asked for, but ${subscription.state}`);
  const page = { type: "board_page", board: "board", title: "A board", role: "editor", position: HEAD, notes };
  session.receive({ type: "reply", id: subscription.query, body: page });
  session.receive({ type: "joined", board: "board", role: "editor", head: HEAD });
}

/** The commands that went out. @param {any[]} sent */
function commands(sent) {
  return sent.filter(({ type }) => type === "command").map(({ body }) => body);
}

/** @param {Clock} clock */
export async function it_takes_nothing_away_that_others_wrote_meanwhile(clock) {
  const { session, sent } = page();
  typeBehind(session, "!", "Milk");
  session.flush("note");
  connect(session);
  pull(session, [{ ...NOTE, text: "Milk and eggs" }]);
  await clock.pass(300);
  same(session.text("note"), "Milk and eggs!");
  same(commands(sent).map(({ delta }) => delta), [[{ retain: 13 }, { insert: "!" }]]);
}

export function a_page_that_still_shows_an_older_text_takes_nothing_away_either() {
  const { session } = page();
  connect(session);
  pull(session, [{ ...NOTE, text: "Milk and eggs" }]);
  same(session.type("note", [{ retain: 4 }, { insert: "!" }], "Milk"), "Milk and eggs!");
}

export function it_waits_from_when_it_was_left() {
  const { session } = page();
  typeBehind(session, "!", "Milk");
  session.flush("note");
  const since = session.saveStatus("note").since;
  same(session.unsavedSince(), since);
  connect(session);
  same([session.saveStatus("note"), session.unsavedSince()], [{ state: "saving", since }, since]);
}

/** @param {Clock} clock */
export async function it_goes_before_what_was_done_to_its_note_then(clock) {
  const { session, sent } = page();
  connect(session);
  typeBehind(session, "!", "Milk");
  session.flush("note");
  session.trashNote("note");
  pull(session, [NOTE]);
  await clock.pass(300);
  same(session.notes.map(({ state }) => state), ["trashed"]);
  same(commands(sent).map(({ type }) => type), ["edit_note"]);
}

export function it_does_not_have_the_board_asked_for_anew() {
  const { session } = page();
  connect(session);
  typeBehind(session, "!", "Milk");
  pull(session, [NOTE]);
  same([session.isLoaded, session.text("note"), session.machine.joinState()], [true, "Milk!", "live"]);
}

export function it_goes_on_from_what_an_earlier_page_kept() {
  const kept = { note: "note", ground: "Milk", inFlight: null, pending: [{ insert: "Oat " }] };
  const { session } = page({ board: "board", actor: "me", notes: [kept], outbox: [], drafts: [] });
  const shown = session.type("note", [{ retain: 14 }, { insert: " and rice" }], "Milk and bread");
  same([shown.includes("Oat "), shown.includes(" and rice")], [true, true], shown);
  connect(session);
  pull(session, [{ ...NOTE, text: "Milk and bread" }]);
  same([session.text("note"), session.machine.drafts()], ["Oat Milk and bread and rice", []]);
}

export function it_becomes_a_draft_where_its_note_is_gone() {
  const { session } = page();
  typeBehind(session, "!", "Milk");
  connect(session);
  pull(session, []);
  same(session.machine.drafts().map(({ text }) => text), ["Milk!"]);
}

export function a_command_that_waits_to_be_kept_goes_out_with_the_page() {
  const { session } = page();
  connect(session);
  pull(session, [NOTE]);
  session.submit({ type: "trash_note", note: "note" });
  same(session.leave([]).map((frame) => JSON.parse(frame).body.type), ["trash_note"]);
}

/** @param {Clock} clock */
export async function a_page_whose_record_may_be_anothers_sends_nothing_as_it_goes(clock) {
  const { session } = page(null, new OutboxLease(/** @type {any} */ (new SharedStorage()), "record", "board", null));
  connect(session);
  pull(session, [NOTE]);
  typeBehind(session, "!", "Milk");
  await clock.pass(300);
  clock.wall += 15_000;
  same(session.leave(["note"]), []);
}
