// @ts-check
// What a page has that a record does not hold which another page took over from it. The other page
// sends what it took, so that only the rest is kept again: the same words would be said twice.

import { diff, isEmpty } from "./delta.js";
import { NoteText } from "./note-text.js";

/** @typedef {import("./keep.js").Content} Content */
/** @typedef {import("./board-saved.js").Saved} Saved */
/** @typedef {import("./board-saved.js").SavedNote} SavedNote */
/** @typedef {import("./board-saved.js").SavedEntry} SavedEntry */

/**
 * @param {Content} content
 * @param {Content} taken
 * @returns {Content}
 */
export function unshared({ saved, composer }, taken) {
  const isOnSheet = JSON.stringify(composer) === JSON.stringify(taken.composer);
  return {
    saved: saved && taken.saved ? unsharedSaved(saved, taken.saved) : saved,
    composer: isOnSheet ? null : composer,
  };
}

/**
 * @param {Saved} saved
 * @param {Saved} taken
 * @returns {Saved | null}
 */
function unsharedSaved(saved, taken) {
  const notes = saved.notes.flatMap((note) => unsharedNote(note, saved, taken));
  const drafts = saved.drafts.filter(({ id }) => !taken.drafts.some((it) => it.id === id));
  const outbox = saved.outbox.flatMap((entry) => unsharedEntry(entry, notes, taken));
  const isNew = (/** @type {SavedEntry} */ entry) => "id" in entry && !holds(taken, entry.id);
  return notes.length + drafts.length > 0 || outbox.some(isNew) ? { ...saved, notes, outbox, drafts } : null;
}

/**
 * What was typed since, on the text that the taken words make of what the server has.
 * @param {SavedNote} note
 * @param {Saved} saved
 * @param {Saved} taken
 * @returns {SavedNote[]}
 */
function unsharedNote(note, saved, taken) {
  const before = taken.notes.find((it) => it.note === note.note);
  if (!before) return [note];
  const isOnItsWay = note.inFlight !== null && taken.outbox.some(
    (entry) => editedBy(entry) === note.note && "id" in entry && holds(saved, entry.id),
  );
  const text = kept(before);
  if (isOnItsWay) text.giveBack(note.ground);
  else text.contained(note.ground);
  const ground = text.shown();
  const pending = diff(ground, kept(note).shown());
  return isEmpty(pending) ? [] : [{ note: note.note, ground, inFlight: null, pending }];
}

/**
 * All commands but those with taken words: a repeat does nothing, and what comes after may need it.
 * @param {SavedEntry} entry
 * @param {SavedNote[]} notes
 * @param {Saved} taken
 * @returns {SavedEntry[]}
 */
function unsharedEntry(entry, notes, taken) {
  const edited = editedBy(entry);
  if (edited === null || ("id" in entry && !taken.notes.some(({ note }) => note === edited))) return [entry];
  return notes.some(({ note }) => note === edited) ? [{ edit: edited, at: entry.at }] : [];
}

/**
 * The note whose text an entry changes.
 * @param {SavedEntry} entry
 * @returns {string | null}
 */
function editedBy(entry) {
  if ("edit" in entry) return entry.edit;
  const { type, note } = JSON.parse(entry.body);
  return type === "edit_note" ? note : null;
}

/**
 * @param {Saved} saved
 * @param {string} id
 */
function holds({ outbox }, id) {
  return outbox.some((entry) => "id" in entry && entry.id === id);
}

/** @param {SavedNote} note */
function kept({ ground, inFlight, pending }) {
  return NoteText.kept(ground, inFlight, pending);
}
