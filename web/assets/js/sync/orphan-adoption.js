// @ts-check
// Words that other pages left unsent: sent from here, one record after the other, each over a
// connection of its own, so that they do not mix with what this page does.

import { Connection } from "./connection.js";
import { Seat } from "./board-session.js";
import { claimOrphan } from "../storage/outbox-leases.js";

/** @typedef {import("../storage/outbox-storage.js").KeptRecord} KeptRecord */

const LOOK_EVERY_MS = 60_000;
const CHECK_EVERY_MS = 500;

/**
 * Goes on for as long as the page lives.
 * @param {import("../storage/outbox-leases.js").Keep} keep
 * @param {(seat: Seat) => boolean} [take] whether the page goes on with a record that was
 *   sent, for the drafts in it
 */
export async function sendLeftovers(keep, take = () => false) {
  for (;;) {
    const claim = await claimOrphan(keep, isUnsent).catch(() => null);
    if (!claim) {
      await pause(LOOK_EVERY_MS);
      continue;
    }
    const seat = await drained(claim);
    if (!take(seat) && seat.unsent() === 0) claim.release();
  }
}

/**
 * Drafts are nothing to send; the board that they belong to shows them when it is opened.
 * @param {KeptRecord} record
 */
function isUnsent({ content: { saved } }) {
  return saved !== null && saved.notes.length + saved.outbox.length > 0;
}

/** @param {import("../storage/outbox-leases.js").Claim} claim */
async function drained(claim) {
  const connection = new Connection();
  const seat = new Seat(claim.board, claim, connection);
  connection.open();
  seat.start();
  while (seat.unsent() > 0 && seat.machine.joined() !== "refused") {
    await pause(CHECK_EVERY_MS);
    // Nobody has an editor open on these.
    if (seat.isPulled) seat.dirty().forEach((note) => seat.flush(note));
  }
  connection.close();
  await seat.keep();
  seat.stop();
  return seat;
}

/** @param {number} time */
function pause(time) {
  return new Promise((resolve) => setTimeout(resolve, time));
}
