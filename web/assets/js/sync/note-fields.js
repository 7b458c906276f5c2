// @ts-check
// The fields of a note that commands and events change. A command that changes fields has one entry
// here: the view applies it while the command is pending, the server board when its event arrives.

/** @typedef {{colour: string, rank: string, state: "live" | "trashed"}} NoteFields */
/** @typedef {(change: any) => Partial<NoteFields>} Changed */

/** An edit restores a note from the trash. @type {{command: string, event: string, changed: Changed}[]} */
const CHANGES = [
  { command: "edit_note", event: "note_edited", changed: () => ({ state: "live" }) },
  { command: "move_note", event: "note_moved", changed: ({ rank }) => ({ rank }) },
  { command: "recolour_note", event: "note_recoloured", changed: ({ colour }) => ({ colour }) },
  { command: "trash_note", event: "note_trashed", changed: () => ({ state: "trashed" }) },
  { command: "restore_note", event: "note_restored", changed: () => ({ state: "live" }) },
];

/**
 * The changed fields of a note; null if the command changes none.
 * @param {any} command
 */
export function fieldsAfterCommand(command) {
  return CHANGES.find((it) => it.command === command.type)?.changed(command) ?? null;
}

/**
 * The changed fields of a note; null if the change of the event changes none, or is unknown.
 * @param {any} change
 */
export function fieldsAfterEvent(change) {
  return CHANGES.find((it) => it.event === change.type)?.changed(change) ?? null;
}
