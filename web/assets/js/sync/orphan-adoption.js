// @ts-check
// Words that other pages left unsent: sent from here, one record after the other, each over a
// connection of its own, so that they do not mix with what this page does.

import { Connection } from "./connection.js";
import { BoardSession } from "./board-session.js";
import { acquireOrphan } from "../storage/lease-acquisition.js";

/** @typedef {import("../storage/outbox-storage.js").OutboxRecord} OutboxRecord */

const LOOK_EVERY_MS = 60_000;
const CHECK_EVERY_MS = 500;

/**
 * Goes on for as long as the page lives.
 * @param {import("../storage/outbox-lease.js").OutboxStorage} storage
 * @param {(session: BoardSession) => boolean} [take] whether the page goes on with a record that was
 *   sent, for the drafts in it
 */
export async function adoptOrphans(storage, take = () => false) {
  for (;;) {
    const lease = await acquireOrphan(storage, isUnsent).catch(() => null);
    if (!lease) {
      await pause(LOOK_EVERY_MS);
      continue;
    }
    const session = await drained(lease);
    if (!take(session) && session.unsentCount() === 0) lease.release();
  }
}

/**
 * Drafts are nothing to send; the board that they belong to shows them when it is opened.
 * @param {OutboxRecord} record
 */
function isUnsent({ content: { saved } }) {
  return saved !== null && saved.notes.length + saved.outbox.length > 0;
}

/** @param {import("../storage/outbox-lease.js").OutboxLease} lease */
async function drained(lease) {
  const connection = new Connection();
  const session = new BoardSession(lease.board, lease, connection);
  connection.open();
  session.start();
  while (session.unsentCount() > 0 && session.machine.joinState() !== "refused") {
    await pause(CHECK_EVERY_MS);
    // Nobody has an editor open on these.
    if (session.isLoaded) session.unsavedNotes().forEach((note) => session.flush(note));
  }
  connection.close();
  await session.keep();
  session.stop();
  return session;
}

/** @param {number} time */
function pause(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}
