//! Writes the changes of one board in an open transaction.

use rusqlite::{Connection, OptionalExtension, params};
use sockbit_application::column_conversions::integer;
use sockbit_application::ports::{BoardChanges, CommitResult, StoredOutcome};
use sockbit_domain::{BoardId, Fact, Note};

use crate::encoded_changes::{EncodedChanges, FactJson};
use crate::error_mapping::is_constraint_violation;

/// Writes a board on the condition that its head is the expected one. After an error, some of it is
/// written.
pub(crate) fn board(
    transaction: &Connection,
    encoded: &EncodedChanges,
) -> rusqlite::Result<CommitResult> {
    let changes = &encoded.changes;
    if !changes.is_gapless() {
        return Ok(CommitResult::Conflict);
    }
    let bytes_added = encoded.facts.iter().map(|it| it.event_bytes).sum();
    let Some(log_bytes) = write_board(transaction, changes, bytes_added)? else {
        return Ok(CommitResult::Conflict);
    };
    write_events(transaction, changes.facts.iter().zip(&encoded.facts), log_bytes)?;
    write_notes(transaction, changes.board, &changes.notes)?;
    write_members(transaction, changes)?;
    write_links(transaction, changes)?;
    write_outcomes(transaction, changes.board, changes.outcomes.iter().zip(&encoded.outcomes))?;
    Ok(CommitResult::Done)
}

/// Like [`board`], but a board that breaks a constraint is a conflict, and nothing of it is written.
/// It takes twice as long: SQLite copies each page that changes after the savepoint.
pub(crate) fn board_behind_savepoint(
    transaction: &Connection,
    encoded: &EncodedChanges,
) -> rusqlite::Result<CommitResult> {
    execute(transaction, "savepoint board")?;
    let result = match board(transaction, encoded) {
        Err(error) if is_constraint_violation(&error) => {
            execute(transaction, "rollback to board")?;
            CommitResult::Conflict
        }
        result => result?,
    };
    execute(transaction, "release board")?;
    Ok(result)
}

/// Executes a statement without parameters, prepared once.
pub(crate) fn execute(connection: &Connection, statement: &str) -> rusqlite::Result<()> {
    connection.prepare_cached(statement)?.execute([]).map(drop)
}

/// Inserts the board's row, or updates it if its head is the expected one. Returns the bytes that
/// its log had before; `None` if the head has moved.
fn write_board(
    transaction: &Connection,
    changes: &BoardChanges,
    bytes_added: u64,
) -> rusqlite::Result<Option<i64>> {
    const INSERT: &str = "\
        insert into boards (
            title, head_seq, head_event, note_count, text_bytes, log_bytes,
            changed_by_id, changed_by_name, changed_by_colour, changed_at, id, uncompacted_since
        ) values (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?10)
        returning log_bytes - ?6";
    // A batch of rejections has no event and leaves these columns as they are.
    const UPDATE: &str = "\
        update boards set
            title = ?1, head_seq = ?2, head_event = ?3, note_count = ?4, text_bytes = ?5,
            log_bytes = log_bytes + ?6,
            changed_by_id = coalesce(?7, changed_by_id),
            changed_by_name = coalesce(?8, changed_by_name),
            changed_by_colour = coalesce(?9, changed_by_colour),
            changed_at = coalesce(?10, changed_at),
            uncompacted_since =
                min(coalesce(uncompacted_since, ?10), coalesce(?10, uncompacted_since))
        where id = ?11 and head_seq = ?12 and head_event = ?13
        returning log_bytes - ?6";
    let mut statement =
        transaction.prepare_cached(if changes.expected.is_some() { UPDATE } else { INSERT })?;
    let last = changes.facts.last().map(|fact| &fact.event);
    let row = params![
        changes.title.as_str(),
        integer(changes.head.seq.0),
        changes.head.event.0,
        changes.note_count,
        integer(changes.text_bytes),
        integer(bytes_added),
        last.map(|event| event.actor.id.0),
        last.map(|event| event.actor.name.as_str()),
        last.map(|event| event.actor.colour),
        last.map(|event| event.at.0),
        changes.board.0,
    ];
    let expected = changes.expected.map(|head| (integer(head.seq.0), head.event.0));
    let mut values = row.to_vec();
    if let Some((seq, event)) = &expected {
        values.push(seq);
        values.push(event);
    }
    statement.query_row(values.as_slice(), |row| row.get(0)).optional()
}

fn write_events<'a>(
    transaction: &Connection,
    facts: impl Iterator<Item = (&'a Fact, &'a FactJson)>,
    mut log_bytes: i64,
) -> rusqlite::Result<()> {
    const INSERT: &str = "\
        insert into events (
            board, seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, note,
            log_bytes, change, inverse
        ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)";
    let mut statement = transaction.prepare_cached(INSERT)?;
    for (fact, json) in facts {
        let event = &fact.event;
        log_bytes = log_bytes.saturating_add(integer(json.event_bytes));
        statement.execute(params![
            event.board.0,
            integer(event.seq.0),
            integer(event.from.0),
            event.id.0,
            event.message.0,
            event.actor.id.0,
            event.actor.name,
            event.actor.colour,
            event.at.0,
            event.change.note().map(|it| it.0),
            log_bytes,
            json.change,
            json.inverse,
        ])?;
    }
    Ok(())
}

fn write_notes(transaction: &Connection, board: BoardId, notes: &[Note]) -> rusqlite::Result<()> {
    const UPSERT: &str = "\
        insert into notes (
            board, id, colour, rank, state, seq,
            edited_by_id, edited_by_name, edited_by_colour, edited_at, text
        ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        on conflict do update set
            colour = excluded.colour, rank = excluded.rank, state = excluded.state,
            seq = excluded.seq, edited_by_id = excluded.edited_by_id,
            edited_by_name = excluded.edited_by_name,
            edited_by_colour = excluded.edited_by_colour, edited_at = excluded.edited_at,
            text = excluded.text";
    let mut statement = transaction.prepare_cached(UPSERT)?;
    for note in notes {
        statement.execute(params![
            board.0,
            note.id.0,
            note.colour.as_str(),
            note.rank.as_str(),
            note.state.as_str(),
            integer(note.seq.0),
            note.edited_by.id.0,
            note.edited_by.name,
            note.edited_by.colour,
            note.edited_at.0,
            note.text.as_str(),
        ])?;
    }
    Ok(())
}

fn write_members(transaction: &Connection, changes: &BoardChanges) -> rusqlite::Result<()> {
    const UPSERT: &str = "\
        insert into members (board, actor, role) values (?, ?, ?)
        on conflict do update set role = excluded.role";
    for (actor, role) in &changes.members {
        let values = params![changes.board.0, actor.0, role.as_str()];
        transaction.prepare_cached(UPSERT)?.execute(values)?;
    }
    Ok(())
}

fn write_links(transaction: &Connection, changes: &BoardChanges) -> rusqlite::Result<()> {
    const INSERT: &str = "insert into links (board, id, role, hash) values (?, ?, ?, ?)";
    for link in &changes.links {
        let values = params![changes.board.0, link.id.0, link.role.as_str(), link.hash.0];
        transaction.prepare_cached(INSERT)?.execute(values)?;
    }
    Ok(())
}

fn write_outcomes<'a>(
    transaction: &Connection,
    board: BoardId,
    outcomes: impl Iterator<Item = (&'a StoredOutcome, &'a String)>,
) -> rusqlite::Result<()> {
    const INSERT: &str = "\
        insert into outcomes (board, client, message, body_hash, outcome, at)
        values (?, ?, ?, ?, ?, ?)";
    let mut statement = transaction.prepare_cached(INSERT)?;
    for (outcome, json) in outcomes {
        statement.execute(params![
            board.0,
            outcome.client.0,
            outcome.message.0,
            outcome.body_hash,
            json,
            outcome.at.0,
        ])?;
    }
    Ok(())
}
