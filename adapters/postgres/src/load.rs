//! Loads what a batch needs of its boards, in one statement for any number of boards.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use sockbit_application::column_conversions::{integer, number, parse_name, seq};
use sockbit_application::ports::{LoadRequest, LoadedBoard, StoreError};
use sockbit_domain::{ActorId, Board, EventId, NoteId, Position, Title};
use sqlx::postgres::PgArguments;
use sqlx::query::QueryAs;
use sqlx::{PgConnection, Postgres};
use uuid::Uuid;

use crate::error_mapping::unavailable;
use crate::request_arrays::{column, position};
use crate::rows::{LinkRow, NoteRow, OutcomeRow, past_edit};

/// One row with an array for each table; all are read from the snapshot of the statement. A requested
/// row names its board by its index in the array of boards, from 1. The lateral subqueries, which the
/// planner cannot join otherwise, are index lookups even if the plan was made while the tables were
/// empty.
///
/// Every edit has at least 64 bytes, so the limit keeps a long history from being read completely. The
/// last row of a note may exceed `bytes_max`; it is the last edit that is left out.
const LOAD: &str = "\
    select
        array(
            select row(index::int, title, head_seq, head_event, note_count, text_bytes)
            from unnest($1::uuid[]) with ordinality as it (id, index)
            cross join lateral (
                select title, head_seq, head_event, note_count, text_bytes from boards
                where boards.id = it.id
                offset 0
            ) as stored
        ) as boards,
        array(
            select row(index::int, id, role, hash)
            from unnest($1::uuid[]) with ordinality as it (board, index)
            cross join lateral (
                select id, role, hash from links where links.board = it.board order by id
            ) as stored
        ) as links,
        array(
            select row(index, actor, role)
            from unnest($2::int[], $3::uuid[]) as it (index, actor)
            cross join lateral (
                select role from members
                where board = ($1::uuid[])[it.index] and members.actor = it.actor
                offset 0
            ) as stored
        ) as members,
        array(
            select row(
                index, id, text, colour, rank, state, seq,
                row(edited_by_id, edited_by_name, edited_by_colour), edited_at
            )
            from unnest($4::int[], $5::uuid[]) as it (index, note)
            cross join lateral (
                select * from notes where board = ($1::uuid[])[it.index] and id = it.note offset 0
            ) as stored
        ) as notes,
        array(
            select row(index, note, seq, change, inverse)
            from unnest($6::int[], $7::uuid[], $8::bigint[], $9::bigint[])
                as it (index, note, base, bytes_max)
            cross join lateral (
                select seq, change, inverse,
                    sum(octet_length(change) + octet_length(inverse)) over (
                        order by seq desc rows between unbounded preceding and 2 preceding
                    ) as bytes_before
                from (
                    select seq, change, inverse from events
                    where board = ($1::uuid[])[it.index] and events.note = it.note
                        and seq > it.base and inverse is not null
                    order by seq desc
                    limit it.bytes_max / 64 + 2
                ) as latest
            ) as stored
            where coalesce(bytes_before, 0) <= bytes_max
        ) as edits,
        array(
            select row(index, seq, id)
            from unnest($10::int[], $11::bigint[]) as it (index, seq)
            cross join lateral (
                select id from events where board = ($1::uuid[])[it.index] and events.seq = it.seq
                offset 0
            ) as stored
        ) as bases,
        array(
            select row(index, client, message, body_hash, outcome, at)
            from unnest($12::int[], $13::uuid[], $14::uuid[]) as it (index, client, message)
            cross join lateral (
                select body_hash, outcome, at from outcomes
                where board = ($1::uuid[])[it.index] and outcomes.client = it.client
                    and outcomes.message = it.message
                offset 0
            ) as stored
        ) as outcomes";

type BoardColumns = (i32, String, i64, Uuid, i64, i64);
type NoteColumns = (i32, Uuid, String, String, String, String, i64, (Uuid, String, i16), i64);

type EditColumns = (i32, Uuid, i64, String, String);
type OutcomeColumns = (i32, Uuid, Uuid, Vec<u8>, String, i64);

/// What is stored, each row with the index of its request.
#[derive(sqlx::FromRow)]
struct LoadedRows {
    boards: Vec<BoardColumns>,
    links: Vec<(i32, Uuid, String, Vec<u8>)>,
    members: Vec<(i32, Uuid, String)>,
    notes: Vec<NoteColumns>,
    edits: Vec<EditColumns>,
    bases: Vec<(i32, i64, Uuid)>,
    outcomes: Vec<OutcomeColumns>,
}

/// Returns one result for each request, in their order. Several requests may name the same board.
pub(crate) async fn boards(
    connection: &mut PgConnection,
    requests: &[LoadRequest],
) -> Result<Vec<LoadedBoard>, StoreError> {
    let rows = query(requests).fetch_one(connection).await.map_err(unavailable)?;
    let mut loaded = LoadedBoards::new(requests, rows.boards);
    loaded.add_links(rows.links)?;
    loaded.add_members(rows.members)?;
    loaded.add_notes(rows.notes)?;
    loaded.add_edits(rows.edits, requests)?;
    loaded.add_bases(rows.bases);
    loaded.add_outcomes(rows.outcomes)?;
    Ok(loaded.0)
}

fn query(requests: &[LoadRequest]) -> QueryAs<'static, Postgres, LoadedRows, PgArguments> {
    let boards: Vec<Uuid> = requests.iter().map(|it| it.board.0).collect();
    let actors = each(requests, |it| it.actors.iter().map(|it| it.0).collect());
    let notes = each(requests, |it| it.notes.keys().map(|it| it.0).collect());
    let edits = each(requests, |it| {
        let bytes_max = integer(it.edits_bytes_max as u64);
        let edited = it.notes.iter().filter_map(|(note, base)| Some((note.0, (*base)?)));
        edited.map(|(note, base)| (note, integer(base.0), bytes_max)).collect()
    });
    // Not `integer`: a number that is too large must not match the largest stored one.
    let bases =
        each(requests, |it| it.bases.iter().filter_map(|seq| i64::try_from(seq.0).ok()).collect());
    let messages = each(requests, |it| {
        it.messages.iter().map(|(client, message)| (client.0, message.0)).collect()
    });
    sqlx::query_as(LOAD)
        .bind(boards)
        .bind(column(&actors, |it| it.0))
        .bind(column(&actors, |it| it.1))
        .bind(column(&notes, |it| it.0))
        .bind(column(&notes, |it| it.1))
        .bind(column(&edits, |it| it.0))
        .bind(column(&edits, |it| it.1.0))
        .bind(column(&edits, |it| it.1.1))
        .bind(column(&edits, |it| it.1.2))
        .bind(column(&bases, |it| it.0))
        .bind(column(&bases, |it| it.1))
        .bind(column(&messages, |it| it.0))
        .bind(column(&messages, |it| it.1.0))
        .bind(column(&messages, |it| it.1.1))
}

/// Each item of all requests, with the index of its request.
fn each<T>(requests: &[LoadRequest], items: impl Fn(&LoadRequest) -> Vec<T>) -> Vec<(i32, T)> {
    let numbered = (1..).zip(requests);
    numbered.flat_map(|(index, it)| items(it).into_iter().map(move |item| (index, item))).collect()
}

/// The results, one for each request. Rows of boards that do not exist are left out.
struct LoadedBoards(Vec<LoadedBoard>);

impl LoadedBoards {
    fn new(requests: &[LoadRequest], rows: Vec<BoardColumns>) -> Self {
        let missing = |_: &_| LoadedBoard { board: None, outcomes: Vec::new() };
        let mut loaded = Self(requests.iter().map(missing).collect());
        for (index, title, head_seq, head_event, note_count, text_bytes) in rows {
            let request = position(index).and_then(|it| requests.get(it));
            let (Some(request), Some(found)) = (request, loaded.get(index)) else { continue };
            found.board = Some(Board {
                id: request.board,
                title: Title::stored(title),
                head: Position { seq: seq(head_seq), event: EventId(head_event) },
                note_count: u32::try_from(note_count).unwrap_or(u32::MAX),
                text_bytes: number(text_bytes),
                links: Vec::new(),
                members: BTreeMap::new(),
                notes: BTreeMap::new(),
                edits: BTreeMap::new(),
                left_out: BTreeMap::new(),
                bases: BTreeMap::new(),
            });
        }
        loaded
    }

    fn get(&mut self, index: i32) -> Option<&mut LoadedBoard> {
        self.0.get_mut(position(index)?)
    }

    fn board(&mut self, index: i32) -> Option<&mut Board> {
        self.get(index)?.board.as_mut()
    }

    fn add_links(&mut self, rows: Vec<(i32, Uuid, String, Vec<u8>)>) -> Result<(), StoreError> {
        for (index, id, role, hash) in rows {
            if let Some(board) = self.board(index) {
                board.links.push(LinkRow { board: board.id.0, id, role, hash }.read()?);
            }
        }
        Ok(())
    }

    fn add_members(&mut self, rows: Vec<(i32, Uuid, String)>) -> Result<(), StoreError> {
        for (index, actor, role) in rows {
            let Some(board) = self.board(index) else { continue };
            let key = || format!("board {}, actor {actor}", board.id);
            let role =
                parse_name(&role).map_err(|it| StoreError::unreadable_row("members", key(), it))?;
            board.members.insert(ActorId(actor), role);
        }
        Ok(())
    }

    fn add_notes(&mut self, rows: Vec<NoteColumns>) -> Result<(), StoreError> {
        for (index, id, text, colour, rank, state, seq, edited_by, edited_at) in rows {
            let Some(board) = self.board(index) else { continue };
            let (edited_by_id, edited_by_name, edited_by_colour) = edited_by;
            let row = NoteRow {
                board: board.id.0,
                id,
                text,
                colour,
                rank,
                state,
                seq,
                edited_by_id,
                edited_by_name,
                edited_by_colour,
                edited_at,
            };
            board.notes.insert(NoteId(id), row.read()?);
        }
        Ok(())
    }

    /// Adds the latest edits of each note, as many as fit, but at least one.
    fn add_edits(
        &mut self,
        mut rows: Vec<EditColumns>,
        requests: &[LoadRequest],
    ) -> Result<(), StoreError> {
        rows.sort_by_key(|(index, note, seq, ..)| (*index, *note, Reverse(*seq)));
        for edits in rows.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1)) {
            let Some((index, note, ..)) = edits.first() else { continue };
            let request = position(*index).and_then(|it| requests.get(it));
            let bytes_max = request.map_or(0, |it| it.edits_bytes_max);
            let Some(board) = self.board(*index) else { continue };
            add_latest(board, NoteId(*note), edits, bytes_max)?;
        }
        Ok(())
    }

    fn add_bases(&mut self, rows: Vec<(i32, i64, Uuid)>) {
        for (index, number, event) in rows {
            if let Some(board) = self.board(index) {
                board.bases.insert(seq(number), EventId(event));
            }
        }
    }

    fn add_outcomes(&mut self, rows: Vec<OutcomeColumns>) -> Result<(), StoreError> {
        for (index, client, message, body_hash, outcome, at) in rows {
            let Some(LoadedBoard { board: Some(board), outcomes }) = self.get(index) else {
                continue;
            };
            let board = board.id.0;
            outcomes.push(OutcomeRow { board, client, message, body_hash, outcome, at }.read()?);
        }
        Ok(())
    }
}

/// Adds edits of a note, the latest first.
fn add_latest(
    board: &mut Board,
    note: NoteId,
    rows: &[EditColumns],
    bytes_max: usize,
) -> Result<(), StoreError> {
    let mut edits = Vec::new();
    let mut bytes = 0_usize;
    for (_, _, seq, change, inverse) in rows {
        bytes = bytes.saturating_add(change.len() + inverse.len());
        let edit = past_edit(board.id.0, *seq, change, inverse)?;
        if bytes > bytes_max && !edits.is_empty() {
            board.left_out.insert(note, edit.seq);
            break;
        }
        edits.push(edit);
    }
    edits.reverse();
    board.edits.insert(note, edits);
    Ok(())
}
