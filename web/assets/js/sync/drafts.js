// @ts-check
// Drafts and notices: what becomes of text and commands that cannot be saved.

import { diff } from "../delta/delta.js";
import { textNoteOf } from "./outbox.js";

/** @typedef {import("./board-client.js").BoardClient} BoardClient */
/** @typedef {import("./board-client.js").ClockAndIds} ClockAndIds */
/** @typedef {import("./client-messages.js").Reason} Reason */

const NOTE_GONE = { code: "note_gone", detail: "the note was deleted for good" };

/**
 * @param {BoardClient} client
 * @param {string} note
 * @param {string} text
 * @param {Reason} reason
 * @param {ClockAndIds} clockAndIds
 */
export function addDraft(client, note, text, { code, detail }, { wall, mint }) {
  const draft = { id: mint(), note, text, reason: { code, detail }, at: wall };
  client.changes.draft(draft);
  client.draftList.push(draft);
}

/**
 * Takes the words of a note away from it, and keeps them as a draft.
 * @param {BoardClient} client
 * @param {string} note
 * @param {Reason} reason
 * @param {ClockAndIds} clockAndIds
 */
export function moveToDraft(client, note, reason, clockAndIds) {
  const text = client.text(note);
  client.texts.delete(note);
  client.changes.text(note, diff(text, client.text(note)));
  client.changes.touch(note);
  if (text === "") {
    client.changes.notice(reason, note);
    return;
  }
  addDraft(client, note, text, reason, clockAndIds);
}

/**
 * The note shows the server's text again, and what was typed is kept as a draft.
 * @param {BoardClient} client
 * @param {string} note
 * @param {Reason} reason
 * @param {ClockAndIds} clockAndIds
 */
export function abandonEdits(client, note, reason, clockAndIds) {
  client.changes.touch(note);
  if (client.texts.has(note)) {
    moveToDraft(client, note, reason, clockAndIds);
    client.saveStatuses.set(note, { state: "rejected", since: clockAndIds.monotonic, ...reason });
  }
  client.outbox.dropIf((entry) => textNoteOf(entry) === note);
}

/**
 * The words typed in a note that is no more.
 * @param {BoardClient} client
 * @param {string} note
 * @param {ClockAndIds} clockAndIds
 */
export function onNoteGone(client, note, clockAndIds) {
  client.saveStatuses.delete(note);
  client.changes.touch(note);
  if (!client.texts.has(note)) return;
  client.outbox.dropQueuedEdits(note);
  moveToDraft(client, note, NOTE_GONE, clockAndIds);
}

/**
 * Nothing else can be done with a note that was never there.
 * @param {BoardClient} client
 * @param {string} note
 * @param {Reason} reason
 * @param {ClockAndIds} clockAndIds
 */
export function rejectCreation(client, note, reason, clockAndIds) {
  moveToDraft(client, note, reason, clockAndIds);
  client.outbox.dropIf((entry) => entry.note === note);
}

/**
 * @param {BoardClient} client
 * @param {string | null} note
 * @param {Reason} reason
 */
export function notify({ changes }, note, reason) {
  changes.notice(reason, note);
  if (note) changes.touch(note);
  else changes.board();
}
