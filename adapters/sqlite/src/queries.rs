//! Queries for boards, notes and the log, in pages.

use std::collections::BTreeSet;

use rusqlite::{Connection, OptionalExtension, params};
use sockbit_application::column_conversions::{integer, number};
use sockbit_application::page_budget::PageBudget;
use sockbit_application::ports::{
    BoardStatus, BoardStatusRequest, EventPageRequest, LATER_INVERSES_BYTES_MAX, NoteHistoryPage,
    NotesPage, StoreError,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{
    ActorId, BoardId, Delta, Event, EventId, Note, NoteId, Position, Seq, Timestamp, Title,
};

use crate::error_mapping::ReadError;
use crate::{load, rows};

pub(crate) fn boards_of(
    snapshot: &Connection,
    actor: ActorId,
    max: u32,
) -> Result<Vec<BoardSummary>, ReadError> {
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
    let mut statement = snapshot.prepare_cached(BOARDS_OF)?;
    let found = statement.query_and_then(params![actor.0, max], |row| {
        let board = BoardId(row.get(0)?);
        Ok(BoardSummary {
            board,
            title: Title::stored(row.get(1)?),
            role: rows::role(board, actor, rows::text(row, 2)?)?,
            changed_by: rows::actor(row, 3)?,
            changed_at: Timestamp(row.get(6)?),
            notes: row.get(7)?,
        })
    })?;
    found.collect()
}

pub(crate) fn board_statuses(
    snapshot: &Connection,
    requests: &[BoardStatusRequest],
) -> Result<Vec<Option<BoardStatus>>, ReadError> {
    requests.iter().map(|request| board_status(snapshot, *request)).collect()
}

fn board_status(
    snapshot: &Connection,
    request: BoardStatusRequest,
) -> Result<Option<BoardStatus>, ReadError> {
    const STATUS: &str = "\
        select title, head_seq, head_event, text_bytes, log_bytes,
            (select id from events where board = boards.id and seq = ?3) as event_at,
            (select log_bytes from events where board = boards.id and seq <= ?4
                order by seq desc limit 1) as log_bytes_at,
            role
        from boards left join members on board = boards.id and actor = ?2
        where boards.id = ?1";
    let BoardStatusRequest { board, actor, position } = request;
    let mut statement = snapshot.prepare_cached(STATUS)?;
    let mut found = statement.query(params![
        board.0,
        actor.0,
        position.and_then(|seq| i64::try_from(seq.0).ok()),
        position.map(|seq| integer(seq.0)),
    ])?;
    let Some(row) = found.next()? else { return Ok(None) };
    let (log_bytes, log_bytes_at): (i64, Option<i64>) = (row.get(4)?, row.get(6)?);
    let since = log_bytes.saturating_sub(log_bytes_at.unwrap_or(0));
    Ok(Some(BoardStatus {
        title: Title::stored(row.get(0)?),
        head: rows::position(row, 1)?,
        text_bytes: number(row.get(3)?),
        event_at: row.get::<_, Option<_>>(5)?.map(EventId),
        bytes_since: position.map_or(0, |_| number(since)),
        role: rows::optional_text(row, 7)?.map(|it| rows::role(board, actor, it)).transpose()?,
    }))
}

pub(crate) fn notes(
    snapshot: &Connection,
    board: BoardId,
    after: Option<NoteId>,
    bytes_max: usize,
) -> Result<Option<NotesPage>, ReadError> {
    const TITLE_AND_HEAD: &str = "select title, head_seq, head_event from boards where id = ?";
    // Without `after` all notes follow: the empty id sorts before every other, even the nil id.
    const NOTES: &str = "\
        select id, colour, rank, state, seq,
            edited_by_id, edited_by_name, edited_by_colour, edited_at, text
        from notes
        where board = ? and id > coalesce(?, x'') and state <> 'deleted'
        order by id";
    let title_and_head = snapshot
        .prepare_cached(TITLE_AND_HEAD)?
        .query_row([board.0], |row| Ok((Title::stored(row.get(0)?), rows::position(row, 1)?)))
        .optional()?;
    let Some((title, head)) = title_and_head else { return Ok(None) };
    let mut statement = snapshot.prepare_cached(NOTES)?;
    let mut found = statement.query(params![board.0, after.map(|it| it.0)])?;
    let mut page = PageBudget::new(bytes_max);
    let mut notes: Vec<Note> = Vec::new();
    let mut next = None;
    while let Some(row) = found.next()? {
        let note = rows::note(board, row)?;
        if !page.try_add(&note) {
            next = notes.last().map(|last| last.id);
            break;
        }
        notes.push(note);
    }
    Ok(Some(NotesPage { head, title, notes, next }))
}

pub(crate) fn note(
    snapshot: &Connection,
    board: BoardId,
    note: NoteId,
) -> Result<Option<(Position, Option<Note>)>, ReadError> {
    let Some(head) = head(snapshot, board)? else { return Ok(None) };
    Ok(Some((head, load::note(snapshot, board, note)?)))
}

fn head(snapshot: &Connection, board: BoardId) -> rusqlite::Result<Option<Position>> {
    const HEAD: &str = "select head_seq, head_event from boards where id = ?";
    let mut statement = snapshot.prepare_cached(HEAD)?;
    statement.query_row([board.0], |row| rows::position(row, 0)).optional()
}

pub(crate) fn event_pages(
    snapshot: &Connection,
    requests: &[EventPageRequest],
    bytes_max: usize,
) -> Result<Vec<Vec<Event>>, ReadError> {
    requests.iter().map(|request| event_page(snapshot, *request, bytes_max)).collect()
}

fn event_page(
    snapshot: &Connection,
    request: EventPageRequest,
    bytes_max: usize,
) -> Result<Vec<Event>, ReadError> {
    const EVENTS: &str = "\
        select seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, change
        from events where board = ? and seq > ?
        order by seq";
    let EventPageRequest { board, after } = request;
    let mut statement = snapshot.prepare_cached(EVENTS)?;
    let mut found = statement.query(params![board.0, integer(after.0)])?;
    let mut page = PageBudget::new(bytes_max);
    let mut events = Vec::new();
    while let Some(row) = found.next()? {
        let event = rows::event(board, row)?;
        if !page.try_add(&event) {
            break;
        }
        events.push(event);
    }
    Ok(events)
}

pub(crate) fn heads(
    snapshot: &Connection,
    boards: &BTreeSet<BoardId>,
) -> Result<Vec<(BoardId, Position)>, ReadError> {
    let mut heads = Vec::with_capacity(boards.len());
    for board in boards {
        heads.extend(head(snapshot, *board)?.map(|head| (*board, head)));
    }
    Ok(heads)
}

pub(crate) fn note_events(
    snapshot: &Connection,
    board: BoardId,
    note: NoteId,
    before: Option<Seq>,
    max: u32,
) -> Result<NoteHistoryPage, ReadError> {
    const LATEST: &str = "\
        select seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, change, inverse
        from events where board = ? and note = ? and seq <= ?
        order by seq desc limit ?";
    let last = before.map_or(i64::MAX, previous);
    let limit = i64::from(max) + 1;
    let mut statement = snapshot.prepare_cached(LATEST)?;
    let found = statement.query_and_then(params![board.0, note.0, last, limit], |row| {
        rows::event_with_inverse(board, row)
    })?;
    let mut events = found.collect::<Result<Vec<_>, ReadError>>()?;
    let max = usize::try_from(max).unwrap_or(usize::MAX);
    let more = events.len() > max;
    events.truncate(max);
    events.reverse();
    Ok(NoteHistoryPage {
        events,
        later_inverses: match before {
            Some(before) => inverses_from(snapshot, board, note, before)?,
            None => Vec::new(),
        },
        more,
        note: load::note(snapshot, board, note)?,
    })
}

/// The inverses of the edits from a number on, oldest first.
fn inverses_from(
    snapshot: &Connection,
    board: BoardId,
    note: NoteId,
    first: Seq,
) -> Result<Vec<Delta>, ReadError> {
    const INVERSES: &str = "\
        select seq, inverse from events
        where board = ? and note = ? and seq > ? and inverse is not null
        order by seq";
    let mut statement = snapshot.prepare_cached(INVERSES)?;
    let mut found = statement.query(params![board.0, note.0, previous(first)])?;
    let mut bytes = 0;
    let mut inverses = Vec::new();
    while let Some(row) = found.next()? {
        let json = rows::text(row, 1)?;
        bytes += json.len();
        if bytes > LATER_INVERSES_BYTES_MAX {
            return Err(StoreError::history_too_long(note).into());
        }
        inverses.push(rows::inverse(board, row.get(0)?, json)?);
    }
    Ok(inverses)
}

fn previous(seq: Seq) -> i64 {
    integer(seq.0.saturating_sub(1))
}
