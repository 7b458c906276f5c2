// @ts-check
// Outcomes: what became of a wish, and whose turn is next.

import { isCaughtUp, join } from "./board-subscription.js";
import { addDraft, abandonEdits, onNoteGone, notify, rejectCreation } from "./drafts.js";
import { Frozen, textNoteOf } from "./outbox.js";
import { commandFrame, editNote } from "./client-messages.js";

/** @typedef {import("./board-client.js").BoardClient} BoardClient */
/** @typedef {import("./board-client.js").ClockAndIds} ClockAndIds */
/** @typedef {import("./client-messages.js").Reason} Reason */

const TOO_LONG = { code: "text_too_long", detail: "this is more than a server takes in one message" };

/**
 * @param {BoardClient} client
 * @param {string} id
 * @param {any} outcome
 * @param {ClockAndIds} clockAndIds
 */
export function onOutcome(client, id, outcome, clockAndIds) {
  if (outcome.result === "rejected") {
    reject(client, id, { code: outcome.code, detail: outcome.detail }, clockAndIds);
  } else if (client.outbox.open && client.outbox.open.id === id) {
    client.outbox.open.doneAt = outcome.position;
  }
}

/**
 * Ends every call with time: what is done makes room for what is next.
 * @param {BoardClient} client
 * @param {ClockAndIds} clockAndIds
 */
export function advance(client, clockAndIds) {
  do {
    for (let entry = takeDone(client); entry; entry = takeDone(client)) complete(client, entry, clockAndIds);
    freezeNext(client, clockAndIds);
  } while (rejectTooLong(client, clockAndIds));
  sendOpen(client, clockAndIds.monotonic);
  client.settleChanges();
}

/**
 * A command is done when it has its outcome and everything up to there is applied.
 * @param {BoardClient} client
 */
function takeDone({ outbox, serverBoard: known }) {
  const open = outbox.open;
  if (!open?.doneAt) return undefined;
  const isApplied = known.position !== null && known.position.seq >= open.doneAt.seq;
  return isApplied || open.opensBoard ? outbox.pop() : undefined;
}

/**
 * @param {BoardClient} client
 * @param {import("./outbox.js").Entry} entry
 * @param {ClockAndIds} clockAndIds
 */
function complete(client, entry, clockAndIds) {
  const { note, command } = entry;
  if (note && textNoteOf(entry)) client.saveStatuses.set(note, { state: "saved", since: clockAndIds.monotonic });
  if (command?.isEdit && note) acknowledgeEdit(client, note);
  if (command?.isCreation && note && !client.serverBoard.notes.has(note)) onNoteGone(client, note, clockAndIds);
  if (command?.opensBoard) joinAfterAdmission(client);
  if (note) client.changes.touch(note);
  else client.changes.board();
}

/**
 * The outcome says that what is in flight is in the server's text, even if no event did.
 * @param {BoardClient} client
 * @param {string} note
 */
function acknowledgeEdit(client, note) {
  const server = client.serverBoard.notes.get(note);
  const text = client.texts.get(note);
  if (!server || !text?.inFlight) return;
  client.changes.text(note, text.acknowledged(server.text));
  client.dropIfClean(note);
}

/** @param {BoardClient} client */
function joinAfterAdmission(client) {
  if (client.subscription.state === "awaiting_membership" || client.subscription.state === "refused") join(client);
}

/**
 * The open command did not happen, and never will under its id.
 * @param {BoardClient} client
 * @param {string} id
 * @param {Reason} reason
 * @param {ClockAndIds} clockAndIds
 */
export function reject(client, id, reason, clockAndIds) {
  const { outbox } = client;
  const open = outbox.open;
  if (!open || open.id !== id) return;
  const { command, shown } = open;
  if (shown) keepLostText(client, command.note, shown, reason, clockAndIds);
  if (open.isEdit && reason.code === "base_gone") return requeueEdit(client, command);
  if (open.isCreation) return rejectCreation(client, command.note, reason, clockAndIds);
  outbox.pop();
  if (open.isEdit) return abandonEdits(client, command.note, reason, clockAndIds);
  notify(client, command.note ?? null, reason);
  if (open.opensBoard) joinAfterAdmission(client);
}

/**
 * The server had these words, and went back to an older state of itself.
 * @param {BoardClient} client
 * @param {string} note
 * @param {string} shown
 * @param {Reason} reason
 * @param {ClockAndIds} clockAndIds
 */
function keepLostText(client, note, shown, reason, clockAndIds) {
  addDraft(client, note, shown, reason, clockAndIds);
  client.saveStatuses.set(note, { state: "rejected", since: clockAndIds.monotonic, ...reason });
}

/**
 * The server cannot merge from where the edit was made: it is made anew where the client is.
 * @param {BoardClient} client
 * @param {{note: string, base: import("./client-messages.js").Position}} edit
 */
function requeueEdit(client, { note, base }) {
  const { serverBoard: known, outbox, changes } = client;
  const server = known.notes.get(note);
  const text = client.texts.get(note);
  if (server && text) {
    changes.text(note, text.takeBackInFlight(server.text));
    outbox.dropQueuedEdits(note);
    outbox.replaceFront(note, null);
    client.dropIfClean(note);
  } else {
    outbox.pop();
  }
  changes.touch(note);
  const isLost = known.position?.seq === base.seq && known.position.event === base.event;
  if (isLost && client.subscription.state === "live") join(client);
}

/**
 * The turn of typing has come: from here on it is one command, the same on every repeat.
 * @param {BoardClient} client
 * @param {ClockAndIds} clockAndIds
 */
function freezeNext(client, clockAndIds) {
  const { outbox } = client;
  while (isCaughtUp(client) && outbox.front && !outbox.front.command) {
    const note = /** @type {string} */ (outbox.front.note);
    const command = freeze(client, note, clockAndIds);
    if (command) outbox.replaceFront(note, command);
    else outbox.pop();
    client.changes.touch(note);
  }
}

/**
 * @param {BoardClient} client
 * @param {string} note
 * @param {ClockAndIds} clockAndIds
 */
function freeze({ serverBoard: known, texts }, note, { mint }) {
  const text = texts.get(note);
  if (!known.position || !text || text.pending.length === 0) return null;
  const command = editNote(note, known.position, text.freeze());
  return new Frozen(mint(), command, JSON.stringify(command), null);
}

/**
 * A frame that no server takes would close the connection again and again.
 * @param {BoardClient} client
 * @param {ClockAndIds} clockAndIds
 */
function rejectTooLong(client, clockAndIds) {
  const open = client.outbox.open;
  if (!open?.isTooLong) return false;
  reject(client, open.id, TOO_LONG, clockAndIds);
  return true;
}

/**
 * This server takes less than others: the only long thing in the air was the open command.
 * @param {BoardClient} client
 * @param {ClockAndIds} clockAndIds
 */
export function tooLong(client, clockAndIds) {
  const open = client.outbox.open;
  if (open && open.sentAt !== null && !open.doneAt) reject(client, open.id, TOO_LONG, clockAndIds);
  client.settleChanges();
}

/**
 * Sends the open command if it is its time: once over each connection, until `tick`.
 * @param {BoardClient} client
 * @param {number} monotonic
 */
export function sendOpen(client, monotonic) {
  const open = client.outbox.open;
  if (!open?.isDue(monotonic)) return;
  const isConnected = client.subscription.state !== "offline";
  if (!isCaughtUp(client) && !(open.opensBoard && isConnected)) return;
  open.sentAt = monotonic;
  open.notBefore = null;
  const { id, key, body } = open;
  client.outgoing.push(commandFrame({ id, board: client.board, key, body }));
}
