//! Compaction: reads old events of boards, and replaces them by runs.

use std::collections::BTreeMap;

use sockbit_application::column_conversions::{integer, seq};
use sockbit_application::ports::{
    CommitResult, CompactableEvents, CompactableEventsBuilder, CompactionCandidate, Squash,
    StoreError,
};
use sockbit_domain::{BoardId, EventId, Position, Run, Seq, Timestamp};
use sqlx::{Executor, PgConnection};
use uuid::Uuid;

use crate::error_mapping::{unavailable, unknown};
use crate::rows::HistoryRow;

/// A transaction that sees what others committed while it waited for a lock, whatever the default of
/// the database is.
const BEGIN: &str = "begin isolation level read committed read write";

#[derive(sqlx::FromRow)]
struct CompactableRow {
    #[sqlx(flatten)]
    event: HistoryRow,
    is_old: bool,
}

pub(crate) async fn compaction_candidates(
    connection: &mut PgConnection,
    before: Timestamp,
    after: Option<CompactionCandidate>,
    max: u32,
) -> Result<Vec<CompactionCandidate>, StoreError> {
    // Without `after` all boards follow: no event has the smallest time.
    const UNCOMPACTED: &str = "\
        select uncompacted_since, id, settled_seq from boards
        where uncompacted_since < $1
            and (uncompacted_since, id) > (
                coalesce($2, -9223372036854775808),
                coalesce($3, '00000000-0000-0000-0000-000000000000'::uuid)
            )
        order by uncompacted_since, id
        limit $4";
    let rows: Vec<(i64, Uuid, i64)> = sqlx::query_as(UNCOMPACTED)
        .bind(before.0)
        .bind(after.map(|it| it.since.0))
        .bind(after.map(|it| it.board.0))
        .bind(i64::from(max))
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    let read = |(since, board, settled)| CompactionCandidate {
        since: Timestamp(since),
        board: BoardId(board),
        settled: seq(settled),
    };
    Ok(rows.into_iter().map(read).collect())
}

pub(crate) async fn compactable_events(
    connection: &mut PgConnection,
    board: BoardId,
    after: Seq,
    before: Timestamp,
    max: u32,
    bytes_max: usize,
) -> Result<CompactableEvents, StoreError> {
    // An event has more bytes as JSON than its change, so these rows are more than a page: the one that
    // does not fit shows that more follow. The last old event is only searched for events of a clock
    // that was ahead.
    const OLD_EVENTS: &str = "\
        select board, seq, from_seq, id, message, actor_id, actor_name, actor_colour, at, change,
            inverse,
            at < $5 or (
                at > (select changed_at from boards where id = $1)
                and seq < coalesce((
                    select seq from events where board = $1 and at < $5 order by seq desc limit 1
                ), 0)
            ) as is_old
        from (
            select *, sum(octet_length(change)) over (
                order by seq rows between unbounded preceding and 2 preceding
            ) as bytes
            from (
                select * from events where board = $1 and seq > $2 order by seq limit $3
            ) as next
        ) as sized
        where coalesce(bytes, 0) <= $4
        order by seq";
    let rows: Vec<CompactableRow> = sqlx::query_as(OLD_EVENTS)
        .bind(board.0)
        .bind(integer(after.0))
        .bind(i64::from(max) + 1)
        .bind(integer(bytes_max as u64))
        .bind(before.0)
        .fetch_all(connection)
        .await
        .map_err(unavailable)?;
    let mut page = CompactableEventsBuilder::new(max, bytes_max);
    for row in rows {
        if !page.try_add(row.is_old, row.event.read()?) {
            break;
        }
    }
    Ok(page.finish())
}

/// Writes a squash in a transaction that stays open until it is committed. After a conflict the
/// transaction is rolled back.
///
/// The events are locked first and in order, which delays only other compactions. The board, for
/// which commits wait, is locked last.
pub(crate) async fn write(
    connection: &mut PgConnection,
    squash: &Squash,
) -> Result<CommitResult, StoreError> {
    execute(connection, BEGIN).await.map_err(unavailable)?;
    let result = replace_if_current(connection, squash).await.map_err(unavailable)?;
    if result == CommitResult::Conflict {
        execute(connection, "rollback").await.map_err(unavailable)?;
    }
    Ok(result)
}

/// Commits the open transaction. Only after an error of this call is the result unknown.
pub(crate) async fn commit(connection: &mut PgConnection) -> Result<(), StoreError> {
    execute(connection, "commit").await.map_err(unknown)
}

async fn execute(
    connection: &mut PgConnection,
    statement: &'static str,
) -> Result<(), sqlx::Error> {
    connection.execute(statement).await.map(drop)
}

async fn replace_if_current(
    connection: &mut PgConnection,
    squash: &Squash,
) -> Result<CommitResult, sqlx::Error> {
    let stored = lock_events(connection, squash).await?;
    let is_current = |run: &Run| {
        let range = run.event.from..=run.event.seq;
        let events: Vec<_> = stored.range(range).map(|(_, it)| *it).collect();
        run.is_made_of(&events)
    };
    if !squash.runs.iter().all(is_current) {
        return Ok(CommitResult::Conflict);
    }
    replace_events(connection, squash).await?;
    update_progress(connection, squash).await
}

/// Locks all events from the first event of the first run to the last event of the last run. Returns
/// their first numbers and their positions, by number.
async fn lock_events(
    connection: &mut PgConnection,
    squash: &Squash,
) -> Result<BTreeMap<Seq, (Seq, Position)>, sqlx::Error> {
    const LOCK: &str = "\
        select from_seq, seq, id from events
        where board = $1 and seq between $2 and $3
        order by seq
        for update";
    let (Some(first), Some(last)) = (squash.runs.first(), squash.runs.last()) else {
        return Ok(BTreeMap::new());
    };
    let rows: Vec<(i64, i64, Uuid)> = sqlx::query_as(LOCK)
        .bind(squash.board.0)
        .bind(integer(first.event.from.0))
        .bind(integer(last.event.seq.0))
        .fetch_all(connection)
        .await?;
    let read = |(from, number, id)| {
        (seq(number), (seq(from), Position { seq: seq(number), event: EventId(id) }))
    };
    Ok(rows.into_iter().map(read).collect())
}

/// The last event of each run becomes the run, which keeps its number, id, author and time.
async fn replace_events(connection: &mut PgConnection, squash: &Squash) -> Result<(), sqlx::Error> {
    // The events are found by an array of numbers, not by a join, which could read the whole log.
    const DELETE: &str = "\
        delete from events where board = $1 and seq = any (array(
            select stored.seq from unnest($2::bigint[], $3::bigint[]) as run (from_seq, seq)
            cross join lateral (
                select events.seq from events
                where board = $1 and events.seq >= run.from_seq and events.seq < run.seq
                offset 0
            ) as stored
        ))";
    const UPDATE: &str = "\
        update events set (from_seq, change, inverse) = (
            select run.from_seq, run.change, run.inverse
            from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[])
                as run (from_seq, seq, change, inverse)
            where run.seq = events.seq
        )
        where board = $1 and seq = any ($3)";
    if squash.runs.is_empty() {
        return Ok(());
    }
    let runs = || squash.runs.iter();
    let first_seqs: Vec<i64> = runs().map(|run| integer(run.event.from.0)).collect();
    let last_seqs: Vec<i64> = runs().map(|run| integer(run.event.seq.0)).collect();
    let changes = runs().map(|run| json(&run.event.change)).collect::<Result<Vec<_>, _>>()?;
    let inverses = runs().map(|run| json(&run.inverse)).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(DELETE)
        .bind(squash.board.0)
        .bind(&first_seqs)
        .bind(&last_seqs)
        .execute(&mut *connection)
        .await?;
    sqlx::query(UPDATE)
        .bind(squash.board.0)
        .bind(&first_seqs)
        .bind(&last_seqs)
        .bind(changes)
        .bind(inverses)
        .execute(connection)
        .await?;
    Ok(())
}

/// Stores the progress of compaction. The board is locked, so no commit can add an event that this
/// would miss.
async fn update_progress(
    connection: &mut PgConnection,
    squash: &Squash,
) -> Result<CommitResult, sqlx::Error> {
    const LOCK: &str = "select settled_seq from boards where id = $1 for no key update";
    const UPDATE: &str = "\
        update boards set
            settled_seq = $2,
            uncompacted_since =
                (select least(at, changed_at) from events where board = $1 and seq > $3
                    order by seq limit 1)
        where id = $1";
    let settled: Option<i64> =
        sqlx::query_scalar(LOCK).bind(squash.board.0).fetch_optional(&mut *connection).await?;
    if settled != Some(integer(squash.expected.0)) {
        return Ok(CommitResult::Conflict);
    }
    sqlx::query(UPDATE)
        .bind(squash.board.0)
        .bind(integer(squash.settled.0))
        .bind(integer(squash.seen.0))
        .execute(connection)
        .await?;
    Ok(CommitResult::Done)
}

fn json(value: &impl serde::Serialize) -> Result<String, sqlx::Error> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()))
}
