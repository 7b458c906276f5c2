//! Loads what a batch needs of a board: six statements, and one for each note that is edited.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use serde::Serialize;
use sockbit_application::column_conversions::{integer, number, parse_name, seq};
use sockbit_application::page_budget::PageBudget;
use sockbit_application::ports::{LoadRequest, LoadedBoard, StoreError, StoredOutcome};
use sockbit_domain::{
    ActorId, Board, BoardId, EventId, Link, Note, NoteId, PastEdit, Position, Role, Seq, Title,
};
use sqlx::SqliteConnection;
use uuid::Uuid;

use crate::error_mapping::unavailable;
use crate::rows::{EditRow, LinkRow, NoteRow, OutcomeRow, PositionRow};

#[derive(sqlx::FromRow)]
struct BoardRow {
    title: String,
    head_seq: i64,
    head_event: Uuid,
    note_count: u32,
    text_bytes: i64,
}

pub(crate) async fn board(
    snapshot: &mut SqliteConnection,
    request: &LoadRequest,
) -> Result<LoadedBoard, StoreError> {
    const BOARD: &str = "\
        select title, head_seq, head_event, note_count, text_bytes from boards where id = ?";
    let id = request.board;
    let row: Option<BoardRow> = sqlx::query_as(BOARD)
        .bind(id.0)
        .fetch_optional(&mut *snapshot)
        .await
        .map_err(unavailable)?;
    let Some(row) = row else {
        return Ok(LoadedBoard { board: None, outcomes: Vec::new() });
    };
    let (edits, left_out) = edits(snapshot, request).await?;
    let board = Board {
        id,
        title: Title::stored(row.title),
        head: Position { seq: seq(row.head_seq), event: EventId(row.head_event) },
        note_count: row.note_count,
        text_bytes: number(row.text_bytes),
        links: links(snapshot, id).await?,
        members: members(snapshot, request).await?,
        notes: notes(snapshot, request).await?,
        edits,
        left_out,
        bases: bases(snapshot, request).await?,
    };
    Ok(LoadedBoard { board: Some(board), outcomes: outcomes(snapshot, request).await? })
}

async fn links(snapshot: &mut SqliteConnection, board: BoardId) -> Result<Vec<Link>, StoreError> {
    const LINKS: &str = "select id, role, hash from links where board = ? order by id";
    let rows: Vec<LinkRow> =
        sqlx::query_as(LINKS).bind(board.0).fetch_all(snapshot).await.map_err(unavailable)?;
    rows.iter().map(|row| row.read(board)).collect()
}

async fn members(
    snapshot: &mut SqliteConnection,
    request: &LoadRequest,
) -> Result<BTreeMap<ActorId, Role>, StoreError> {
    const MEMBERS: &str = "\
        select actor, role from members
        where board = ? and actor in (select unhex(value) from json_each(?))";
    if request.actors.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<(Uuid, String)> = sqlx::query_as(MEMBERS)
        .bind(request.board.0)
        .bind(json_list(request.actors.iter().map(|it| hex(it.0)))?)
        .fetch_all(snapshot)
        .await
        .map_err(unavailable)?;
    let read = |(actor, role): &(Uuid, String)| {
        let key = format!("board {}, actor {actor}", request.board);
        let role = parse_name(role).map_err(|it| StoreError::unreadable_row("members", key, it))?;
        Ok((ActorId(*actor), role))
    };
    rows.iter().map(read).collect()
}

async fn notes(
    snapshot: &mut SqliteConnection,
    request: &LoadRequest,
) -> Result<BTreeMap<NoteId, Note>, StoreError> {
    const NOTES: &str = "\
        select * from notes where board = ? and id in (select unhex(value) from json_each(?))";
    if request.notes.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<NoteRow> = sqlx::query_as(NOTES)
        .bind(request.board.0)
        .bind(json_list(request.notes.keys().map(|it| hex(it.0)))?)
        .fetch_all(snapshot)
        .await
        .map_err(unavailable)?;
    rows.into_iter().map(|row| row.read(request.board)).map(|it| it.map(|it| (it.id, it))).collect()
}

/// The latest edits of the notes, and the number of the last edit that was left out.
type Edits = (BTreeMap<NoteId, Vec<PastEdit>>, BTreeMap<NoteId, Seq>);

async fn edits(
    snapshot: &mut SqliteConnection,
    request: &LoadRequest,
) -> Result<Edits, StoreError> {
    let (mut found, mut left_out) = (BTreeMap::new(), BTreeMap::new());
    for (note, base) in &request.notes {
        let Some(base) = base else { continue };
        let (edits, before) =
            latest_edits(snapshot, request.board, *note, *base, request.edits_bytes_max).await?;
        if !edits.is_empty() {
            found.insert(*note, edits);
        }
        left_out.extend(before.map(|seq| (*note, seq)));
    }
    Ok((found, left_out))
}

/// The latest edits of a note after its base, oldest first, and the number of the last edit that
/// was left out.
async fn latest_edits(
    snapshot: &mut SqliteConnection,
    board: BoardId,
    note: NoteId,
    base: Seq,
    bytes_max: usize,
) -> Result<(Vec<PastEdit>, Option<Seq>), StoreError> {
    const EDITS: &str = "\
        select seq, change, inverse from events
        where board = ? and note = ? and seq > ? and inverse is not null
        order by seq desc";
    let mut rows = sqlx::query_as::<_, EditRow>(EDITS)
        .bind(board.0)
        .bind(note.0)
        .bind(integer(base.0))
        .fetch(snapshot);
    let mut budget = PageBudget::new(bytes_max);
    let mut edits = Vec::new();
    let mut left_out = None;
    while let Some(row) = rows.try_next().await.map_err(unavailable)? {
        let edit = row.read(board)?;
        if !budget.try_add(&(&edit.delta, &edit.inverse)) {
            left_out = Some(edit.seq);
            break;
        }
        edits.push(edit);
    }
    edits.reverse();
    Ok((edits, left_out))
}

async fn bases(
    snapshot: &mut SqliteConnection,
    request: &LoadRequest,
) -> Result<BTreeMap<Seq, EventId>, StoreError> {
    const BASES: &str = "\
        select board, seq, id as event from events
        where board = ? and seq in (select value from json_each(?))";
    // Not `integer`: a number that is too large must not match the largest stored one.
    let numbers: Vec<i64> =
        request.bases.iter().filter_map(|seq| i64::try_from(seq.0).ok()).collect();
    if numbers.is_empty() {
        return Ok(BTreeMap::new());
    }
    let rows: Vec<PositionRow> = sqlx::query_as(BASES)
        .bind(request.board.0)
        .bind(json_list(numbers)?)
        .fetch_all(snapshot)
        .await
        .map_err(unavailable)?;
    Ok(rows.iter().map(PositionRow::position).map(|it| (it.seq, it.event)).collect())
}

async fn outcomes(
    snapshot: &mut SqliteConnection,
    request: &LoadRequest,
) -> Result<Vec<StoredOutcome>, StoreError> {
    const OUTCOMES: &str = "\
        select client, message, body_hash, outcome, at
        from json_each(?2) as wanted cross join outcomes
        where board = ?1 and client = unhex(wanted.value ->> 0)
            and message = unhex(wanted.value ->> 1)";
    if request.messages.is_empty() {
        return Ok(Vec::new());
    }
    let rows: Vec<OutcomeRow> = sqlx::query_as(OUTCOMES)
        .bind(request.board.0)
        .bind(json_list(request.messages.iter().map(|it| (hex(it.0.0), hex(it.1.0))))?)
        .fetch_all(snapshot)
        .await
        .map_err(unavailable)?;
    rows.into_iter().map(|row| row.read(request.board)).collect()
}

/// A list as JSON, because SQLite cannot bind lists. Ids are passed in hexadecimal digits.
pub(crate) fn json_list<T: Serialize>(
    items: impl IntoIterator<Item = T>,
) -> Result<String, StoreError> {
    let items: Vec<T> = items.into_iter().collect();
    serde_json::to_string(&items).map_err(|error| StoreError::Unavailable(error.to_string()))
}

pub(crate) fn hex(id: Uuid) -> String {
    id.simple().to_string()
}
