//! Compaction: reads old events of boards, and replaces them by runs.

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use sockbit_application::column_conversions::{integer, seq};
use sockbit_application::ports::{
    CommitResult, CompactableEvents, CompactableEventsBuilder, CompactionCandidate, Squash,
    StoreError,
};
use sockbit_domain::{BoardId, Position, Run, Seq, Timestamp};

use crate::encoded_changes::json;
use crate::error_mapping::{ReadError, unavailable, unknown};
use crate::rows;

pub(crate) fn compaction_candidates(
    snapshot: &Connection,
    before: Timestamp,
    after: Option<CompactionCandidate>,
    max: u32,
) -> Result<Vec<CompactionCandidate>, ReadError> {
    // Without `after` all boards follow: the empty id sorts before every other.
    const UNCOMPACTED: &str = "\
        select uncompacted_since, id, settled_seq from boards
        where uncompacted_since < ?1
            and (uncompacted_since, id) > (coalesce(?2, -9223372036854775808), coalesce(?3, x''))
        order by uncompacted_since, id
        limit ?4";
    let mut statement = snapshot.prepare_cached(UNCOMPACTED)?;
    let after = after.map(|it| (it.since.0, it.board.0));
    let values = params![before.0, after.map(|it| it.0), after.map(|it| it.1), max];
    let found = statement.query_map(values, |row| {
        Ok(CompactionCandidate {
            since: Timestamp(row.get(0)?),
            board: BoardId(row.get(1)?),
            settled: seq(row.get(2)?),
        })
    })?;
    Ok(found.collect::<Result<_, _>>()?)
}

pub(crate) fn compactable_events(
    snapshot: &Connection,
    board: BoardId,
    after: Seq,
    before: Timestamp,
    max: u32,
    bytes_max: usize,
) -> Result<CompactableEvents, ReadError> {
    // The last old event is only searched for events of a clock that was ahead.
    const OLD_EVENTS: &str = "\
        select seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, change, inverse,
            at < ?3 or (
                at > (select changed_at from boards where id = ?1)
                and seq < coalesce((
                    select seq from events where board = ?1 and at < ?3 order by seq desc limit 1
                ), 0)
            ) as is_old
        from events where board = ?1 and seq > ?2
        order by seq limit ?4";
    let mut statement = snapshot.prepare_cached(OLD_EVENTS)?;
    let values = params![board.0, integer(after.0), before.0, i64::from(max) + 1];
    let mut found = statement.query(values)?;
    let mut page = CompactableEventsBuilder::new(max, bytes_max);
    while let Some(row) = found.next()? {
        if !page.try_add(row.get(10)?, rows::event_with_inverse(board, row)?) {
            break;
        }
    }
    Ok(page.finish())
}

pub(crate) fn squash(
    connection: &mut Connection,
    squash: &Squash,
) -> Result<CommitResult, StoreError> {
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(unavailable)?;
    let result = write(&transaction, squash)?;
    match result {
        CommitResult::Done => transaction.commit().map_err(unknown)?,
        CommitResult::Conflict => transaction.rollback().map_err(unavailable)?,
    }
    Ok(result)
}

fn write(transaction: &Transaction<'_>, squash: &Squash) -> Result<CommitResult, ReadError> {
    const UPDATE: &str = "\
        update boards set
            settled_seq = ?3,
            uncompacted_since =
                (select min(at, changed_at) from events where board = ?1 and seq > ?4
                    order by seq limit 1)
        where id = ?1 and settled_seq = ?2";
    for run in &squash.runs {
        if !run.is_made_of(&events_of_run(transaction, run)?) {
            return Ok(CommitResult::Conflict);
        }
        replace_events(transaction, run)?;
    }
    let updated = transaction.prepare_cached(UPDATE)?.execute(params![
        squash.board.0,
        integer(squash.expected.0),
        integer(squash.settled.0),
        integer(squash.seen.0),
    ])?;
    Ok(if updated == 1 { CommitResult::Done } else { CommitResult::Conflict })
}

/// The stored events in the range of a run: their first numbers and their positions.
fn events_of_run(
    transaction: &Transaction<'_>,
    run: &Run,
) -> rusqlite::Result<Vec<(Seq, Position)>> {
    const EVENTS: &str = "\
        select from_seq, seq, id from events
        where board = ? and seq between ? and ?
        order by seq";
    let event = &run.event;
    let values = params![event.board.0, integer(event.from.0), integer(event.seq.0)];
    let mut statement = transaction.prepare_cached(EVENTS)?;
    statement.query_map(values, |row| Ok((seq(row.get(0)?), rows::position(row, 1)?)))?.collect()
}

/// The last event of the run becomes the run, which keeps its number, id, author and time.
fn replace_events(transaction: &Transaction<'_>, run: &Run) -> Result<(), ReadError> {
    const DELETE: &str = "delete from events where board = ? and seq >= ? and seq < ?";
    const UPDATE: &str = "\
        update events set from_seq = ?3, change = ?4, inverse = ?5 where board = ?1 and seq = ?2";
    let event = &run.event;
    let (board, from, seq) = (event.board.0, integer(event.from.0), integer(event.seq.0));
    transaction.prepare_cached(DELETE)?.execute(params![board, from, seq])?;
    let (change, inverse) = (json(&event.change)?, json(&run.inverse)?);
    transaction.prepare_cached(UPDATE)?.execute(params![board, seq, from, change, inverse])?;
    Ok(())
}
