// @ts-check
// What every page with a board has: the seat, the word on the connection, and the ways out.

import { hydrateCopying } from "./clipboard.js";
import { Connection } from "../sync/connection.js";
import { findElement } from "./dom.js";
import { openOutboxStorage } from "../storage/outbox-storage.js";
import { adoptOrphans } from "../sync/orphan-adoption.js";
import { hydrateProfileForm } from "./profile-form.js";
import { REFRESH_EVERY_MS, isLate } from "./save-status.js";
import { Seat } from "../sync/board-session.js";
import { acquireLease } from "../storage/lease-acquisition.js";
import { startRelativeTimes } from "./relative-time.js";
import { hydrateToasts, toast } from "./toasts.js";

/** What `fetch` sends of a page that is gone, with room for what else the browser sends. */
const LAST_BYTES_MAX = 60 * 1024;
const NOT_KEPT = "This browser keeps nothing for this page: leave it open until your words are saved.";
/** Short drops of the connection are nobody's business at the very start. */
const FIRST_WORD_MS = 1_500;

/**
 * The seat of a board, before it is started.
 * @param {string} board
 */
export async function openPageSession(board) {
  startRelativeTimes();
  hydrateCopying();
  hydrateProfileForm();
  hydrateToasts();
  const storage = await openOutboxStorage();
  const connection = new Connection();
  showConnection(connection);
  return new Seat(board, await acquireLease(storage, board), connection);
}

/**
 * Starts it, and everything that goes on beside it.
 * @param {Seat} seat
 * @param {{written: () => string[], taken: (leftover: Seat) => void}} page `written`: the notes
 *   that are being written in; `taken`: hears of other records of this board, with drafts in them
 */
export function startPageSession(seat, { written, taken }) {
  if (!seat.isHere) seat.beHere(null);
  seat.start();
  seat.connection.open();
  watchLeaving(seat, written);
  warnIfNotKept(seat);
  tellWhatWaits(seat);
  adoptOrphans(seat.lease.storage, (leftover) => {
    const isHere = leftover.board === seat.board && leftover.machine.drafts().length > 0;
    if (isHere) taken(leftover);
    return isHere;
  });
}

/** @param {Connection} connection */
function showConnection(connection) {
  const word = findElement(document, "#connection");
  const show = () => {
    const { state } = connection;
    if (word) word.dataset.connection = state === "connecting" ? "" : state;
  };
  connection.addEventListener("state", show);
  setTimeout(() => {
    if (word && connection.state === "connecting") word.dataset.connection = "reconnecting";
  }, FIRST_WORD_MS);
}

/**
 * What is moved, coloured or thrown away looks done at once, so only this says that it is not.
 * @param {Seat} seat
 */
function tellWhatWaits(seat) {
  const word = findElement(document, "#connection");
  setInterval(() => {
    const since = seat.waitingSince();
    word?.toggleAttribute("data-late", since !== null && isLate(since, performance.now()));
  }, REFRESH_EVERY_MS);
}

/**
 * @param {Seat} seat
 * @param {() => string[]} written
 */
function watchLeaving(seat, written) {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden") return;
    for (const note of written()) seat.flush(note);
    seat.keep();
  });
  window.addEventListener("pagehide", () => {
    for (const command of seat.leave(written())) sendLast(command);
    // A page that the browser keeps for the way back would keep its person here.
    seat.connection.close();
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    // What this page kept was free while it was away, and may be somebody else's by now.
    document.body.inert = seat.isPersisted;
    location.reload();
  });
}

/**
 * The last words go out without anybody to wait for the answer; they are kept besides.
 * @param {string} command
 */
function sendLast(command) {
  if (new Blob([command]).size > LAST_BYTES_MAX) return;
  fetch("/api/commands", { method: "POST", keepalive: true, body: command }).catch(() => {});
}

/** @param {Seat} seat */
function warnIfNotKept(seat) {
  let isTold = false;
  const look = () => {
    if (seat.isPersisted || isTold) return;
    isTold = true;
    toast(NOT_KEPT, { stays: true });
  };
  look();
  setInterval(look, 2_000);
  window.addEventListener("beforeunload", (event) => {
    if (!seat.isPersisted && seat.unsent() > 0) event.preventDefault();
  });
}
