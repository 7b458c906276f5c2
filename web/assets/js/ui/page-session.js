// @ts-check
// The board session of a page: opens it, starts it, and stores and sends changes on page hide.

import { hydrateCopying } from "./clipboard.js";
import { showConnection, showLateCommands } from "./connection-status.js";
import { covers } from "./page-snapshot.js";
import { hydrateProfileForm } from "./profile-form.js";
import { startRelativeTimes } from "./relative-time.js";
import { hydrateToasts, toast } from "./toasts.js";
import { acquireLease } from "../storage/lease-acquisition.js";
import { openOutboxStorage } from "../storage/outbox-storage.js";
import { BoardSession } from "../sync/board-session.js";
import { Connection } from "../sync/connection.js";
import { adoptOrphans } from "../sync/orphan-adoption.js";

/** Browsers limit `fetch` with `keepalive` to 64 KiB in total. */
const KEEPALIVE_BYTES_MAX = 60 * 1024;
const NOT_PERSISTED = "Your browser can’t store changes for this page. Keep it open until everything is saved.";

/**
 * The session of the page's board, not started yet. It continues with the unsent changes of an earlier
 * page if the snapshot has their notes. `adoptOrphans` handles other outboxes.
 * @param {string} board
 * @param {import("../sync/board-client.js").BoardSnapshot} snapshot
 */
export async function openPageSession(board, snapshot) {
  startRelativeTimes();
  hydrateCopying();
  hydrateProfileForm();
  hydrateToasts();
  const storage = await openOutboxStorage();
  const connection = new Connection();
  showConnection(connection);
  const lease = await acquireLease(storage, board, (content) => covers(snapshot, content));
  return new BoardSession(board, lease, connection, snapshot);
}

/**
 * Starts the session, its connection, the page hide handlers and the adoption of orphans.
 * @param {BoardSession} session
 * @param {{editedNote: () => string | null, onDrafts: (orphan: BoardSession) => void}} page
 *   `onDrafts` is called with adopted sessions of this board that have drafts
 */
export function startPageSession(session, { editedNote, onDrafts }) {
  if (!session.hasPresence) session.setPresence(null);
  session.flushAllExcept(editedNote());
  session.start();
  session.connection.open();
  handlePageHide(session, editedNote);
  warnIfNotPersisted(session);
  showLateCommands(session);
  adoptOrphans(session.lease.storage, (orphan) => {
    const hasDrafts = orphan.board === session.board && orphan.machine.drafts().length > 0;
    if (hasDrafts) onDrafts(orphan);
    return hasDrafts;
  });
}

/**
 * @param {BoardSession} session
 * @param {() => string | null} editedNote
 */
function handlePageHide(session, editedNote) {
  const edited = () => [editedNote()].filter((note) => note !== null);
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState !== "hidden") return;
    for (const note of edited()) session.flush(note);
    session.store();
  });
  window.addEventListener("pagehide", () => {
    for (const command of session.leave(edited())) sendOnPageHide(command);
    // Otherwise the user of a page in the back/forward cache would stay present.
    session.connection.close();
  });
  window.addEventListener("pageshow", ({ persisted }) => {
    if (!persisted) return;
    // The outbox was released on page hide, so another page may own it.
    document.body.inert = session.isPersisted;
    location.reload();
  });
}

/**
 * Sends a command without waiting for its outcome; it is stored as well.
 * @param {string} command
 */
function sendOnPageHide(command) {
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
