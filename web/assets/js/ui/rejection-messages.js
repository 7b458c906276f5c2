// @ts-check
// What went otherwise than somebody wished, said in words.

import { toast } from "./toasts.js";

/** @typedef {import("../sync/board-session.js").Seat} Seat */

/** @type {Record<string, string>} */
const SENTENCES = {
  board_full: "The board holds no more notes.",
  board_text_full: "The board holds no more text.",
  note_gone: "That note was deleted for good.",
  note_not_found: "That note is not there any more.",
  note_not_trashed: "That note is back on the board, so it was not deleted.",
  title_empty: "A board needs a name.",
  title_too_long: "That name is too long.",
  forbidden: "You may not do that here.",
};

/** Boards that were refused are told of once. @type {WeakSet<Seat>} */
const refused = new WeakSet();

/**
 * @param {HTMLElement} main
 * @param {Seat} seat
 * @param {import("../sync/view-changes.js").ViewChange[]} changes
 */
export function showRejections(main, seat, changes) {
  for (const change of changes) {
    if (change.type === "notice") toast(SENTENCES[change.code] ?? `Not done: ${change.detail}.`);
    if (change.type === "notice" && change.code === "board_full") main.dataset.full = "";
  }
  const isRefused = seat.machine.joined() === "refused";
  if (isRefused) main.dataset.access = "viewer";
  if (!isRefused || refused.has(seat)) return;
  refused.add(seat);
  const why = seat.machine.refusal()?.code === "too_many_boards"
    ? "Too many boards are open at once. Close some, then load this page again."
    : "This board is not open to you any more. What you see is how it was.";
  toast(why, { stays: true });
}
