//! Loads what a batch needs of a board: one lookup for each row that it names, and its links.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, params};
use sockbit_application::column_conversions::{integer, number};
use sockbit_application::page_budget::PageBudget;
use sockbit_application::ports::{LoadRequest, LoadedBoard, StoredOutcome};
use sockbit_domain::{
    ActorId, Board, BoardId, EventId, Link, Note, NoteId, PastEdit, Role, Seq, Title,
};

use crate::error_mapping::ReadError;
use crate::rows;

pub(crate) fn board(
    snapshot: &Connection,
    request: &LoadRequest,
) -> Result<LoadedBoard, ReadError> {
    let Some(board) = header(snapshot, request.board)? else {
        return Ok(LoadedBoard { board: None, outcomes: Vec::new() });
    };
    let (edits, left_out) = edits(snapshot, request)?;
    let board = Board {
        links: links(snapshot, request.board)?,
        members: members(snapshot, request)?,
        notes: notes(snapshot, request)?,
        edits,
        left_out,
        bases: bases(snapshot, request)?,
        ..board
    };
    Ok(LoadedBoard { board: Some(board), outcomes: outcomes(snapshot, request)? })
}

/// The board without its links, members and notes.
fn header(snapshot: &Connection, id: BoardId) -> Result<Option<Board>, ReadError> {
    const BOARD: &str = "\
        select title, note_count, text_bytes, head_seq, head_event from boards where id = ?";
    let mut statement = snapshot.prepare_cached(BOARD)?;
    let read = |row: &rusqlite::Row| {
        Ok(Board {
            id,
            title: Title::stored(row.get(0)?),
            head: rows::position(row, 3)?,
            note_count: row.get(1)?,
            text_bytes: number(row.get(2)?),
            links: Vec::new(),
            members: BTreeMap::new(),
            notes: BTreeMap::new(),
            edits: BTreeMap::new(),
            left_out: BTreeMap::new(),
            bases: BTreeMap::new(),
        })
    };
    Ok(statement.query_row([id.0], read).optional()?)
}

fn links(snapshot: &Connection, board: BoardId) -> Result<Vec<Link>, ReadError> {
    const LINKS: &str = "select id, role, hash from links where board = ? order by id";
    let mut statement = snapshot.prepare_cached(LINKS)?;
    statement.query_and_then([board.0], |row| rows::link(board, row))?.collect()
}

fn members(
    snapshot: &Connection,
    request: &LoadRequest,
) -> Result<BTreeMap<ActorId, Role>, ReadError> {
    const MEMBER: &str = "select role from members where board = ? and actor = ?";
    let mut statement = snapshot.prepare_cached(MEMBER)?;
    let mut members = BTreeMap::new();
    for actor in &request.actors {
        let mut found = statement.query([request.board.0, actor.0])?;
        if let Some(row) = found.next()? {
            members.insert(*actor, rows::role(request.board, *actor, rows::text(row, 0)?)?);
        }
    }
    Ok(members)
}

fn notes(
    snapshot: &Connection,
    request: &LoadRequest,
) -> Result<BTreeMap<NoteId, Note>, ReadError> {
    let mut notes = BTreeMap::new();
    for id in request.notes.keys() {
        if let Some(note) = note(snapshot, request.board, *id)? {
            notes.insert(*id, note);
        }
    }
    Ok(notes)
}

/// One note, or its tombstone.
pub(crate) fn note(
    snapshot: &Connection,
    board: BoardId,
    id: NoteId,
) -> Result<Option<Note>, ReadError> {
    const NOTE: &str = "\
        select id, colour, rank, state, seq,
            edited_by_id, edited_by_name, edited_by_colour, edited_at, text
        from notes where board = ? and id = ?";
    let mut statement = snapshot.prepare_cached(NOTE)?;
    let mut found = statement.query([board.0, id.0])?;
    found.next()?.map(|row| rows::note(board, row)).transpose()
}

/// The latest edits of the notes, and the number of the last edit that was left out.
type Edits = (BTreeMap<NoteId, Vec<PastEdit>>, BTreeMap<NoteId, Seq>);

fn edits(snapshot: &Connection, request: &LoadRequest) -> Result<Edits, ReadError> {
    let (mut found, mut left_out) = (BTreeMap::new(), BTreeMap::new());
    for (note, base) in &request.notes {
        let Some(base) = base else { continue };
        let (edits, before) =
            latest_edits(snapshot, request.board, *note, *base, request.edits_bytes_max)?;
        if !edits.is_empty() {
            found.insert(*note, edits);
        }
        left_out.extend(before.map(|seq| (*note, seq)));
    }
    Ok((found, left_out))
}

/// The latest edits of a note after its base, oldest first, and the number of the last edit that
/// was left out.
fn latest_edits(
    snapshot: &Connection,
    board: BoardId,
    note: NoteId,
    base: Seq,
    bytes_max: usize,
) -> Result<(Vec<PastEdit>, Option<Seq>), ReadError> {
    const EDITS: &str = "\
        select seq, change, inverse from events
        where board = ? and note = ? and seq > ? and inverse is not null
        order by seq desc";
    let mut statement = snapshot.prepare_cached(EDITS)?;
    let mut found = statement.query(params![board.0, note.0, integer(base.0)])?;
    let mut budget = PageBudget::new(bytes_max);
    let mut edits = Vec::new();
    let mut left_out = None;
    while let Some(row) = found.next()? {
        let edit = rows::past_edit(board, row)?;
        if !budget.try_add(&(&edit.delta, &edit.inverse)) {
            left_out = Some(edit.seq);
            break;
        }
        edits.push(edit);
    }
    edits.reverse();
    Ok((edits, left_out))
}

fn bases(
    snapshot: &Connection,
    request: &LoadRequest,
) -> Result<BTreeMap<Seq, EventId>, ReadError> {
    const BASE: &str = "select id from events where board = ? and seq = ?";
    let mut statement = snapshot.prepare_cached(BASE)?;
    let mut bases = BTreeMap::new();
    for seq in &request.bases {
        // Not `integer`: a number that is too large must not match the largest stored one.
        let Ok(number) = i64::try_from(seq.0) else { continue };
        let id = statement.query_row(params![request.board.0, number], |row| row.get(0));
        bases.extend(id.optional()?.map(|id| (*seq, EventId(id))));
    }
    Ok(bases)
}

fn outcomes(snapshot: &Connection, request: &LoadRequest) -> Result<Vec<StoredOutcome>, ReadError> {
    const OUTCOME: &str = "\
        select client, message, body_hash, outcome, at from outcomes
        where board = ? and client = ? and message = ?";
    let mut statement = snapshot.prepare_cached(OUTCOME)?;
    let mut outcomes = Vec::new();
    for (client, message) in &request.messages {
        let mut found = statement.query([request.board.0, client.0, message.0])?;
        if let Some(row) = found.next()? {
            outcomes.push(rows::outcome(request.board, row)?);
        }
    }
    Ok(outcomes)
}
