// @ts-check
// Reads the snapshot in the page's HTML, from which the client machine starts.

import { requireElement } from "./dom.js";

/** @typedef {import("../sync/board-client.js").BoardSnapshot} BoardSnapshot */

/**
 * The board at the position to join at. The page of one note carries only that note.
 * @returns {BoardSnapshot}
 */
export function readSnapshot() {
  const snapshot = JSON.parse(requireElement(document, "#snapshot").textContent ?? "");
  const { positions, people, notes, ...board } = snapshot;
  const elements = [...document.querySelectorAll("[data-note]")].map((it) => [it.getAttribute("data-note"), it]);
  const rendered = new Map(/** @type {[string, Element][]} */ (elements));
  const complete = notes.map((/** @type {any} */ note) => {
    const text = note.text ?? renderedText(rendered.get(note.id));
    return { ...note, text, edited_by: people[note.edited_by] };
  });
  const [position, ...readAt] = positions;
  return { ...board, position, readAt, notes: complete };
}

/**
 * A note's text as the server rendered it, in the editor or in the trash.
 * @param {Element | undefined} element
 */
function renderedText(element) {
  /** @type {HTMLTextAreaElement | null | undefined} */
  const textarea = element?.querySelector("textarea[name=text]");
  return textarea?.defaultValue ?? element?.querySelector("[data-text]")?.textContent ?? "";
}

/**
 * Whether a snapshot has all notes that an outbox changes. It may be older than the outbox, or contain
 * only a part of the board.
 * @param {BoardSnapshot} snapshot
 * @param {import("../storage/outbox-storage.js").OutboxContent} content
 */
export function covers(snapshot, { saved }) {
  if (!saved) return true;
  const bodies = saved.outbox.map((entry) => ("edit" in entry ? { note: entry.edit } : JSON.parse(entry.body)));
  const created = bodies.filter(({ type }) => type === "create_note");
  const known = new Set([...snapshot.notes.map(({ id }) => id), ...created.map(({ note }) => note)]);
  return [...saved.notes, ...bodies].every(({ note }) => !note || known.has(note));
}
