//! What a batch needs to know of a board, in at most seven statements whatever its size.

use std::collections::BTreeMap;

use serde::Serialize;
use sockbit_application::ports::{BoardLoaded, BoardWanted, StoreError, StoredOutcome};
use sockbit_domain::{
    ActorId, Board, BoardId, EventId, Link, Note, NoteId, PastEdit, Position, Role, Seq, Title,
};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::faults::{unavailable, unreadable};
use crate::rows::{EditRow, LinkRow, NoteRow, OutcomeRow, PositionRow};
use crate::words::{self, integer, number, seq};

#[derive(sqlx::FromRow)]
struct FrameRow {
    title: String,
    head_seq: i64,
    head_event: Uuid,
    note_count: u32,
    text_bytes: i64,
}

pub(crate) async fn board(
    moment: &mut SqliteConnection,
    wanted: &BoardWanted,
) -> Result<BoardLoaded, StoreError> {
    const FRAME: &str = "\
        select title, head_seq, head_event, note_count, text_bytes from boards where id = ?";
    let id = wanted.board;
    let frame: Option<FrameRow> =
        sqlx::query_as(FRAME).bind(id.0).fetch_optional(&mut *moment).await.map_err(unavailable)?;
    let Some(frame) = frame else {
        return Ok(BoardLoaded { board: None, outcomes: Vec::new() });
    };
    let board = Board {
        id,
        title: Title::stored(frame.title),
        head: Position { seq: seq(frame.head_seq), event: EventId(frame.head_event) },
        note_count: frame.note_count,
        text_bytes: number(frame.text_bytes),
        links: links(moment, id).await?,
        members: members(moment, wanted).await?,
        notes: notes(moment, wanted).await?,
        edits: edits(moment, wanted).await?,
        bases: bases(moment, wanted).await?,
    };
    Ok(BoardLoaded { board: Some(board), outcomes: outcomes(moment, wanted).await? })
}

async fn links(moment: &mut SqliteConnection, board: BoardId) -> Result<Vec<Link>, StoreError> {
    const LINKS: &str = "select id, role, hash from links where board = ? order by id";
    let rows: Vec<LinkRow> =
        sqlx::query_as(LINKS).bind(board.0).fetch_all(moment).await.map_err(unavailable)?;
    rows.iter().map(|row| row.read(board)).collect()
}

async fn members(
    moment: &mut SqliteConnection,
    wanted: &BoardWanted,
) -> Result<BTreeMap<ActorId, Role>, StoreError> {
    const MEMBERS: &str = "\
        select actor, role from members
        where board = ? and actor in (select unhex(value) from json_each(?))";
    if wanted.actors.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Uuid, String)> = sqlx::query_as(MEMBERS)
        .bind(wanted.board.0)
        .bind(list(wanted.actors.iter().map(|it| hex(it.0)))?)
        .fetch_all(moment)
        .await
        .map_err(unavailable)?;
    let read = |(actor, role): &(Uuid, String)| {
        let key = format!("board {}, actor {actor}", wanted.board);
        let role = words::parse(role).map_err(|it| unreadable("members", key, it))?;
        Ok((ActorId(*actor), role))
    };
    rows.iter().map(read).collect()
}

async fn notes(
    moment: &mut SqliteConnection,
    wanted: &BoardWanted,
) -> Result<BTreeMap<NoteId, Note>, StoreError> {
    const NOTES: &str = "\
        select * from notes where board = ? and id in (select unhex(value) from json_each(?))";
    if wanted.notes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<NoteRow> = sqlx::query_as(NOTES)
        .bind(wanted.board.0)
        .bind(list(wanted.notes.keys().map(|it| hex(it.0)))?)
        .fetch_all(moment)
        .await
        .map_err(unavailable)?;
    rows.into_iter().map(|row| row.read(wanted.board)).map(|it| it.map(|it| (it.id, it))).collect()
}

async fn edits(
    moment: &mut SqliteConnection,
    wanted: &BoardWanted,
) -> Result<BTreeMap<NoteId, Vec<PastEdit>>, StoreError> {
    // `cross join` has SQLite walk the list and not the log, and without the index's name it
    // would read everybody's events after the base.
    const EDITS: &str = "\
        select note, seq, change, inverse
        from json_each(?2) as wanted cross join events indexed by events_of_note
        where board = ?1 and note = unhex(wanted.value ->> 0) and seq > wanted.value ->> 1
            and inverse is not null
        order by note, seq";
    let bases: Vec<(String, i64)> = wanted
        .notes
        .iter()
        .filter_map(|(note, base)| Some((hex(note.0), integer(base.as_ref()?.0))))
        .collect();
    if bases.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<EditRow> = sqlx::query_as(EDITS)
        .bind(wanted.board.0)
        .bind(list(bases)?)
        .fetch_all(moment)
        .await
        .map_err(unavailable)?;
    let mut edits: BTreeMap<NoteId, Vec<PastEdit>> = BTreeMap::new();
    for row in rows {
        let (note, edit) = row.read(wanted.board)?;
        edits.entry(note).or_default().push(edit);
    }
    Ok(edits)
}

async fn bases(
    moment: &mut SqliteConnection,
    wanted: &BoardWanted,
) -> Result<BTreeMap<Seq, EventId>, StoreError> {
    const BASES: &str = "\
        select board, seq, id as event from events
        where board = ? and seq in (select value from json_each(?))";
    // A number that no log reaches is not rounded to one that it might.
    let numbers: Vec<i64> =
        wanted.bases.iter().filter_map(|seq| i64::try_from(seq.0).ok()).collect();
    if numbers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<PositionRow> = sqlx::query_as(BASES)
        .bind(wanted.board.0)
        .bind(list(numbers)?)
        .fetch_all(moment)
        .await
        .map_err(unavailable)?;
    Ok(rows.iter().map(PositionRow::position).map(|it| (it.seq, it.event)).collect())
}

async fn outcomes(
    moment: &mut SqliteConnection,
    wanted: &BoardWanted,
) -> Result<Vec<StoredOutcome>, StoreError> {
    const OUTCOMES: &str = "\
        select client, message, body_hash, outcome, at
        from json_each(?2) as wanted cross join outcomes
        where board = ?1 and client = unhex(wanted.value ->> 0)
            and message = unhex(wanted.value ->> 1)";
    if wanted.messages.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<OutcomeRow> = sqlx::query_as(OUTCOMES)
        .bind(wanted.board.0)
        .bind(list(wanted.messages.iter().map(|it| (hex(it.0.0), hex(it.1.0))))?)
        .fetch_all(moment)
        .await
        .map_err(unavailable)?;
    rows.into_iter().map(|row| row.read(wanted.board)).collect()
}

/// SQLite binds no lists: they travel as JSON, ids in hexadecimal.
pub(crate) fn list<T: Serialize>(items: impl IntoIterator<Item = T>) -> Result<String, StoreError> {
    let items: Vec<T> = items.into_iter().collect();
    serde_json::to_string(&items).map_err(|error| StoreError::Unavailable(error.to_string()))
}

pub(crate) fn hex(id: Uuid) -> String {
    id.simple().to_string()
}
