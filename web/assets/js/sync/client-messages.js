// @ts-check
// The frames that the client sends, with the same bytes as the frames of the Rust client.

/** @typedef {{seq: number, event: string}} Position */
/** @typedef {{id: string, name: string, colour: number}} Actor */
/** @typedef {{code: string, detail: string}} Reason */

const VERSION = 1;

/**
 * A command with its frozen body, which is sent unchanged.
 * @param {{id: string, board: string, key: string | null, body: string}} command
 */
export function commandFrame({ id, board, key, body }) {
  const start = JSON.stringify({ v: VERSION, type: "command", id, board, key: key ?? undefined });
  return `${start.slice(0, -1)},"body":${body}}`;
}

/**
 * @param {string} board
 * @param {Position | null} position
 */
export function joinFrame(board, position) {
  return JSON.stringify({ v: VERSION, type: "join", board, position: position ?? undefined });
}

/**
 * @param {string} id
 * @param {string} board
 * @param {string | null} after
 */
export function pageFrame(id, board, after) {
  const body = { type: "board_page", board, after: after ?? undefined };
  return JSON.stringify({ v: VERSION, type: "query", id, body });
}

/**
 * @param {string} board
 * @param {string | null} note
 */
export function presenceFrame(board, note) {
  return JSON.stringify({ v: VERSION, type: "presence", board, note: note ?? undefined });
}

/**
 * The body of an `edit_note`.
 * @param {string} note
 * @param {Position} base
 * @param {import("../delta/delta.js").Delta} delta
 */
export function editNote(note, base, delta) {
  return { type: "edit_note", note, base: { seq: base.seq, event: base.event }, delta };
}
