//! Queries for boards, notes and the log, in pages.

use futures::TryStreamExt;
use sockbit_application::column_conversions::{integer, number, parse_name, seq};
use sockbit_application::page_budget::PageBudget;
use sockbit_application::ports::{
    BoardStatus, BoardStatusRequest, EventPageRequest, LATER_INVERSES_BYTES_MAX, NoteHistoryPage,
    NotesPage, StoreError,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{
    Actor, ActorId, BoardId, Delta, Event, EventId, Note, NoteId, Position, Seq, Timestamp, Title,
};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error_mapping::unavailable;
use crate::request_arrays::{column, position};
use crate::rows::{EventRow, HistoryRow, NoteRow, PositionRow, colour, inverse};

#[derive(sqlx::FromRow)]
struct SummaryRow {
    id: Uuid,
    title: String,
    role: String,
    live: i64,
    changed_by_id: Uuid,
    changed_by_name: String,
    changed_by_colour: i16,
    changed_at: i64,
}

pub(crate) async fn boards_of(
    connection: &mut PgConnection,
    actor: ActorId,
    max: u32,
) -> Result<Vec<BoardSummary>, StoreError> {
    // Only the notes of listed boards are counted. The lateral subquery, which the planner cannot join
    // otherwise, is an index lookup even if the plan was made while the tables were empty.
    const BOARDS_OF: &str = "\
        with latest as materialized (
            select stored.*, role
            from members cross join lateral (
                select id, title, changed_by_id, changed_by_name, changed_by_colour, changed_at
                from boards
                where id = members.board
                offset 0
            ) as stored
            where actor = $1
            order by changed_at desc, id
            limit $2
        )
        select latest.*,
            (select count(*) from notes where board = latest.id and state = 'live') as live
        from latest
        order by changed_at desc, id";
    let rows: Vec<SummaryRow> = sqlx::query_as(BOARDS_OF)
        .bind(actor.0)
        .bind(i64::from(max))
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    let read = |row: SummaryRow| {
        let key = format!("board {}, actor {actor}", row.id);
        Ok(BoardSummary {
            board: BoardId(row.id),
            title: Title::stored(row.title),
            role: parse_name(&row.role)
                .map_err(|it| StoreError::unreadable_row("members", key, it))?,
            notes: u32::try_from(row.live).unwrap_or(u32::MAX),
            changed_by: Actor {
                id: ActorId(row.changed_by_id),
                name: row.changed_by_name,
                colour: colour(row.changed_by_colour),
            },
            changed_at: Timestamp(row.changed_at),
        })
    };
    rows.into_iter().map(read).collect()
}

#[derive(sqlx::FromRow)]
struct StatusRow {
    /// The index of its request, from 1.
    index: i64,
    title: String,
    role: Option<String>,
    head_seq: i64,
    head_event: Uuid,
    text_bytes: i64,
    log_bytes: i64,
    event_at: Option<Uuid>,
    log_bytes_at: Option<i64>,
}

impl StatusRow {
    fn read(self, request: &BoardStatusRequest) -> Result<BoardStatus, StoreError> {
        let BoardStatusRequest { board, actor, position } = request;
        let key = format!("board {board}, actor {actor}");
        let role = self.role.as_deref().map(parse_name).transpose();
        let since = self.log_bytes.saturating_sub(self.log_bytes_at.unwrap_or(0));
        Ok(BoardStatus {
            role: role.map_err(|it| StoreError::unreadable_row("members", key, it))?,
            title: Title::stored(self.title),
            head: Position { seq: seq(self.head_seq), event: EventId(self.head_event) },
            event_at: self.event_at.map(EventId),
            bytes_since: position.map_or(0, |_| number(since)),
            text_bytes: number(self.text_bytes),
        })
    }
}

pub(crate) async fn board_statuses(
    connection: &mut PgConnection,
    requests: Vec<BoardStatusRequest>,
) -> Result<Vec<Option<BoardStatus>>, StoreError> {
    // The lateral subquery is an index lookup for each request, even if the plan was made while the
    // tables were empty.
    const STATUSES: &str = "\
        select index, stored.*
        from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[])
            with ordinality as it (board, actor, position, last, index)
        cross join lateral (
            select title, head_seq, head_event, text_bytes, log_bytes,
                (select role from members
                    where members.board = it.board and members.actor = it.actor) as role,
                (select id from events
                    where events.board = it.board and seq = it.position) as event_at,
                (select log_bytes from events where events.board = it.board and seq <= it.last
                    order by seq desc limit 1) as log_bytes_at
            from boards
            where id = it.board
            offset 0
        ) as stored";
    // Not `integer`: a number that is too large must not match the largest stored one.
    let number = |it: &BoardStatusRequest| it.position.and_then(|seq| i64::try_from(seq.0).ok());
    let last = |it: &BoardStatusRequest| it.position.map(|seq| integer(seq.0));
    let rows: Vec<StatusRow> = sqlx::query_as(STATUSES)
        .bind(column(&requests, |it| it.board.0))
        .bind(column(&requests, |it| it.actor.0))
        .bind(column(&requests, number))
        .bind(column(&requests, last))
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    let mut statuses = vec![None; requests.len()];
    for row in rows {
        let Some(index) = position(row.index) else { continue };
        if let (Some(request), Some(status)) = (requests.get(index), statuses.get_mut(index)) {
            *status = Some(row.read(request)?);
        }
    }
    Ok(statuses)
}

pub(crate) async fn notes(
    snapshot: &mut PgConnection,
    board: BoardId,
    after: Option<NoteId>,
    bytes_max: usize,
) -> Result<Option<NotesPage>, StoreError> {
    const TITLE_AND_HEAD: &str = "select title, head_seq, head_event from boards where id = $1";
    // A note has more bytes as JSON than its text, so these rows are more than a page: the one that
    // does not fit shows that more follow.
    const NOTES: &str = "\
        select * from (
            select *, sum(octet_length(text)) over (
                order by id rows between unbounded preceding and 2 preceding
            ) as bytes
            from notes
            where board = $1 and ($2::uuid is null or id > $2) and state <> 'deleted'
        ) as sized
        where coalesce(bytes, 0) <= $3
        order by id";
    let row: Option<(String, i64, Uuid)> = sqlx::query_as(TITLE_AND_HEAD)
        .bind(board.0)
        .fetch_optional(&mut *snapshot)
        .await
        .map_err(unavailable)?;
    let Some((title, head_seq, head_event)) = row else { return Ok(None) };
    let rows: Vec<NoteRow> = sqlx::query_as(NOTES)
        .bind(board.0)
        .bind(after.map(|it| it.0))
        .bind(integer(bytes_max as u64))
        .fetch_all(snapshot)
        .await
        .map_err(unavailable)?;
    let mut page = PageBudget::new(bytes_max);
    let mut notes: Vec<Note> = Vec::new();
    let mut next = None;
    for row in rows {
        let note = row.read()?;
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
    snapshot: &mut PgConnection,
    board: BoardId,
    note: NoteId,
) -> Result<Option<(Position, Option<Note>)>, StoreError> {
    const HEAD: &str = "\
        select id as board, head_seq as seq, head_event as event from boards where id = $1";
    let head: Option<PositionRow> = sqlx::query_as(HEAD)
        .bind(board.0)
        .fetch_optional(&mut *snapshot)
        .await
        .map_err(unavailable)?;
    let Some(head) = head else { return Ok(None) };
    Ok(Some((head.position(), note_now(snapshot, board, note).await?)))
}

async fn note_now(
    snapshot: &mut PgConnection,
    board: BoardId,
    note: NoteId,
) -> Result<Option<Note>, StoreError> {
    const NOTE: &str = "select * from notes where board = $1 and id = $2";
    let row: Option<NoteRow> = sqlx::query_as(NOTE)
        .bind(board.0)
        .bind(note.0)
        .fetch_optional(snapshot)
        .await
        .map_err(unavailable)?;
    row.map(NoteRow::read).transpose()
}

#[derive(sqlx::FromRow)]
struct PageRow {
    /// The index of its request, from 1.
    index: i64,
    #[sqlx(flatten)]
    event: EventRow,
}

pub(crate) async fn event_pages(
    connection: &mut PgConnection,
    requests: Vec<EventPageRequest>,
    bytes_max: usize,
) -> Result<Vec<Vec<Event>>, StoreError> {
    // Up to and including the first event that does not fit, so that there is at least one. The
    // lateral subquery is an index scan for each request, as above.
    const PAGES: &str = "\
        select index, stored.*
        from unnest($1::uuid[], $2::bigint[]) with ordinality as it (board, start, index)
        cross join lateral (
            select events.board, seq, from_seq, id, message, actor_id, actor_name, actor_colour, at,
                change
            from events
            where events.board = it.board and seq > it.start and seq <= coalesce(
                (select seq from events
                    where events.board = it.board and seq > it.start
                        and log_bytes > $3::bigint + coalesce(
                            (select log_bytes from events
                                where events.board = it.board and seq <= it.start
                                order by seq desc limit 1),
                            0)
                    order by seq limit 1),
                9223372036854775807)
            order by seq
            offset 0
        ) as stored
        order by index, seq";
    let bytes = i64::try_from(bytes_max).unwrap_or(i64::MAX / 2).min(i64::MAX / 2);
    let rows: Vec<PageRow> = sqlx::query_as(PAGES)
        .bind(column(&requests, |it| it.board.0))
        .bind(column(&requests, |it| integer(it.after.0)))
        .bind(bytes)
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    let new_page = |_: &_| (PageBudget::new(bytes_max), Vec::new());
    let mut pages: Vec<_> = requests.iter().map(new_page).collect();
    for PageRow { index, event } in rows {
        let Some((budget, page)) = position(index).and_then(|it| pages.get_mut(it)) else {
            continue;
        };
        let event = event.read()?;
        if budget.try_add(&event) {
            page.push(event);
        }
    }
    Ok(pages.into_iter().map(|(_, page)| page).collect())
}

pub(crate) async fn heads(
    connection: &mut PgConnection,
    boards: Vec<Uuid>,
) -> Result<Vec<(BoardId, Position)>, StoreError> {
    const HEADS: &str = "\
        select id as board, head_seq as seq, head_event as event from boards where id = any($1)";
    let rows: Vec<PositionRow> =
        sqlx::query_as(HEADS).bind(boards).fetch_all(connection).await.map_err(unavailable)?;
    Ok(rows.iter().map(|row| (BoardId(row.board), row.position())).collect())
}

pub(crate) async fn note_events(
    snapshot: &mut PgConnection,
    board: BoardId,
    note: NoteId,
    before: Option<Seq>,
    max: u32,
) -> Result<NoteHistoryPage, StoreError> {
    const LATEST: &str = "\
        select board, seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, change,
            inverse
        from events where board = $1 and note = $2 and seq <= $3
        order by seq desc limit $4";
    let last = before.map_or(i64::MAX, previous);
    let rows: Vec<HistoryRow> = sqlx::query_as(LATEST)
        .bind(board.0)
        .bind(note.0)
        .bind(last)
        .bind(i64::from(max) + 1)
        .fetch_all(&mut *snapshot)
        .await
        .map_err(unavailable)?;
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let more = rows.len() > max;
    let mut events: Vec<_> =
        rows.into_iter().take(max).map(HistoryRow::read).collect::<Result<_, _>>()?;
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
    snapshot: &mut PgConnection,
    board: BoardId,
    note: NoteId,
    first: Seq,
) -> Result<Vec<Delta>, StoreError> {
    const INVERSES: &str = "\
        select seq, inverse from events
        where board = $1 and note = $2 and seq > $3 and inverse is not null
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
        inverses.push(inverse(board.0, seq, &json)?);
    }
    Ok(inverses)
}

fn previous(seq: Seq) -> i64 {
    integer(seq.0.saturating_sub(1))
}
