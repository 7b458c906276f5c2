//! Loads what a batch needs of its boards, in seven statements for any number of boards.

use std::collections::{BTreeMap, HashMap};

use sockbit_application::column_conversions::{integer, number, parse_name, seq};
use sockbit_application::ports::{LoadRequest, LoadedBoard, StoreError, StoredOutcome};
use sockbit_domain::{ActorId, Board, BoardId, EventId, NoteId, Position, Role, Title};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::error_mapping::unavailable;
use crate::rows::{EditRow, LinkRow, NoteRow, OutcomeRow, PositionRow};

#[derive(sqlx::FromRow)]
struct BoardRow {
    id: Uuid,
    title: String,
    head_seq: i64,
    head_event: Uuid,
    note_count: i64,
    text_bytes: i64,
}

/// Returns one result for each request, in their order. Several requests may name the same board.
pub(crate) async fn boards(
    snapshot: &mut PgConnection,
    requests: &[LoadRequest],
) -> Result<Vec<LoadedBoard>, StoreError> {
    let mut found = Found {
        boards: board_rows(snapshot, requests).await?,
        outcomes: outcomes(snapshot, requests).await?,
    };
    if !found.boards.is_empty() {
        links(snapshot, &mut found).await?;
        members(snapshot, requests, &mut found).await?;
        notes(snapshot, requests, &mut found).await?;
        edits(snapshot, requests, &mut found).await?;
        bases(snapshot, requests, &mut found).await?;
    }
    Ok(requests.iter().map(|request| found.result_for(request)).collect())
}

/// The results of all requests together, by board.
struct Found {
    boards: HashMap<Uuid, Board>,
    outcomes: HashMap<Uuid, Vec<StoredOutcome>>,
}

impl Found {
    /// The part that one request named.
    fn result_for(&self, request: &LoadRequest) -> LoadedBoard {
        let Some(board) = self.boards.get(&request.board.0) else {
            return LoadedBoard { board: None, outcomes: Vec::new() };
        };
        let mut board = board.clone();
        board.members.retain(|actor, _| request.actors.contains(actor));
        board.notes.retain(|note, _| request.notes.contains_key(note));
        board.bases.retain(|seq, _| request.bases.contains(seq));
        for (note, edits) in &mut board.edits {
            let base = request.notes.get(note).copied().flatten();
            edits.retain(|edit| base.is_some_and(|base| edit.seq > base));
        }
        board.edits.retain(|_, edits| !edits.is_empty());
        let base_of = |note: &NoteId| request.notes.get(note).copied().flatten();
        board.left_out.retain(|note, last| base_of(note).is_some_and(|base| *last > base));
        let known = self.outcomes.get(&request.board.0).into_iter().flatten();
        let requested = known.filter(|it| request.messages.contains(&(it.client, it.message)));
        LoadedBoard { board: Some(board), outcomes: requested.cloned().collect() }
    }

    fn board(&mut self, id: Uuid) -> Option<&mut Board> {
        self.boards.get_mut(&id)
    }
}

async fn board_rows(
    snapshot: &mut PgConnection,
    requests: &[LoadRequest],
) -> Result<HashMap<Uuid, Board>, StoreError> {
    const BOARDS: &str = "\
        select id, title, head_seq, head_event, note_count, text_bytes from boards
        where id = any($1)";
    let ids: Vec<Uuid> = requests.iter().map(|it| it.board.0).collect();
    let rows: Vec<BoardRow> =
        sqlx::query_as(BOARDS).bind(ids).fetch_all(snapshot).await.map_err(unavailable)?;
    let board = |row: BoardRow| {
        let board = Board {
            id: BoardId(row.id),
            title: Title::stored(row.title),
            head: Position { seq: seq(row.head_seq), event: EventId(row.head_event) },
            note_count: u32::try_from(row.note_count).unwrap_or(u32::MAX),
            text_bytes: number(row.text_bytes),
            links: Vec::new(),
            members: BTreeMap::new(),
            notes: BTreeMap::new(),
            edits: BTreeMap::new(),
            left_out: BTreeMap::new(),
            bases: BTreeMap::new(),
        };
        (row.id, board)
    };
    Ok(rows.into_iter().map(board).collect())
}

async fn links(snapshot: &mut PgConnection, found: &mut Found) -> Result<(), StoreError> {
    const LINKS: &str = "\
        select board, id, role, hash from links where board = any($1) order by board, id";
    let ids: Vec<Uuid> = found.boards.keys().copied().collect();
    let rows: Vec<LinkRow> =
        sqlx::query_as(LINKS).bind(ids).fetch_all(snapshot).await.map_err(unavailable)?;
    for row in rows {
        let link = row.read()?;
        if let Some(board) = found.board(row.board) {
            board.links.push(link);
        }
    }
    Ok(())
}

async fn members(
    snapshot: &mut PgConnection,
    requests: &[LoadRequest],
    found: &mut Found,
) -> Result<(), StoreError> {
    const MEMBERS: &str = "\
        select board, actor, role from members
        join unnest($1::uuid[], $2::uuid[]) as wanted (board, actor) using (board, actor)";
    let (boards, actors): (Vec<Uuid>, Vec<Uuid>) =
        requests.iter().flat_map(|it| it.actors.iter().map(|actor| (it.board.0, actor.0))).unzip();
    if actors.is_empty() {
        return Ok(());
    }
    let rows: Vec<(Uuid, Uuid, String)> = sqlx::query_as(MEMBERS)
        .bind(boards)
        .bind(actors)
        .fetch_all(snapshot)
        .await
        .map_err(unavailable)?;
    for (id, actor, role) in rows {
        let key = || format!("board {id}, actor {actor}");
        let role: Role =
            parse_name(&role).map_err(|it| StoreError::unreadable_row("members", key(), it))?;
        if let Some(board) = found.board(id) {
            board.members.insert(ActorId(actor), role);
        }
    }
    Ok(())
}

async fn notes(
    snapshot: &mut PgConnection,
    requests: &[LoadRequest],
    found: &mut Found,
) -> Result<(), StoreError> {
    const NOTES: &str = "\
        select notes.* from notes
        join unnest($1::uuid[], $2::uuid[]) as wanted (board, id) using (board, id)";
    let (boards, notes): (Vec<Uuid>, Vec<Uuid>) =
        requests.iter().flat_map(|it| it.notes.keys().map(|note| (it.board.0, note.0))).unzip();
    if notes.is_empty() {
        return Ok(());
    }
    let rows: Vec<NoteRow> = sqlx::query_as(NOTES)
        .bind(boards)
        .bind(notes)
        .fetch_all(snapshot)
        .await
        .map_err(unavailable)?;
    for row in rows {
        let id = row.board;
        let note = row.read()?;
        if let Some(board) = found.board(id) {
            board.notes.insert(note.id, note);
        }
    }
    Ok(())
}

async fn edits(
    snapshot: &mut PgConnection,
    requests: &[LoadRequest],
    found: &mut Found,
) -> Result<(), StoreError> {
    // Every edit has at least 64 bytes, so the limit keeps a long history from being read completely.
    // The last row exceeds the limit and is the last edit that is left out.
    const EDITS: &str = "\
        select distinct on (board, note, seq) board, note, seq, change, inverse, bytes::bigint
        from unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[])
            as wanted (board, note, base, bytes_max)
        cross join lateral (
            select seq, change, inverse,
                sum(size) over (order by seq desc) as bytes,
                sum(size) over (
                    order by seq desc rows between unbounded preceding and 2 preceding
                ) as bytes_before
            from (
                select seq, change, inverse, octet_length(change) + octet_length(inverse) as size
                from events
                where events.board = wanted.board and events.note = wanted.note
                    and seq > wanted.base and inverse is not null
                order by seq desc
                limit wanted.bytes_max / 64 + 2
            ) as latest
        ) as latest
        where coalesce(bytes_before, 0) <= bytes_max
        order by board, note, seq desc, bytes";
    let edits_of = |it: &LoadRequest| {
        let bytes_max = integer(it.edits_bytes_max as u64);
        let board = it.board.0;
        let edited = it.notes.iter().filter_map(|(note, base)| Some((note.0, (*base)?)));
        edited
            .map(move |(note, base)| (board, note, integer(base.0), bytes_max))
            .collect::<Vec<_>>()
    };
    let requested: Vec<(Uuid, Uuid, i64, i64)> = requests.iter().flat_map(edits_of).collect();
    if requested.is_empty() {
        return Ok(());
    }
    let rows: Vec<EditRow> = sqlx::query_as(EDITS)
        .bind(requested.iter().map(|it| it.0).collect::<Vec<_>>())
        .bind(requested.iter().map(|it| it.1).collect::<Vec<_>>())
        .bind(requested.iter().map(|it| it.2).collect::<Vec<_>>())
        .bind(requested.iter().map(|it| it.3).collect::<Vec<_>>())
        .fetch_all(snapshot)
        .await
        .map_err(unavailable)?;
    let bytes_max = |row: &EditRow| {
        let of_note = requested.iter().filter(|it| (it.0, it.1) == (row.board, row.note));
        of_note.map(|it| it.3).max().unwrap_or_default()
    };
    for row in rows {
        let fits = row.bytes <= bytes_max(&row);
        let note = NoteId(row.note);
        let edit = row.read()?;
        let Some(board) = found.board(row.board) else { continue };
        let edits = board.edits.entry(note).or_default();
        if fits || edits.is_empty() {
            edits.push(edit);
        } else {
            board.left_out.entry(note).or_insert(edit.seq);
        }
    }
    for board in found.boards.values_mut() {
        board.edits.values_mut().for_each(|edits| edits.reverse());
    }
    Ok(())
}

async fn bases(
    snapshot: &mut PgConnection,
    requests: &[LoadRequest],
    found: &mut Found,
) -> Result<(), StoreError> {
    const BASES: &str = "\
        select board, seq, id as event from events
        join unnest($1::uuid[], $2::bigint[]) as wanted (board, seq) using (board, seq)";
    // Not `integer`: a number that is too large must not match the largest stored one.
    let (boards, numbers): (Vec<Uuid>, Vec<i64>) = requests
        .iter()
        .flat_map(|it| it.bases.iter().map(|seq| (it.board.0, seq.0)))
        .filter_map(|(board, seq)| Some((board, i64::try_from(seq).ok()?)))
        .unzip();
    if numbers.is_empty() {
        return Ok(());
    }
    let rows: Vec<PositionRow> = sqlx::query_as(BASES)
        .bind(boards)
        .bind(numbers)
        .fetch_all(snapshot)
        .await
        .map_err(unavailable)?;
    for row in rows {
        let position = row.position();
        if let Some(board) = found.board(row.board) {
            board.bases.insert(position.seq, position.event);
        }
    }
    Ok(())
}

async fn outcomes(
    snapshot: &mut PgConnection,
    requests: &[LoadRequest],
) -> Result<HashMap<Uuid, Vec<StoredOutcome>>, StoreError> {
    const OUTCOMES: &str = "\
        select board, client, message, body_hash, outcome, at from outcomes
        join unnest($1::uuid[], $2::uuid[], $3::uuid[]) as wanted (board, client, message)
            using (board, client, message)";
    let requested: Vec<(Uuid, Uuid, Uuid)> = requests
        .iter()
        .flat_map(|it| {
            it.messages.iter().map(|(client, message)| (it.board.0, client.0, message.0))
        })
        .collect();
    if requested.is_empty() {
        return Ok(HashMap::new());
    }
    let rows: Vec<OutcomeRow> = sqlx::query_as(OUTCOMES)
        .bind(requested.iter().map(|it| it.0).collect::<Vec<_>>())
        .bind(requested.iter().map(|it| it.1).collect::<Vec<_>>())
        .bind(requested.iter().map(|it| it.2).collect::<Vec<_>>())
        .fetch_all(snapshot)
        .await
        .map_err(unavailable)?;
    let mut found: HashMap<Uuid, Vec<StoredOutcome>> = HashMap::new();
    for row in rows {
        found.entry(row.board).or_default().push(row.read()?);
    }
    Ok(found)
}
