// @ts-check
// Shows messages about rejected commands and refused joins.

import { toast } from "./toasts.js";

/** @typedef {import("../sync/board-session.js").BoardSession} BoardSession */

/** @type {Record<string, string>} */
const MESSAGES = {
  board_full: "This board is full.",
  board_text_full: "This board has no room for more text.",
  note_gone: "That note was permanently deleted.",
  note_not_found: "That note no longer exists.",
  note_not_trashed: "That note was restored, so it wasn’t deleted.",
  title_empty: "A board needs a name.",
  title_too_long: "That name is too long.",
  forbidden: "You don’t have permission to do that.",
};

/** Refused boards that were reported already. @type {WeakSet<BoardSession>} */
const refused = new WeakSet();

/**
 * @param {BoardSession} session
 * @param {import("../sync/view-changes.js").ViewChange[]} changes
 */
export function showRejections(session, changes) {
  const { dataset } = document.body;
  for (const change of changes) {
    if (change.type === "notice") toast(MESSAGES[change.code] ?? `That didn’t work: ${change.detail}.`);
    if (change.type === "notice" && change.code === "board_full") dataset.full = "";
  }
  const isRefused = session.machine.joinState() === "refused";
  if (isRefused) dataset.access = "viewer";
  if (!isRefused || refused.has(session)) return;
  refused.add(session);
  const message = session.machine.refusal()?.code === "too_many_boards"
    ? "You have too many boards open. Close some, then reload this page."
    : "You no longer have access to this board. This is how it was when you last saw it.";
  toast(message, { stays: true });
}
