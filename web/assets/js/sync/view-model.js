// @ts-check
// What the view shows: the server's board with local texts and pending commands applied to it.

import { fieldsAfterCommand } from "./note-fields.js";
import { between, MIDDLE } from "./rank.js";

/**
 * The parts that the view is computed from.
 * @typedef {{server: import("./server-board.js").ServerBoard, texts: import("./local-texts.js").LocalTexts,
 *   outbox: import("./outbox.js").Outbox, user: import("./client-messages.js").Actor | null}} Parts
 */
/**
 * A note without its text. `isNew`: only this client has it yet.
 * @typedef {import("./note-fields.js").NoteFields & {id: string,
 *   editedBy: import("./client-messages.js").Actor | null, editedAt: number, seq: number,
 *   isNew: boolean}} NoteView
 */

/**
 * @param {Parts} parts
 * @returns {string}
 */
export function title({ server, outbox }) {
  const commands = outbox.pending.map(({ command }) => command?.command);
  const naming = commands.filter((it) => it?.type === "rename_board" || it?.type === "create_board");
  return naming.at(-1)?.title ?? server.title;
}

/**
 * In their order, those in the trash too.
 * @param {Parts} parts
 * @returns {NoteView[]}
 */
export function notes(parts) {
  const created = parts.outbox.pending.filter(({ command }) => command?.isCreation).map(({ note }) => note ?? "");
  const ids = new Set([...parts.server.noteIds, ...created]);
  const found = [...ids].map((id) => note(parts, id)).filter((it) => it !== null);
  return found.sort(compareNotes);
}

/**
 * The order of the notes on their board.
 * @param {NoteView} a
 * @param {NoteView} b
 */
export function compareNotes(a, b) {
  return compare(a.rank, b.rank) || compare(a.id, b.id);
}

/**
 * One note; null if there is no such note. The pending commands apply in their order.
 * @param {Parts} parts
 * @param {string} id
 * @returns {NoteView | null}
 */
export function note({ server, outbox, user }, id) {
  const saved = server.note(id);
  const entries = outbox.pending.filter((entry) => entry.note === id);
  return entries.reduce((view, entry) => withEntry(view, entry, user), saved ? savedNote(saved) : null);
}

/**
 * Empty if there is no such note.
 * @param {Parts} parts
 * @param {string} note
 */
export function text({ server, texts, outbox }, note) {
  return texts.get(note)?.shown() ?? server.note(note)?.text ?? outbox.createdText(note) ?? "";
}

/**
 * A rank between two notes; null is the edge of the board. If the two have the same rank, the first
 * one after both.
 * @param {Parts} parts
 * @param {string | null} after
 * @param {string | null} before
 * @returns {string}
 */
export function rankBetween(parts, after, before) {
  const rankOf = (/** @type {string | null} */ id) => (id ? note(parts, id)?.rank : null) ?? null;
  const low = rankOf(after);
  const high = rankOf(before);
  const beyond = high === null ? [] : notes(parts).map((it) => it.rank).filter((it) => it >= high);
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
function savedNote({ id, colour, rank, state, edited_by, edited_at, seq }) {
  return { id, colour, rank, state, editedBy: edited_by, editedAt: edited_at, seq, isNew: false };
}

/**
 * @param {NoteView | null} note
 * @param {import("./queued-command.js").Entry} entry
 * @param {import("./client-messages.js").Actor | null} user
 * @returns {NoteView | null}
 */
function withEntry(note, { at, command: frozen }, user) {
  const command = frozen?.command ?? { type: "edit_note" };
  if (command.type === "create_note") return note ?? newNote(command, user, at);
  if (command.type === "delete_note" || !note) return null;
  return { ...note, ...fieldsAfterCommand(command) };
}

/**
 * @param {any} command
 * @param {import("./client-messages.js").Actor | null} user
 * @param {number} at
 * @returns {NoteView}
 */
function newNote({ note, colour, rank }, user, at) {
  return { id: note, colour, rank, state: "live", editedBy: user, editedAt: at, seq: 0, isNew: true };
}

/**
 * @param {string} a
 * @param {string} b
 */
function compare(a, b) {
  return a < b ? -1 : Number(a > b);
}
