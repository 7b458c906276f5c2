// @ts-check
// What a view shows: the server's state with the pending commands applied on top, in their order.

import { between, MIDDLE } from "./rank.js";
import { textNoteOf } from "./outbox.js";

/** @typedef {import("./board-client.js").BoardClient} BoardClient */

/**
 * A note without its text. `isNew`: only this client knows of it yet.
 * @typedef {{id: string, colour: string, rank: string, state: "live" | "trashed",
 *   editedBy: import("./client-messages.js").Actor | null, editedAt: number, seq: number,
 *   isNew: boolean}} NoteView
 */
/**
 * The state of the words in a note. `editing`: typed, and not to be sent yet; `saving`: to be
 * sent, or sent, and without outcome; `rejected`: they became a draft. `since` is on the clock.
 * @typedef {{state: "saved" | "editing" | "saving" | "rejected", since: number | null,
 *   code?: string, detail?: string}} SaveStatus
 */

/**
 * The commands that are laid over the server's state: those whose events were not seen.
 * @param {BoardClient} client
 */
function overlaidCommands({ outbox }) {
  return outbox.entries.flatMap(({ command }) => (command && !command.isEventSeen ? [command.command] : []));
}

/** @param {BoardClient} client */
export function title(client) {
  const naming = overlaidCommands(client).filter((it) => it.type === "rename_board" || it.type === "create_board");
  return naming.at(-1)?.title ?? client.serverBoard.title;
}

/**
 * @param {BoardClient} client
 * @returns {"not_joined" | "joining" | "live" | "refused"}
 */
export function joinState({ subscription }) {
  switch (subscription.state) {
    case "offline":
      return "not_joined";
    case "awaiting_membership":
    case "pulling":
      return "joining";
    default:
      return subscription.state;
  }
}

/**
 * @param {BoardClient} client
 * @returns {NoteView[]}
 */
export function notes(client) {
  const created = overlaidCommands(client).filter((it) => it.type === "create_note");
  const ids = new Set([...client.serverBoard.notes.keys(), ...created.map((it) => it.note)]);
  const found = [...ids].map((id) => view(client, id)).filter((it) => it !== null);
  return found.sort((a, b) => compare(a.rank, b.rank) || compare(a.id, b.id));
}

/**
 * One note; null where there is no such note.
 * @param {BoardClient} client
 * @param {string} note
 * @returns {NoteView | null}
 */
export function view(client, note) {
  const known = client.serverBoard.notes.get(note);
  let result = known ? noteView(known) : null;
  for (const entry of client.outbox.entries) {
    if (entry.note === note) result = overlaid(client, result, entry);
  }
  return result;
}

/**
 * @param {BoardClient} client
 * @param {string} note
 * @returns {string}
 */
export function text({ texts, serverBoard: known, outbox }, note) {
  const local = texts.get(note);
  if (local) return local.shown();
  return known.notes.get(note)?.text ?? outbox.creation(note)?.command.text ?? "";
}

/**
 * @param {BoardClient} client
 * @param {string} note
 * @returns {SaveStatus}
 */
export function saveStatus({ outbox, texts, saveStatuses }, note) {
  const entry = outbox.entries.find((it) => textNoteOf(it) === note);
  if (entry) return { state: "saving", since: entry.since };
  if (texts.has(note)) return { state: "editing", since: null };
  return saveStatuses.get(note) ?? { state: "saved", since: null };
}

/** @param {BoardClient} client */
export function unsavedSince({ outbox }) {
  return outbox.isEmpty ? null : Math.min(...outbox.entries.map(({ since }) => since));
}

/** @param {BoardClient} client */
export function unsentCount({ outbox, texts }) {
  const isDirty = (/** @type {string | null} */ note) => note !== null && texts.has(note);
  const others = outbox.entries.filter((it) => it.command && !(it.command.isEdit && isDirty(it.note)));
  return texts.size + others.length;
}

/**
 * @param {BoardClient} client
 * @param {string | null} after
 * @param {string | null} before
 * @returns {string}
 */
export function rankBetween(client, after, before) {
  const rankOf = (/** @type {string | null} */ id) => (id ? view(client, id)?.rank : null) ?? null;
  const low = rankOf(after);
  const high = rankOf(before);
  const beyond = high === null ? [] : notes(client).map((it) => it.rank).filter((it) => it >= high);
  for (const bound of [...beyond, null]) {
    const rank = between(low, bound);
    if (rank !== null) return rank;
  }
  return low ?? MIDDLE;
}

/**
 * @param {import("./server-board.js").Note} note
 * @returns {NoteView}
 */
function noteView({ id, colour, rank, state, edited_by, edited_at, seq }) {
  return { id, colour, rank, state, editedBy: edited_by, editedAt: edited_at, seq, isNew: false };
}

/**
 * @param {BoardClient} client
 * @param {NoteView | null} note
 * @param {import("./outbox.js").Entry} entry
 * @returns {NoteView | null}
 */
function overlaid(client, note, { at, command: frozen }) {
  if (frozen?.isEventSeen) return note;
  const command = frozen?.command ?? { type: "edit_note" };
  if (command.type === "create_note") return note ?? newNote(client, command, at);
  if (command.type === "delete_note" || !note) return null;
  return { ...note, ...difference(command) };
}

/**
 * @param {BoardClient} client
 * @param {any} command
 * @param {number} at
 * @returns {NoteView}
 */
function newNote({ me }, { note, colour, rank }, at) {
  return { id: note, colour, rank, state: "live", editedBy: me, editedAt: at, seq: 0, isNew: true };
}

/**
 * @param {any} command
 * @returns {Partial<NoteView>}
 */
function difference(command) {
  switch (command.type) {
    case "edit_note":
    case "restore_note":
      return { state: "live" };
    case "trash_note":
      return { state: "trashed" };
    case "move_note":
      return { rank: command.rank };
    case "recolour_note":
      return { colour: command.colour };
    default:
      return {};
  }
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}
