//! Compaction: boards that it has not seen all of, old parts of their logs, and runs in the place of
//! what they were made of.

use std::collections::BTreeMap;

use sockbit_application::ports::{
    CommitResult, CompactableEvents, CompactableEventsBuilder, CompactionCandidate, Squash,
    StoreError,
};
use sockbit_domain::{BoardId, EventId, Position, Seq, Timestamp};
use sqlx::PgConnection;
use uuid::Uuid;

use crate::bulk_writes::json;
use crate::column_values::{integer, seq};
use crate::commit::{BEGIN, tell};
use crate::error_mapping::unavailable;
use crate::rows::HistoryRow;

#[derive(sqlx::FromRow)]
struct AgedRow {
    #[sqlx(flatten)]
    logged: HistoryRow,
    is_old: bool,
}

pub(crate) async fn compaction_candidates(
    connection: &mut PgConnection,
    before: Timestamp,
    after: Option<CompactionCandidate>,
    max: u32,
) -> Result<Vec<CompactionCandidate>, StoreError> {
    // No event happened before the beginning of time.
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
    // An event takes more bytes as JSON than its change, so a page is full before these end; the last of
    // them says that there is more. The last old event is only looked for where some clock was ahead.
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
    let rows: Vec<AgedRow> = sqlx::query_as(OLD_EVENTS)
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
        if !page.try_add(row.is_old, row.logged.read()?) {
            break;
        }
    }
    Ok(page.finish())
}

/// Writes a squash into a transaction that is left open, if all is as it was; where it is not, the
/// transaction is over and nothing happened.
///
/// The events are locked first and in order, which is in nobody's way but another compaction's. The
/// board itself, for which commits wait, is held only from the last statement on.
pub(crate) async fn begin(
    connection: &mut PgConnection,
    squash: &Squash,
) -> Result<CommitResult, StoreError> {
    tell(connection, BEGIN).await.map_err(unavailable)?;
    let verdict = write(connection, squash).await.map_err(unavailable)?;
    if verdict == CommitResult::Conflict {
        tell(connection, "rollback").await.map_err(unavailable)?;
    }
    Ok(verdict)
}

async fn write(
    connection: &mut PgConnection,
    squash: &Squash,
) -> Result<CommitResult, sqlx::Error> {
    let found = lock(connection, squash).await?;
    let is_there = |run: &sockbit_domain::Run| {
        let range = (run.event.from, run.event.seq);
        let events: Vec<_> = found.range(range.0..=range.1).map(|(_, it)| *it).collect();
        run.is_made_of(&events)
    };
    if !squash.runs.iter().all(is_there) {
        return Ok(CommitResult::Conflict);
    }
    put(connection, squash).await?;
    move_on(connection, squash).await
}

/// All events from the first of the first run to the last of the last one.
async fn lock(
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

/// The last event of each run becomes the run: its place, its id and what is about its end stay.
async fn put(connection: &mut PgConnection, squash: &Squash) -> Result<(), sqlx::Error> {
    const REMOVE: &str = "\
        delete from events using unnest($2::bigint[], $3::bigint[]) as run (from_seq, seq)
        where board = $1 and events.seq >= run.from_seq and events.seq < run.seq";
    const REPLACE: &str = "\
        update events set from_seq = run.from_seq, change = run.change, inverse = run.inverse
        from unnest($2::bigint[], $3::bigint[], $4::text[], $5::text[])
            as run (from_seq, seq, change, inverse)
        where board = $1 and events.seq = run.seq";
    if squash.runs.is_empty() {
        return Ok(());
    }
    let runs = || squash.runs.iter();
    let begins: Vec<i64> = runs().map(|run| integer(run.event.from.0)).collect();
    let ends: Vec<i64> = runs().map(|run| integer(run.event.seq.0)).collect();
    let changes = runs().map(|run| json(&run.event.change)).collect::<Result<Vec<_>, _>>()?;
    let inverses = runs().map(|run| json(&run.inverse)).collect::<Result<Vec<_>, _>>()?;
    sqlx::query(REMOVE)
        .bind(squash.board.0)
        .bind(&begins)
        .bind(&ends)
        .execute(&mut *connection)
        .await?;
    sqlx::query(REPLACE)
        .bind(squash.board.0)
        .bind(&begins)
        .bind(&ends)
        .bind(changes)
        .bind(inverses)
        .execute(connection)
        .await?;
    Ok(())
}

/// While the board is locked no commit can add events that would be overlooked.
async fn move_on(
    connection: &mut PgConnection,
    squash: &Squash,
) -> Result<CommitResult, sqlx::Error> {
    const LOCK: &str = "select settled_seq from boards where id = $1 for no key update";
    const MOVE_ON: &str = "\
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
    sqlx::query(MOVE_ON)
        .bind(squash.board.0)
        .bind(integer(squash.settled.0))
        .bind(integer(squash.seen.0))
        .execute(connection)
        .await?;
    Ok(CommitResult::Done)
}
