//! Compaction: reads old events of boards, and replaces them by runs.

use futures::TryStreamExt;
use sockbit_application::column_conversions::{integer, seq};
use sockbit_application::ports::{
    CommitResult, CompactableEvents, CompactableEventsBuilder, CompactionCandidate, Squash,
    StoreError,
};
use sockbit_domain::{BoardId, EventId, Position, Run, Seq, Timestamp};
use sqlx::{Connection, SqliteConnection, SqlitePool};
use uuid::Uuid;

use crate::commit::json;
use crate::error_mapping::{unavailable, unknown};
use crate::rows::HistoryRow;

#[derive(sqlx::FromRow)]
struct CompactableRow {
    #[sqlx(flatten)]
    event: HistoryRow,
    is_old: bool,
}

pub(crate) async fn compaction_candidates(
    readers: &SqlitePool,
    before: Timestamp,
    after: Option<CompactionCandidate>,
    max: u32,
) -> Result<Vec<CompactionCandidate>, StoreError> {
    // Without `after` all boards follow: the empty id sorts before every other.
    const UNCOMPACTED: &str = "\
        select uncompacted_since, id, settled_seq from boards
        where uncompacted_since < ?1
            and (uncompacted_since, id) > (coalesce(?2, -9223372036854775808), coalesce(?3, x''))
        order by uncompacted_since, id
        limit ?4";
    let rows: Vec<(i64, Uuid, i64)> = sqlx::query_as(UNCOMPACTED)
        .bind(before.0)
        .bind(after.map(|it| it.since.0))
        .bind(after.map(|it| it.board.0))
        .bind(max)
        .fetch_all(readers)
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
    readers: &SqlitePool,
    board: BoardId,
    after: Seq,
    before: Timestamp,
    max: u32,
    bytes_max: usize,
) -> Result<CompactableEvents, StoreError> {
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
    let mut rows = sqlx::query_as::<_, CompactableRow>(OLD_EVENTS)
        .bind(board.0)
        .bind(integer(after.0))
        .bind(before.0)
        .bind(i64::from(max) + 1)
        .fetch(readers);
    let mut page = CompactableEventsBuilder::new(max, bytes_max);
    while let Some(row) = rows.try_next().await.map_err(unavailable)? {
        if !page.try_add(row.is_old, row.event.read(board)?) {
            break;
        }
    }
    Ok(page.finish())
}

pub(crate) async fn squash(
    connection: &mut SqliteConnection,
    squash: &Squash,
) -> Result<CommitResult, StoreError> {
    let mut transaction = connection.begin_with("begin immediate").await.map_err(unavailable)?;
    let result = write(&mut transaction, squash).await.map_err(unavailable)?;
    match result {
        CommitResult::Done => transaction.commit().await.map_err(unknown)?,
        CommitResult::Conflict => transaction.rollback().await.map_err(unavailable)?,
    }
    Ok(result)
}

async fn write(
    connection: &mut SqliteConnection,
    squash: &Squash,
) -> Result<CommitResult, sqlx::Error> {
    const UPDATE: &str = "\
        update boards set
            settled_seq = ?3,
            uncompacted_since =
                (select min(at, changed_at) from events where board = ?1 and seq > ?4
                    order by seq limit 1)
        where id = ?1 and settled_seq = ?2";
    for run in &squash.runs {
        if !run.is_made_of(&events_of_run(connection, run).await?) {
            return Ok(CommitResult::Conflict);
        }
        replace_events(connection, run).await?;
    }
    let updated = sqlx::query(UPDATE)
        .bind(squash.board.0)
        .bind(integer(squash.expected.0))
        .bind(integer(squash.settled.0))
        .bind(integer(squash.seen.0))
        .execute(connection)
        .await?;
    Ok(if updated.rows_affected() == 1 { CommitResult::Done } else { CommitResult::Conflict })
}

/// The stored events in the range of a run: their first numbers and their positions.
async fn events_of_run(
    connection: &mut SqliteConnection,
    run: &Run,
) -> Result<Vec<(Seq, Position)>, sqlx::Error> {
    const EVENTS: &str = "\
        select from_seq, seq, id from events
        where board = ? and seq between ? and ?
        order by seq";
    let rows: Vec<(i64, i64, Uuid)> = sqlx::query_as(EVENTS)
        .bind(run.event.board.0)
        .bind(integer(run.event.from.0))
        .bind(integer(run.event.seq.0))
        .fetch_all(connection)
        .await?;
    let read = |(from, number, id)| (seq(from), Position { seq: seq(number), event: EventId(id) });
    Ok(rows.into_iter().map(read).collect())
}

/// The last event of the run becomes the run, which keeps its number, id, author and time.
async fn replace_events(connection: &mut SqliteConnection, run: &Run) -> Result<(), sqlx::Error> {
    const DELETE: &str = "delete from events where board = ? and seq >= ? and seq < ?";
    const UPDATE: &str = "\
        update events set from_seq = ?3, change = ?4, inverse = ?5 where board = ?1 and seq = ?2";
    let event = &run.event;
    sqlx::query(DELETE)
        .bind(event.board.0)
        .bind(integer(event.from.0))
        .bind(integer(event.seq.0))
        .execute(&mut *connection)
        .await?;
    sqlx::query(UPDATE)
        .bind(event.board.0)
        .bind(integer(event.seq.0))
        .bind(integer(event.from.0))
        .bind(json(&event.change)?)
        .bind(json(&run.inverse)?)
        .execute(connection)
        .await?;
    Ok(())
}
