// @ts-check
// Adopts orphaned outboxes: sends what closed pages left unsent, one record after another, each over
// a connection of its own, so that it does not mix with this page's edits.

import { Connection } from "./connection.js";
import { BoardSession } from "./board-session.js";
import { acquireOrphan } from "../storage/lease-acquisition.js";

/** @typedef {import("../storage/outbox-storage.js").OutboxRecord} OutboxRecord */

const SEARCH_EVERY_MS = 60_000;
/** The page before this one may need a moment to release its record. */
const SECOND_SEARCH_AFTER_MS = 2_000;
const CHECK_EVERY_MS = 500;

/**
 * Runs as long as the page lives.
 * @param {import("../storage/outbox-lease.js").OutboxStorage} storage
 * @param {(session: BoardSession) => boolean} [keep] whether the page keeps a session that has been
 *   sent, for its drafts
 */
export async function adoptOrphans(storage, keep = () => false) {
  for (let delay = SECOND_SEARCH_AFTER_MS; ; ) {
    const lease = await acquireOrphan(storage, isUnsent).catch(() => null);
    if (!lease) {
      await pause(delay);
      delay = SEARCH_EVERY_MS;
      continue;
    }
    const session = await sent(lease);
    if (!keep(session) && session.unsentCount() === 0) lease.release();
  }
}

/**
 * Drafts alone are not sent: their board's page shows them.
 * @param {OutboxRecord} record
 */
function isUnsent({ content: { saved } }) {
  return saved !== null && saved.notes.length + saved.outbox.length > 0;
}

/**
 * The session of a record after it has sent everything, or was refused.
 * @param {import("../storage/outbox-lease.js").OutboxLease} lease
 */
async function sent(lease) {
  const connection = new Connection();
  const session = new BoardSession(lease.board, lease, connection);
  connection.open();
  session.start();
  while (session.unsentCount() > 0 && session.machine.joinState() !== "refused") {
    await pause(CHECK_EVERY_MS);
    // None of these notes is open in an editor here.
    if (session.machine.position()) session.flushAllExcept(null);
  }
  connection.close();
  await session.store();
  session.stop();
  return session;
}

/** @param {number} ms */
function pause(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
