// @ts-check
// What survives a reload: everything that the server does not have.

import { abandonEdits, moveToDraft, notify, rejectCreation } from "./drafts.js";
import { DeltaError } from "../delta/delta.js";
import { NoteText } from "./note-text.js";
import { Frozen, editEntry, frozenEntry, textNoteOf } from "./outbox.js";

/** @typedef {import("./board-client.js").BoardClient} BoardClient */
/** @typedef {import("./board-client.js").ClockAndIds} ClockAndIds */
/** @typedef {import("./client-messages.js").Reason} Reason */
/** @typedef {import("../delta/delta.js").Delta} Delta */

/**
 * Words that could not be saved where they were typed. They are offered as a new note.
 * @typedef {{id: string, note: string, text: string, reason: Reason, at: number}} Draft
 */
/** @typedef {{note: string, ground: string, inFlight: Delta | null, pending: Delta}} UnsentNote */
/**
 * A command, byte for byte as it was sent or will be; or typing that may be sent in its turn.
 * @typedef {{id: string, body: string, key: string | null, at: number, shown?: string}
 *   | {edit: string, at: number}} UnsentCommand
 */
/**
 * @typedef {{board: string, actor: string | null, notes: UnsentNote[], outbox: UnsentCommand[],
 *   drafts: Draft[]}} UnsentState
 */

/** The server forgets outcomes after 90 days; what is older than this might happen twice. */
const AGE_MAX_MS = 60 * 24 * 60 * 60 * 1000;

const EXPIRED = {
  code: "expired",
  detail: "this was kept for more than 60 days without reaching the server",
};
const OTHER_IDENTITY = { code: "other_identity", detail: "this was written under another identity" };

/**
 * @param {BoardClient} client
 * @returns {UnsentState | null}
 */
export function unsentState({ board, owner, texts, outbox, draftList }) {
  if (texts.size === 0 && outbox.isEmpty && draftList.length === 0) return null;
  const notes = [...texts].sort(([a], [b]) => (a < b ? -1 : 1)).map(unsentNote);
  return { board, actor: owner, notes, outbox: outbox.entries.map(unsentCommand), drafts: [...draftList] };
}

/**
 * @param {[string, NoteText]} text
 * @returns {UnsentNote}
 */
function unsentNote([note, { baseText, inFlight, pending }]) {
  return { note, ground: baseText, inFlight, pending };
}

/**
 * @param {import("./outbox.js").Entry} entry
 * @returns {UnsentCommand}
 */
function unsentCommand({ at, note, command }) {
  if (!command) return { edit: /** @type {string} */ (note), at };
  const { id, body, key, shown } = command;
  return { id, body, key, at, shown: shown ?? undefined };
}

/**
 * What a page keeps while another goes on with what it kept before: words that both may have are
 * drafts, so that nobody sends them twice. A command has its id wherever it is sent.
 * @param {UnsentState} saved
 * @param {UnsentState} taken what the other page has
 * @param {ClockAndIds} clockAndIds
 * @returns {UnsentState | null}
 */
export function asDrafts(saved, taken, { wall, mint }) {
  const reason = { code: "taken_over", detail: "another page goes on with them" };
  const held = new Set([...taken.notes, ...taken.drafts].map((it) => JSON.stringify(it)));
  const isNews = (/** @type {UnsentNote | Draft} */ it) => !held.has(JSON.stringify(it));
  const texts = saved.notes.filter(isNews).map(({ note, ground, inFlight, pending }) => ({
    note, text: NoteText.restore(ground, inFlight, pending).shown(),
  }));
  const written = texts.filter(({ text }) => text !== "");
  const drafts = [
    ...saved.drafts.filter(isNews),
    ...written.map((words) => ({ id: mint(), ...words, reason, at: wall })),
  ];
  const outbox = saved.outbox.filter((it) => !("edit" in it) && JSON.parse(it.body).type !== "edit_note");
  return drafts.length + outbox.length === 0 ? null : { ...saved, notes: [], outbox, drafts };
}

/**
 * @param {BoardClient} client
 * @param {UnsentState} kept
 * @param {string | null} actor
 * @param {ClockAndIds} clockAndIds
 */
export function restore(client, kept, actor, clockAndIds) {
  client.draftList = [...kept.drafts];
  for (const note of kept.notes) restoreNote(client, note, clockAndIds);
  for (const entry of kept.outbox) restoreEntry(client, entry, clockAndIds);
  dropOrphanedEdits(client, clockAndIds);
  dropExpired(client, clockAndIds);
  if (actor) adopt(client, actor, clockAndIds);
  client.changes.reset();
  client.settleChanges();
}

/**
 * @param {BoardClient} client
 * @param {UnsentNote} kept
 * @param {ClockAndIds} clockAndIds
 */
function restoreNote(client, { note, ground, inFlight, pending }, clockAndIds) {
  try {
    client.texts.set(note, NoteText.restore(ground, inFlight, pending));
  } catch (error) {
    if (!(error instanceof DeltaError)) throw error;
    client.texts.set(note, new NoteText(ground));
    moveToDraft(client, note, unreadable(error), clockAndIds);
  }
}

/**
 * @param {BoardClient} client
 * @param {UnsentCommand} entry
 * @param {ClockAndIds} clockAndIds
 */
function restoreEntry(client, entry, clockAndIds) {
  if ("edit" in entry) {
    client.outbox.push(editEntry(entry.edit, entry.at, clockAndIds));
    return;
  }
  const { id, body, key, at, shown } = entry;
  try {
    const frozen = new Frozen(id, JSON.parse(body), body, key);
    frozen.shown = shown ?? null;
    client.outbox.push(frozenEntry(frozen, at, clockAndIds));
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    notify(client, null, unreadable(error));
  }
}

/**
 * From now on everything here is the actor's; what is somebody else's is set aside.
 * @param {BoardClient} client
 * @param {string} actor
 * @param {ClockAndIds} clockAndIds
 */
export function adopt(client, actor, clockAndIds) {
  if (client.owner && client.owner !== actor) {
    dropToDrafts(client, OTHER_IDENTITY, clockAndIds, () => true);
    for (const note of [...client.texts.keys()].sort()) {
      abandonEdits(client, note, OTHER_IDENTITY, clockAndIds);
    }
  }
  client.owner = actor;
}

/**
 * Words in flight without their command: nobody will ever say what became of them.
 * @param {BoardClient} client
 * @param {ClockAndIds} clockAndIds
 */
function dropOrphanedEdits(client, clockAndIds) {
  const inFlight = [...client.texts].filter(([, text]) => text.inFlight).map(([note]) => note);
  for (const note of inFlight.sort()) {
    if (!client.outbox.hasEditInFlight(note)) {
      abandonEdits(client, note, unreadable("its command is missing"), clockAndIds);
    }
  }
}

/**
 * @param {BoardClient} client
 * @param {ClockAndIds} clockAndIds
 */
export function dropExpired(client, clockAndIds) {
  dropToDrafts(client, EXPIRED, clockAndIds, (entry) => entry.at < clockAndIds.wall - AGE_MAX_MS);
}

/**
 * Removes commands from the outbox: their text becomes drafts, the rest becomes notices.
 * @param {BoardClient} client
 * @param {Reason} reason
 * @param {ClockAndIds} clockAndIds
 * @param {(entry: import("./outbox.js").Entry) => boolean} isDropped
 */
function dropToDrafts(client, reason, clockAndIds, isDropped) {
  for (const entry of client.outbox.entries.filter(isDropped)) {
    const note = textNoteOf(entry);
    if (note && entry.command?.isCreation) rejectCreation(client, note, reason, clockAndIds);
    else if (note) abandonEdits(client, note, reason, clockAndIds);
    else notify(client, entry.note, reason);
  }
  client.outbox.dropIf(isDropped);
}

/** @param {unknown} error */
function unreadable(error) {
  const why = error instanceof Error ? error.message : error;
  return { code: "malformed", detail: `what was kept cannot be read: ${why}` };
}
