// @ts-check
// What one part of the client asks of the others.

/** @typedef {import("./client-messages.js").Reason} Reason */

/**
 * A consequence of an input for other parts, which `ClientParts` carries out:
 *
 * - `send`: a frame to the server.
 * - `load`: all pages of a pull are loaded, and the board is joined at their position.
 * - `joined`: the board is joined; `head` is its last seq.
 * - `edit_saved`: what was in flight is part of the server's text.
 * - `creation_saved`: the creation of a note is saved.
 * - `command_done`: another command is saved, or changed nothing.
 * - `membership_decided`: a command that makes the user a member has its outcome: the board can be
 *   joined.
 * - `requeue_edit`: the server no longer knows the base of the first edit: it is rebased, and sent
 *   under another id.
 * - `keep_lost_text`: text that was saved is lost with a part of the server's history: it becomes a
 *   draft.
 * - `abandon_edits`: the edits of a note are dropped: its local text becomes a draft, and its status
 *   `rejected`.
 * - `abandon_note`: the creation of a note with this text is dropped: its latest text becomes a draft.
 * - `note_gone`: the note was permanently deleted, or the server lost it: its local text becomes a
 *   draft.
 * - `notify`: something without text was not carried out: the user is notified.
 * @typedef {{type: "send", frame: string}
 *   | {type: "load", pages: any[]}
 *   | {type: "joined", head: number}
 *   | {type: "edit_saved" | "creation_saved" | "note_gone", note: string}
 *   | {type: "command_done", note: string | null}
 *   | {type: "membership_decided"}
 *   | {type: "requeue_edit", note: string, base: import("./client-messages.js").Position}
 *   | {type: "keep_lost_text" | "abandon_note", note: string, text: string, reason: Reason}
 *   | {type: "abandon_edits", note: string, reason: Reason}
 *   | {type: "notify", note: string | null, reason: Reason}} Effect
 */
export {};
