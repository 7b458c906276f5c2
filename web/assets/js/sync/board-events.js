// @ts-check
// Events: what happened, laid under what is typed here.

import { join, setRole } from "./board-subscription.js";
import { keepAsDraft } from "./unsent-state.js";
import { DeltaError } from "../delta/delta.js";
import { HalfKnown } from "./server-board.js";

/** @typedef {import("./board-client.js").BoardClient} BoardClient */
/** @typedef {import("./board-client.js").ClockAndIds} ClockAndIds */

const NOTE_GONE = { code: "note_gone", detail: "the note was deleted for good" };

/**
 * @param {BoardClient} client
 * @param {any} event
 * @param {ClockAndIds} clockAndIds
 */
export function onEvent(client, event, clockAndIds) {
  const place = client.known.place(event);
  if (place === "next") nextEvent(client, event, clockAndIds);
  // What is missing comes once more with a new join; until it stands, gaps are no news.
  if (place === "gap" && client.link.state === "live") join(client);
}

/**
 * @param {BoardClient} client
 * @param {any} event
 * @param {ClockAndIds} clockAndIds
 */
function nextEvent(client, event, clockAndIds) {
  if (client.known.isContradictedBy(event)) {
    distrust(client);
    return;
  }
  const isOwn = seeOwn(client, event);
  const isNews = applied(client, event);
  if (isNews === null) return;
  const { change, actor } = event;
  if (change.type === "note_edited") noteEdited(client, event, isOwn, isNews);
  if (change.type === "note_created") noteCreated(client, change.note);
  if (change.type === "note_deleted" && !client.known.notes.has(change.note)) {
    client.outbox.noteWasSeen(change.note);
    loseNote(client, change.note, clockAndIds);
  }
  if (change.type === "board_renamed") client.changes.board();
  if (change.type === "member_joined" && actor.id === client.owner) setRole(client, change.role);
  if (change.note) client.changes.touch(change.note);
}

/**
 * A wish whose event was seen is no longer laid over what the server says.
 * @param {BoardClient} client
 * @param {any} event
 */
function seeOwn({ outbox }, event) {
  if (!outbox.open || outbox.open.id !== event.message) return false;
  outbox.open.happened = true;
  return true;
}

/**
 * Whether the event was news to its note; null where it does not fit what the server said before.
 * @param {BoardClient} client
 * @param {any} event
 */
function applied(client, event) {
  try {
    return client.known.apply(event);
  } catch (error) {
    if (!(error instanceof DeltaError || error instanceof HalfKnown)) throw error;
    distrust(client);
    return null;
  }
}

/**
 * What the server said does not fit what it said before: pull the board anew.
 * @param {BoardClient} client
 */
function distrust(client) {
  client.known.position = null;
  join(client);
}

/**
 * @param {BoardClient} client
 * @param {any} event
 * @param {boolean} isOwn
 * @param {boolean} isNews
 */
function noteEdited(client, event, isOwn, isNews) {
  const { note, delta } = event.change;
  const server = client.known.notes.get(note);
  if (!server || !(isNews || isOwn)) return;
  if (isOwn && client.outbox.open) client.outbox.open.shown = server.text;
  const text = client.texts.get(note);
  let change = isNews ? delta : [];
  if (text) {
    // One event for several may contain what is in flight, under another's id.
    if (event.from < event.seq) text.unmoor();
    if (isOwn && isNews && !text.agrees(delta)) client.mergeMismatchCount += 1;
    change = underTyping(text, delta, server.text, isOwn, isNews);
  }
  client.changes.text(note, change);
  client.dropIfClean(note);
}

/**
 * @param {import("./note-text.js").NoteText} text
 * @param {import("../delta/delta.js").Delta} delta
 * @param {string} server
 * @param {boolean} isOwn
 * @param {boolean} isNews
 */
function underTyping(text, delta, server, isOwn, isNews) {
  if (!isOwn) return text.remote(delta, server);
  return isNews ? text.own(delta, server) : text.contained(server);
}

/**
 * @param {BoardClient} client
 * @param {string} note
 */
function noteCreated(client, note) {
  const server = client.known.notes.get(note);
  const text = client.texts.get(note);
  if (!server || !text) return;
  client.changes.text(note, text.land(server.text));
  client.dropIfClean(note);
}

/**
 * The words typed in a note that is no more.
 * @param {BoardClient} client
 * @param {string} note
 * @param {ClockAndIds} clockAndIds
 */
export function loseNote(client, note, clockAndIds) {
  client.saveStatuses.delete(note);
  client.changes.touch(note);
  if (!client.texts.has(note)) return;
  client.outbox.dropWaitingEdits(note);
  keepAsDraft(client, note, NOTE_GONE, clockAndIds);
}
