//! Commits the changes of all boards in one transaction, in a number of statements that does not grow
//! with the batch. If the server rejects a row, each board is written again behind a savepoint of its
//! own.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_application::column_conversions::{integer, number};
use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{BoardChanges, CommitResult, StoreError};
use sqlx::{Executor, PgConnection};
use uuid::Uuid;

use crate::bulk_writes;
use crate::error_mapping::{is_row_rejected, unavailable, unknown};

/// A transaction that sees what others committed while it waited for a lock, whatever the default of
/// the database is.
pub(crate) const BEGIN: &str = "begin isolation level read committed read write";

/// Writes the changes in a transaction that stays open until [`commit`].
pub(crate) async fn write(
    connection: &mut PgConnection,
    changes: &[BoardChanges],
) -> Result<Vec<CommitResult>, StoreError> {
    execute(connection, BEGIN).await.map_err(unavailable)?;
    let written = match write_all(connection, changes).await {
        Err(error) if is_row_rejected(&error) => {
            execute(connection, "rollback").await.map_err(unavailable)?;
            execute(connection, BEGIN).await.map_err(unavailable)?;
            write_each(connection, changes).await
        }
        result => result,
    }
    .map_err(unavailable)?;
    let result =
        |index| if written.contains(&index) { CommitResult::Done } else { CommitResult::Conflict };
    Ok((0..changes.len()).map(result).collect())
}

/// Commits the open transaction. Only after an error of this call is the result unknown.
pub(crate) async fn commit(connection: &mut PgConnection) -> Result<(), StoreError> {
    execute(connection, "commit").await.map_err(unknown)
}

pub(crate) async fn execute(
    connection: &mut PgConnection,
    statement: &'static str,
) -> Result<(), sqlx::Error> {
    connection.execute(statement).await.map(drop)
}

/// Writes all boards with few statements. Returns the indices of the changes that were written. A
/// board that occurs more than once is written in as many rounds.
async fn write_all(
    transaction: &mut PgConnection,
    changes: &[BoardChanges],
) -> Result<BTreeSet<usize>, sqlx::Error> {
    let mut written = BTreeSet::new();
    let mut left: Vec<usize> = gapless_indices(changes);
    while !left.is_empty() {
        let mut round = BTreeMap::new();
        left.retain(|index| match changes.get(*index) {
            Some(it) if !round.contains_key(&it.board.0) => {
                round.insert(it.board.0, (*index, it));
                false
            }
            found => found.is_some(),
        });
        let boards: Vec<&BoardChanges> = round.values().map(|(_, it)| *it).collect();
        let done = write_boards(transaction, &boards).await?;
        written.extend(round.iter().filter(|(id, _)| done.contains(id)).map(|(_, it)| it.0));
    }
    Ok(written)
}

/// Writes each board behind a savepoint. All boards are locked before the first is written, and new
/// boards are inserted in the order of their ids, so that two workers cannot deadlock.
async fn write_each(
    transaction: &mut PgConnection,
    changes: &[BoardChanges],
) -> Result<BTreeSet<usize>, sqlx::Error> {
    let mut boards: Vec<(usize, &BoardChanges)> =
        (0..).zip(changes).filter(|(_, it)| it.is_gapless()).collect();
    boards.sort_by_key(|(_, it)| it.board);
    lock(transaction, boards.iter().map(|(_, it)| it.board.0).collect()).await?;
    let mut written = BTreeSet::new();
    for (index, board) in boards {
        execute(transaction, "savepoint board").await?;
        match write_boards(transaction, &[board]).await {
            Ok(done) => {
                execute(transaction, "release savepoint board").await?;
                written.extend((!done.is_empty()).then_some(index));
            }
            Err(error) if is_row_rejected(&error) => {
                execute(transaction, "rollback to savepoint board; release savepoint board")
                    .await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

fn gapless_indices(changes: &[BoardChanges]) -> Vec<usize> {
    (0..).zip(changes).filter(|(_, it)| it.is_gapless()).map(|(index, _)| index).collect()
}

/// Writes the boards whose heads are the expected ones, and returns their ids. Each board occurs
/// once, in the order of the ids.
async fn write_boards(
    connection: &mut PgConnection,
    boards: &[&BoardChanges],
) -> Result<BTreeSet<Uuid>, sqlx::Error> {
    let log_bytes = lock_current(connection, boards).await?;
    let current: Vec<&BoardChanges> =
        boards.iter().filter(|it| log_bytes.contains_key(&it.board.0)).copied().collect();
    let mut updated = bulk_writes::Boards::default();
    let mut events = bulk_writes::Events::default();
    let mut inserted = bulk_writes::Boards::default();
    for changes in &current {
        let mut bytes = log_bytes.get(&changes.board.0).copied().unwrap_or_default();
        for fact in &changes.facts {
            bytes = bytes.saturating_add(json_bytes(&fact.event) as u64);
            events.push(fact, integer(bytes))?;
        }
        let rows = if changes.expected.is_some() { &mut updated } else { &mut inserted };
        rows.push(changes, integer(bytes));
    }
    // Another worker may have created the same board meanwhile. This insert then violates a
    // constraint.
    inserted.insert(connection).await?;
    updated.update(connection).await?;
    events.insert(connection).await?;
    bulk_writes::Notes::of(&current).upsert(connection).await?;
    bulk_writes::Members::of(&current).upsert(connection).await?;
    bulk_writes::Links::of(&current).insert(connection).await?;
    bulk_writes::Outcomes::of(&current)?.insert(connection).await?;
    Ok(log_bytes.into_keys().collect())
}

/// Locks the boards. Returns the size of the log of each board whose head is the expected one. A
/// transaction that waited for the lock reads what the one before it committed, so the isolation
/// level 'read committed' is strict enough.
async fn lock_current(
    connection: &mut PgConnection,
    boards: &[&BoardChanges],
) -> Result<BTreeMap<Uuid, u64>, sqlx::Error> {
    let found = lock(connection, boards.iter().map(|it| it.board.0).collect()).await?;
    let log_bytes = |it: &&BoardChanges| {
        let bytes = match (it.expected, found.get(&it.board.0)) {
            (None, None) => 0,
            (Some(head), Some((seq, event, bytes)))
                if integer(head.seq.0) == *seq && head.event.0 == *event =>
            {
                number(*bytes)
            }
            _ => return None,
        };
        Some((it.board.0, bytes))
    };
    Ok(boards.iter().filter_map(log_bytes).collect())
}

/// Locks boards in the order of their ids, so that two workers cannot deadlock. Returns the head and
/// the size of the log of each board that exists.
async fn lock(
    connection: &mut PgConnection,
    ids: Vec<Uuid>,
) -> Result<BTreeMap<Uuid, (i64, Uuid, i64)>, sqlx::Error> {
    const LOCK: &str = "\
        select id, head_seq, head_event, log_bytes from boards
        where id = any($1)
        order by id
        for no key update";
    let rows: Vec<(Uuid, i64, Uuid, i64)> =
        sqlx::query_as(LOCK).bind(ids).fetch_all(connection).await?;
    Ok(rows.into_iter().map(|(id, seq, event, bytes)| (id, (seq, event, bytes))).collect())
}
