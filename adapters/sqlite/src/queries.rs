//! Queries for boards, notes and the log, in pages.

use futures::TryStreamExt;
use sockbit_application::column_conversions::{integer, number, parse_name, seq};
use sockbit_application::page_budget::PageBudget;
use sockbit_application::ports::{
    BoardStatus, LATER_INVERSES_BYTES_MAX, NoteHistoryPage, NotesPage, StoreError,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{
    Actor, ActorId, BoardId, Delta, Event, EventId, Note, NoteId, Position, Seq, Timestamp, Title,
};
use sqlx::{SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::error_mapping::unavailable;
use crate::load::{hex, json_list};
use crate::rows::{EventRow, HistoryRow, NoteRow, PositionRow, inverse};

#[derive(sqlx::FromRow)]
struct SummaryRow {
    id: Uuid,
    title: String,
    role: String,
    live: u32,
    changed_by_id: Uuid,
    changed_by_name: String,
    changed_by_colour: u8,
    changed_at: i64,
}

pub(crate) async fn boards_of(
    readers: &SqlitePool,
    actor: ActorId,
    max: u32,
) -> Result<Vec<BoardSummary>, StoreError> {
    // Only the notes of listed boards are counted.
    const BOARDS_OF: &str = "\
        with latest as materialized (
            select id, title, role, changed_by_id, changed_by_name, changed_by_colour, changed_at
            from members join boards on id = board
            where actor = ?
            order by changed_at desc, id
            limit ?
        )
        select latest.*,
            (select count(*) from notes where board = latest.id and state = 'live') as live
        from latest
        order by changed_at desc, id";
    let rows: Vec<SummaryRow> = sqlx::query_as(BOARDS_OF)
        .bind(actor.0)
        .bind(max)
        .fetch_all(readers)
        .await
        .map_err(unavailable)?;
    let read = |row: SummaryRow| {
        let key = format!("board {}, actor {actor}", row.id);
        Ok(BoardSummary {
            board: BoardId(row.id),
            title: Title::stored(row.title),
            role: parse_name(&row.role)
                .map_err(|it| StoreError::unreadable_row("members", key, it))?,
            notes: row.live,
            changed_by: Actor {
                id: ActorId(row.changed_by_id),
                name: row.changed_by_name,
                colour: row.changed_by_colour,
            },
            changed_at: Timestamp(row.changed_at),
        })
    };
    rows.into_iter().map(read).collect()
}

#[derive(sqlx::FromRow)]
struct StatusRow {
    title: String,
    role: Option<String>,
    head_seq: i64,
    head_event: Uuid,
    text_bytes: i64,
    log_bytes: i64,
    event_at: Option<Uuid>,
    log_bytes_at: Option<i64>,
}

pub(crate) async fn board_status(
    readers: &SqlitePool,
    board: BoardId,
    actor: ActorId,
    position: Option<Seq>,
) -> Result<Option<BoardStatus>, StoreError> {
    const STATUS: &str = "\
        select title, role, head_seq, head_event, text_bytes, log_bytes,
            (select id from events where board = boards.id and seq = ?3) as event_at,
            (select log_bytes from events where board = boards.id and seq <= ?4
                order by seq desc limit 1) as log_bytes_at
        from boards left join members on board = boards.id and actor = ?2
        where boards.id = ?1";
    let row: Option<StatusRow> = sqlx::query_as(STATUS)
        .bind(board.0)
        .bind(actor.0)
        .bind(position.and_then(|seq| i64::try_from(seq.0).ok()))
        .bind(position.map(|seq| integer(seq.0)))
        .fetch_optional(readers)
        .await
        .map_err(unavailable)?;
    let Some(row) = row else { return Ok(None) };
    let key = format!("board {board}, actor {actor}");
    let role = row.role.as_deref().map(parse_name).transpose();
    let since = row.log_bytes.saturating_sub(row.log_bytes_at.unwrap_or(0));
    Ok(Some(BoardStatus {
        role: role.map_err(|it| StoreError::unreadable_row("members", key, it))?,
        title: Title::stored(row.title),
        head: Position { seq: seq(row.head_seq), event: EventId(row.head_event) },
        event_at: row.event_at.map(EventId),
        bytes_since: position.map_or(0, |_| number(since)),
        text_bytes: number(row.text_bytes),
    }))
}

pub(crate) async fn notes(
    snapshot: &mut SqliteConnection,
    board: BoardId,
    after: Option<NoteId>,
    bytes_max: usize,
) -> Result<Option<NotesPage>, StoreError> {
    const TITLE_AND_HEAD: &str = "select title, head_seq, head_event from boards where id = ?";
    // Without `after` all notes follow: the empty id sorts before every other, even the nil id.
    const NOTES: &str = "\
        select * from notes
        where board = ? and id > coalesce(?, x'') and state <> 'deleted'
        order by id";
    let row: Option<(String, i64, Uuid)> = sqlx::query_as(TITLE_AND_HEAD)
        .bind(board.0)
        .fetch_optional(&mut *snapshot)
        .await
        .map_err(unavailable)?;
    let Some((title, head_seq, head_event)) = row else { return Ok(None) };
    let mut rows = sqlx::query_as::<_, NoteRow>(NOTES)
        .bind(board.0)
        .bind(after.map(|it| it.0))
        .fetch(snapshot);
    let mut page = PageBudget::new(bytes_max);
    let mut notes: Vec<Note> = Vec::new();
    let mut next = None;
    while let Some(row) = rows.try_next().await.map_err(unavailable)? {
        let note = row.read(board)?;
        if !page.try_add(&note) {
            next = notes.last().map(|last| last.id);
            break;
        }
        notes.push(note);
    }
    let head = Position { seq: seq(head_seq), event: EventId(head_event) };
    Ok(Some(NotesPage { head, title: Title::stored(title), notes, next }))
}

pub(crate) async fn note(
    snapshot: &mut SqliteConnection,
    board: BoardId,
    note: NoteId,
) -> Result<Option<(Position, Option<Note>)>, StoreError> {
    const HEAD: &str = "\
        select id as board, head_seq as seq, head_event as event from boards where id = ?";
    let head: Option<PositionRow> = sqlx::query_as(HEAD)
        .bind(board.0)
        .fetch_optional(&mut *snapshot)
        .await
        .map_err(unavailable)?;
    let Some(head) = head else { return Ok(None) };
    Ok(Some((head.position(), note_now(snapshot, board, note).await?)))
}

async fn note_now(
    snapshot: &mut SqliteConnection,
    board: BoardId,
    note: NoteId,
) -> Result<Option<Note>, StoreError> {
    const NOTE: &str = "select * from notes where board = ? and id = ?";
    let row: Option<NoteRow> = sqlx::query_as(NOTE)
        .bind(board.0)
        .bind(note.0)
        .fetch_optional(snapshot)
        .await
        .map_err(unavailable)?;
    row.map(|row| row.read(board)).transpose()
}

pub(crate) async fn events(
    readers: &SqlitePool,
    board: BoardId,
    after: Seq,
    bytes_max: usize,
) -> Result<Vec<Event>, StoreError> {
    const EVENTS: &str = "\
        select seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, change
        from events where board = ? and seq > ?
        order by seq";
    let mut rows =
        sqlx::query_as::<_, EventRow>(EVENTS).bind(board.0).bind(integer(after.0)).fetch(readers);
    let mut page = PageBudget::new(bytes_max);
    let mut events = Vec::new();
    while let Some(row) = rows.try_next().await.map_err(unavailable)? {
        let event = row.read(board)?;
        if !page.try_add(&event) {
            break;
        }
        events.push(event);
    }
    Ok(events)
}

pub(crate) async fn heads(
    readers: &SqlitePool,
    boards: &[BoardId],
) -> Result<Vec<(BoardId, Position)>, StoreError> {
    const HEADS: &str = "\
        select id as board, head_seq as seq, head_event as event from boards
        where id in (select unhex(value) from json_each(?))";
    let rows: Vec<PositionRow> = sqlx::query_as(HEADS)
        .bind(json_list(boards.iter().map(|it| hex(it.0)))?)
        .fetch_all(readers)
        .await
        .map_err(unavailable)?;
    Ok(rows.iter().map(|row| (BoardId(row.board), row.position())).collect())
}

pub(crate) async fn note_events(
    snapshot: &mut SqliteConnection,
    board: BoardId,
    note: NoteId,
    before: Option<Seq>,
    max: u32,
) -> Result<NoteHistoryPage, StoreError> {
    const LATEST: &str = "\
        select seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, change, inverse
        from events where board = ? and note = ? and seq <= ?
        order by seq desc limit ?";
    let last = before.map_or(i64::MAX, previous);
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let rows: Vec<HistoryRow> = sqlx::query_as(LATEST)
        .bind(board.0)
        .bind(note.0)
        .bind(last)
        .bind(integer(max as u64).saturating_add(1))
        .fetch_all(&mut *snapshot)
        .await
        .map_err(unavailable)?;
    let more = rows.len() > max;
    let mut events: Vec<_> =
        rows.into_iter().take(max).map(|row| row.read(board)).collect::<Result<_, _>>()?;
    events.reverse();
    Ok(NoteHistoryPage {
        events,
        later_inverses: match before {
            Some(before) => inverses_from(snapshot, board, note, before).await?,
            None => Vec::new(),
        },
        more,
        note: note_now(snapshot, board, note).await?,
    })
}

/// The inverses of the edits from a number on, oldest first.
async fn inverses_from(
    snapshot: &mut SqliteConnection,
    board: BoardId,
    note: NoteId,
    first: Seq,
) -> Result<Vec<Delta>, StoreError> {
    const INVERSES: &str = "\
        select seq, inverse from events
        where board = ? and note = ? and seq > ? and inverse is not null
        order by seq";
    let mut rows = sqlx::query_as::<_, (i64, String)>(INVERSES)
        .bind(board.0)
        .bind(note.0)
        .bind(previous(first))
        .fetch(snapshot);
    let mut bytes = 0;
    let mut inverses = Vec::new();
    while let Some((seq, json)) = rows.try_next().await.map_err(unavailable)? {
        bytes += json.len();
        if bytes > LATER_INVERSES_BYTES_MAX {
            return Err(StoreError::history_too_long(note));
        }
        inverses.push(inverse(board, seq, &json)?);
    }
    Ok(inverses)
}

fn previous(seq: Seq) -> i64 {
    integer(seq.0.saturating_sub(1))
}
