// @ts-check
// What every page with a board has: the session, the word on the connection, and the ways out.

import { hydrateCopying } from "./copying.js";
import { Connection } from "./connection.js";
import { find } from "./dom.js";
import { MemoryKeep, openKeep } from "./keep.js";
import { sendLeftovers } from "./leftovers.js";
import { Session } from "./session.js";
import { claimFor } from "./tabs.js";
import { keepTimesTrue } from "./time.js";
import { hydrateToasts, toast } from "./toasts.js";

/** What `fetch` sends of a page that is gone, with room for what else the browser sends. */
const LAST_BYTES_MAX = 60 * 1024;
const NOT_KEPT = "This browser keeps nothing for this page: leave it open until your words are saved.";
/** Short drops of the connection are nobody's business at the very start. */
const FIRST_WORD_MS = 1_500;

/**
 * The session of a board, before it is started.
 * @param {string} board
 */
export async function openSession(board) {
  keepTimesTrue();
  hydrateCopying();
  hydrateToasts();
  const keep = await openKeep();
  const connection = new Connection();
  showConnection(connection);
  const claim = await claimFor(keep, board).catch(() => claimFor(new MemoryKeep(), board));
  return new Session(board, claim, connection);
}

/**
 * Starts it, and everything that goes on beside it.
 * @param {Session} session
 * @param {{written: () => string[], taken: (leftover: Session) => void}} page `written`: the notes
 *   that are being written in; `taken`: hears of other records of this board, with drafts in them
 */
export function startSession(session, { written, taken }) {
  session.start();
  session.connection.open();
  watchLeaving(session, written);
  warnIfNotKept(session);
  sendLeftovers(session.claim.keep, (leftover) => {
    const isHere = leftover.board === session.board && leftover.machine.drafts().length > 0;
    if (isHere) taken(leftover);
    return isHere;
  });
}

/** @param {Connection} connection */
function showConnection(connection) {
  const word = find(document, "#connection");
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
 * @param {Session} session
 * @param {() => string[]} written
 */
function watchLeaving(session, written) {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden") return;
    for (const note of written()) session.flush(note);
    session.keep();
  });
  window.addEventListener("pagehide", () => {
    for (const command of session.leave(written())) sendLast(command);
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    // What this page kept was free while it was away, and may be somebody else's by now.
    if (persisted) location.reload();
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

/** @param {Session} session */
function warnIfNotKept(session) {
  let isTold = false;
  const look = () => {
    if (session.isKept || isTold) return;
    isTold = true;
    toast(NOT_KEPT, { stays: true });
  };
  look();
  setInterval(look, 2_000);
  window.addEventListener("beforeunload", (event) => {
    if (!session.isKept && session.unsent() > 0) event.preventDefault();
  });
}
