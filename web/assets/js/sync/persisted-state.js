// @ts-check
// The stored form of everything that the server does not have, which survives a reload.

import { NoteText } from "./note-text.js";
import { FrozenCommand, commandEntry, editEntry } from "./queued-command.js";

/** @typedef {import("../platform/clock-and-ids.js").ClockAndIds} ClockAndIds */
/** @typedef {import("./drafts.js").Draft} Draft */
/** @typedef {import("./queued-command.js").Entry} Entry */
/** @typedef {import("../delta/delta.js").Delta} Delta */

/**
 * The local changes of one note. `ground` is their base text.
 * @typedef {{note: string, ground: string, inFlight: Delta | null, pending: Delta}} PersistedText
 */
/**
 * A command with the bytes that it was, or will be, sent with, and the text of the note after the
 * event of an edit; or the pending change of the note `edit`, which is frozen later.
 * @typedef {{id: string, body: string, key: string | null, at: number, shown?: string}
 *   | {edit: string, at: number}} PersistedCommand
 */
/**
 * The unsent state of one client of one board. `actor` typed and submitted this, if it is known.
 * @typedef {{board: string, actor: string | null, notes: PersistedText[], outbox: PersistedCommand[],
 *   drafts: Draft[]}} PersistedState
 */

/**
 * @param {[string, NoteText]} text
 * @returns {PersistedText}
 */
export function persistedText([note, { baseText, inFlight, pending }]) {
  return { note, ground: baseText, inFlight, pending };
}

/**
 * Throws a DeltaError if the changes do not fit their base text.
 * @param {PersistedText} unsent
 */
export function restoredText({ ground, inFlight, pending }) {
  return NoteText.restore(ground, inFlight, pending);
}

/**
 * @param {Entry} entry
 * @returns {PersistedCommand}
 */
export function persistedCommand({ at, note, command }) {
  if (!command) return { edit: /** @type {string} */ (note), at };
  const { id, body, key, resultingText } = command;
  return { id, body, key, at, shown: resultingText ?? undefined };
}

/**
 * Throws a SyntaxError if the command cannot be read.
 * @param {PersistedCommand} unsent
 * @param {import("../platform/clock-and-ids.js").Time} time
 */
export function restoredEntry(unsent, time) {
  if ("edit" in unsent) return editEntry(unsent.edit, unsent.at, time);
  const { id, body, key, at, shown } = unsent;
  const frozen = new FrozenCommand(id, JSON.parse(body), key, body);
  frozen.resultingText = shown ?? null;
  return commandEntry(frozen, at, time);
}

/**
 * What a page keeps after another one took over its record: edits that both may have become drafts, so
 * that only one page sends them. A command keeps its id wherever it is sent.
 * @param {PersistedState} saved
 * @param {PersistedState} taken what the other page has
 * @param {ClockAndIds} clockAndIds
 * @returns {PersistedState | null}
 */
export function asDrafts(saved, taken, { wall, mint }) {
  const reason = { code: "taken_over", detail: "another page continues with these edits" };
  const held = new Set([...taken.notes, ...taken.drafts].map((it) => JSON.stringify(it)));
  const isHeld = (/** @type {PersistedText | Draft} */ it) => held.has(JSON.stringify(it));
  const texts = saved.notes.filter((it) => !isHeld(it)).map((it) => ({ note: it.note, text: restoredText(it).shown() }));
  const drafts = [
    ...saved.drafts.filter((it) => !isHeld(it)),
    ...texts.filter(({ text }) => text !== "").map((it) => ({ id: mint(), ...it, reason, at: wall })),
  ];
  const outbox = saved.outbox.filter((it) => !("edit" in it) && JSON.parse(it.body).type !== "edit_note");
  return drafts.length + outbox.length === 0 ? null : { ...saved, notes: [], outbox, drafts };
}
