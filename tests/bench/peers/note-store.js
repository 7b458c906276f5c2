// The notes and the log of edits in PostgreSQL. Each edit is one statement and one durable commit.

import pg from 'pg';

const READ_BOARD = 'select id, text, revision from notes where board = $1';

const SAVE_EDIT = `
  with logged as (
    insert into edits (message, note, text) values ($1, $2, $3)
    on conflict (message) do nothing
    returning note, text
  )
  update notes set text = logged.text, revision = revision + 1
  from logged where notes.id = logged.note
  returning revision`;

/** Enough for a process that commits edits one by one, and few enough for three of them. */
const CONNECTIONS_MAX = 32;

const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: CONNECTIONS_MAX });

/** The notes of a board. */
export async function readBoard(board) {
  const { rows } = await pool.query({ name: 'read-board', text: READ_BOARD, values: [board] });
  return rows;
}

/** Saves an edit. Returns the edit with the note's new revision, or nothing if it was saved before. */
export async function saveEdit(edit) {
  const values = [edit.message, edit.note, edit.text];
  const { rows } = await pool.query({ name: 'save-edit', text: SAVE_EDIT, values });
  return rows.length === 1 ? { ...edit, revision: rows[0].revision } : undefined;
}
