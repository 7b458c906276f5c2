// @ts-check
// Applies events to the board, and rebases what is typed here over them.

import { join, setRole } from "./board-subscription.js";
import { onNoteGone } from "./drafts.js";
import { DeltaError } from "../delta/delta.js";
import { PartlyApplied } from "./server-board.js";

/** @typedef {import("./board-client.js").BoardClient} BoardClient */
/** @typedef {import("./board-client.js").ClockAndIds} ClockAndIds */

/**
 * @param {BoardClient} client
 * @param {any} event
 * @param {ClockAndIds} clockAndIds
 */
export function onEvent(client, event, clockAndIds) {
  const place = client.serverBoard.orderOf(event);
  if (place === "next") nextEvent(client, event, clockAndIds);
  // What is missing comes once more with a new join; until it stands, gaps are no news.
  if (place === "gap" && client.subscription.state === "live") join(client);
}

/**
 * @param {BoardClient} client
 * @param {any} event
 * @param {ClockAndIds} clockAndIds
 */
function nextEvent(client, event, clockAndIds) {
  if (client.serverBoard.isContradictedBy(event)) {
    resync(client);
    return;
  }
  const isOwn = markOwnEvent(client, event);
  const isNews = applied(client, event);
  if (isNews === null) return;
  const { change, actor } = event;
  if (change.type === "note_edited") noteEdited(client, event, isOwn, isNews);
  if (change.type === "note_created") noteCreated(client, change.note);
  if (change.type === "note_deleted" && !client.serverBoard.notes.has(change.note)) {
    client.outbox.noteWasSeen(change.note);
    onNoteGone(client, change.note, clockAndIds);
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
function markOwnEvent({ outbox }, event) {
  if (!outbox.open || outbox.open.id !== event.message) return false;
  outbox.open.isEventSeen = true;
  return true;
}

/**
 * Whether the event was news to its note; null where it does not fit what the server said before.
 * @param {BoardClient} client
 * @param {any} event
 */
function applied(client, event) {
  try {
    return client.serverBoard.apply(event);
  } catch (error) {
    if (!(error instanceof DeltaError || error instanceof PartlyApplied)) throw error;
    resync(client);
    return null;
  }
}

/**
 * What the server said does not fit what it said before: pull the board anew.
 * @param {BoardClient} client
 */
function resync(client) {
  client.serverBoard.position = null;
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
  const server = client.serverBoard.notes.get(note);
  if (!server || !(isNews || isOwn)) return;
  if (isOwn && client.outbox.open) client.outbox.open.shown = server.text;
  const text = client.texts.get(note);
  let change = isNews ? delta : [];
  if (text) {
    // One event for several may contain what is in flight, under another's id.
    if (event.from < event.seq) text.detach();
    if (isOwn && isNews && !text.agrees(delta)) client.mergeMismatchCount += 1;
    change = rebaseEvent(text, delta, server.text, isOwn, isNews);
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
function rebaseEvent(text, delta, server, isOwn, isNews) {
  if (!isOwn) return text.remoteEvent(delta, server);
  return isNews ? text.ownEvent(delta, server) : text.acknowledged(server);
}

/**
 * @param {BoardClient} client
 * @param {string} note
 */
function noteCreated(client, note) {
  const server = client.serverBoard.notes.get(note);
  const text = client.texts.get(note);
  if (!server || !text) return;
  client.changes.text(note, text.rebaseOnto(server.text));
  client.dropIfClean(note);
}
