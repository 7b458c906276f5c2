//! The conversion of rows to the domain. Each function names the columns that it reads, in order.

use rusqlite::Row;
use sockbit_application::column_conversions::{parse_name, seq};
use sockbit_application::ports::{StoreError, StoredOutcome};
use sockbit_domain::{
    Actor, ActorId, BoardId, Change, ClientId, Delta, Event, EventId, KeyHash, Link, LinkId,
    MessageId, Note, NoteId, PastEdit, Position, Rank, Role, Text, Timestamp,
};
use uuid::Uuid;

use crate::error_mapping::ReadError;

/// `id, colour, rank, state, seq, edited_by_id, edited_by_name, edited_by_colour, edited_at, text`
pub(crate) fn note(board: BoardId, row: &Row) -> Result<Note, ReadError> {
    let id: Uuid = row.get(0)?;
    let unreadable = |cause: String| {
        StoreError::unreadable_row("notes", format!("board {board}, id {id}"), cause)
    };
    Ok(Note {
        id: NoteId(id),
        colour: parse_name(text(row, 1)?).map_err(|it| unreadable(it.to_string()))?,
        rank: Rank::try_from(text(row, 2)?.to_owned()).map_err(|it| unreadable(it.to_string()))?,
        state: parse_name(text(row, 3)?).map_err(|it| unreadable(it.to_string()))?,
        seq: seq(row.get(4)?),
        edited_by: actor(row, 5)?,
        edited_at: Timestamp(row.get(8)?),
        text: Text::normalise(text(row, 9)?),
    })
}

/// `seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, change`
pub(crate) fn event(board: BoardId, row: &Row) -> Result<Event, ReadError> {
    let number: i64 = row.get(0)?;
    Ok(Event {
        board,
        seq: seq(number),
        from: seq(row.get(1)?),
        id: EventId(row.get(2)?),
        message: MessageId(row.get(3)?),
        actor: actor(row, 4)?,
        at: Timestamp(row.get(7)?),
        change: serde_json::from_str(text(row, 8)?)
            .map_err(|it| unreadable_event(board, number, it.to_string()))?,
    })
}

/// The columns of an [`event`], and `inverse`, which edits have.
pub(crate) fn event_with_inverse(
    board: BoardId,
    row: &Row,
) -> Result<(Event, Option<Delta>), ReadError> {
    let number = row.get(0)?;
    let inverse = optional_text(row, 9)?.map(|it| inverse(board, number, it)).transpose()?;
    Ok((event(board, row)?, inverse))
}

/// `seq, change, inverse` of an edit
pub(crate) fn past_edit(board: BoardId, row: &Row) -> Result<PastEdit, ReadError> {
    let number: i64 = row.get(0)?;
    let change = serde_json::from_str(text(row, 1)?)
        .map_err(|it| unreadable_event(board, number, it.to_string()))?;
    let Change::NoteEdited { delta, .. } = change else {
        let cause = "it has an inverse and is not an edit".to_owned();
        return Err(unreadable_event(board, number, cause).into());
    };
    Ok(PastEdit { seq: seq(number), delta, inverse: inverse(board, number, text(row, 2)?)? })
}

/// Parses the inverse of the edit with this number.
pub(crate) fn inverse(board: BoardId, seq: i64, json: &str) -> Result<Delta, ReadError> {
    serde_json::from_str(json).map_err(|it| unreadable_event(board, seq, it.to_string()).into())
}

/// `client, message, body_hash, outcome, at`
pub(crate) fn outcome(board: BoardId, row: &Row) -> Result<StoredOutcome, ReadError> {
    let (client, message): (Uuid, Uuid) = (row.get(0)?, row.get(1)?);
    Ok(StoredOutcome {
        client: ClientId(client),
        message: MessageId(message),
        body_hash: row.get(2)?,
        outcome: serde_json::from_str(text(row, 3)?).map_err(|it| {
            let key = format!("board {board}, client {client}, message {message}");
            StoreError::unreadable_row("outcomes", key, it)
        })?,
        at: Timestamp(row.get(4)?),
    })
}

/// `id, role, hash`
pub(crate) fn link(board: BoardId, row: &Row) -> Result<Link, ReadError> {
    let id: Uuid = row.get(0)?;
    let role = parse_name(text(row, 1)?)
        .map_err(|it| StoreError::unreadable_row("links", format!("board {board}, id {id}"), it))?;
    Ok(Link { id: LinkId(id), role, hash: KeyHash(row.get(2)?) })
}

/// Parses the role of a member.
pub(crate) fn role(board: BoardId, actor: ActorId, name: &str) -> Result<Role, ReadError> {
    parse_name(name).map_err(|it| {
        StoreError::unreadable_row("members", format!("board {board}, actor {actor}"), it).into()
    })
}

/// A number and the id of its event in two columns, of which the first is this one.
pub(crate) fn position(row: &Row, column: usize) -> rusqlite::Result<Position> {
    Ok(Position { seq: seq(row.get(column)?), event: EventId(row.get(column + 1)?) })
}

/// Id, name and colour of an actor in three columns, of which the first is this one.
pub(crate) fn actor(row: &Row, column: usize) -> rusqlite::Result<Actor> {
    Ok(Actor {
        id: ActorId(row.get(column)?),
        name: row.get(column + 1)?,
        colour: row.get(column + 2)?,
    })
}

/// A column without a copy of its text.
pub(crate) fn text<'a>(row: &'a Row, column: usize) -> rusqlite::Result<&'a str> {
    Ok(row.get_ref(column)?.as_str()?)
}

pub(crate) fn optional_text<'a>(row: &'a Row, column: usize) -> rusqlite::Result<Option<&'a str>> {
    Ok(row.get_ref(column)?.as_str_or_null()?)
}

fn unreadable_event(board: BoardId, seq: i64, cause: String) -> StoreError {
    StoreError::unreadable_row("events", format!("board {board}, seq {seq}"), cause)
}
