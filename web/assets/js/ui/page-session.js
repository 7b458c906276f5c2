// @ts-check
// The board session of a page: its start, the connection status, and what happens on page hide.

import { hydrateCopying } from "./clipboard.js";
import { Connection } from "../sync/connection.js";
import { findElement } from "./dom.js";
import { openOutboxStorage } from "../storage/outbox-storage.js";
import { adoptOrphans } from "../sync/orphan-adoption.js";
import { hydrateProfileForm } from "./profile-form.js";
import { REFRESH_EVERY_MS, isLate } from "./save-status.js";
import { BoardSession } from "../sync/board-session.js";
import { acquireLease } from "../storage/lease-acquisition.js";
import { startRelativeTimes } from "./relative-time.js";
import { hydrateToasts, toast } from "./toasts.js";

/** Browsers limit `fetch` with `keepalive` to 64 KiB in total. */
const KEEPALIVE_BYTES_MAX = 60 * 1024;
const NOT_PERSISTED = "Your browser can’t store changes for this page. Keep it open until everything is saved.";
/** A connection that takes longer than this at the start is shown as reconnecting. */
const CONNECT_GRACE_MS = 1_500;

/**
 * The session of a board, not yet started.
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
  return new BoardSession(board, await acquireLease(storage, board), connection);
}

/**
 * Starts the session, and everything that runs beside it.
 * @param {BoardSession} session
 * @param {{written: () => string[], taken: (leftover: BoardSession) => void}} page `written` returns
 *   the notes being edited; `taken` is called with adopted sessions of this board that have drafts
 */
export function startPageSession(session, { written, taken }) {
  if (!session.hasPresence) session.setPresence(null);
  session.start();
  session.connection.open();
  watchLeaving(session, written);
  warnIfNotPersisted(session);
  showLateCommands(session);
  adoptOrphans(session.lease.storage, (leftover) => {
    const isHere = leftover.board === session.board && leftover.machine.drafts().length > 0;
    if (isHere) taken(leftover);
    return isHere;
  });
}

/** @param {Connection} connection */
function showConnection(connection) {
  const status = findElement(document, "#connection");
  const show = () => {
    const { state } = connection;
    if (status) status.dataset.connection = state === "connecting" ? "" : state;
  };
  connection.addEventListener("state", show);
  setTimeout(() => {
    if (status && connection.state === "connecting") status.dataset.connection = "reconnecting";
  }, CONNECT_GRACE_MS);
}

/**
 * Shows "Not saved yet". Moves, colours and deletions look done at once, so nothing else shows it.
 * @param {BoardSession} session
 */
function showLateCommands(session) {
  const status = findElement(document, "#connection");
  setInterval(() => {
    const since = session.unsavedSince();
    status?.toggleAttribute("data-late", since !== null && isLate(since, performance.now()));
  }, REFRESH_EVERY_MS);
}

/**
 * @param {BoardSession} session
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
    // A page in the back/forward cache would keep its person present.
    session.connection.close();
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    // The outbox was released on page hide and may have another owner by now.
    document.body.inert = session.isPersisted;
    location.reload();
  });
}

/**
 * Sends a command without waiting for its outcome; it is stored as well.
 * @param {string} command
 */
function sendLast(command) {
  if (new Blob([command]).size > KEEPALIVE_BYTES_MAX) return;
  fetch("/api/commands", { method: "POST", keepalive: true, body: command }).catch(() => {});
}

/** @param {BoardSession} session */
function warnIfNotPersisted(session) {
  let isWarned = false;
  const check = () => {
    if (session.isPersisted || isWarned) return;
    isWarned = true;
    toast(NOT_PERSISTED, { stays: true });
  };
  check();
  setInterval(check, 2_000);
  window.addEventListener("beforeunload", (event) => {
    if (!session.isPersisted && session.unsentCount() > 0) event.preventDefault();
  });
}
