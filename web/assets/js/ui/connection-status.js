// @ts-check
// The connection status in the page header.

import { findElement } from "./dom.js";
import { REFRESH_EVERY_MS, isLate } from "./note-save-status.js";

/** A connection that takes longer than this at the start is shown as reconnecting. */
const CONNECT_GRACE_MS = 1_500;

/** @param {import("../sync/connection.js").Connection} connection */
export function showConnection(connection) {
  const status = findElement(document, "#connection");
  if (!status) return;
  connection.addEventListener("state", () => {
    const { state } = connection;
    status.dataset.connection = state === "connecting" ? "" : state;
  });
  setTimeout(() => {
    if (connection.state === "connecting") status.dataset.connection = "reconnecting";
  }, CONNECT_GRACE_MS);
}

/**
 * Shows "Not saved yet" for moves, colours and deletions. They are shown at once, so their cards do
 * not indicate it.
 * @param {import("../sync/board-session.js").BoardSession} session
 */
export function showLateCommands(session) {
  const status = findElement(document, "#connection");
  setInterval(() => {
    const since = session.unsavedSince();
    status?.toggleAttribute("data-late", since !== null && isLate(since, performance.now()));
  }, REFRESH_EVERY_MS);
}
