//! Writing: all boards in one transaction, in a number of statements that does not grow with the
//! batch. Where a row is refused, each board is written behind a savepoint of its own.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{BoardChanges, CommitResult, StoreError};
use sqlx::{Executor, PgConnection};
use uuid::Uuid;

use crate::bulk_writes;
use crate::column_values::{integer, number};
use crate::error_mapping::{refuses_a_row, unavailable, unknown};

/// Each sees what the one before committed while it waited for its lock, whatever the database would
/// have by default.
pub(crate) const BEGIN: &str = "begin isolation level read committed read write";

/// Writes what can be written into a transaction that is left open: nothing of it is there before
/// [`end`].
pub(crate) async fn begin(
    connection: &mut PgConnection,
    changes: &[BoardChanges],
) -> Result<Vec<CommitResult>, StoreError> {
    tell(connection, BEGIN).await.map_err(unavailable)?;
    let written = match write_rounds(connection, changes).await {
        Err(error) if refuses_a_row(&error) => {
            tell(connection, "rollback").await.map_err(unavailable)?;
            tell(connection, BEGIN).await.map_err(unavailable)?;
            write_each(connection, changes).await
        }
        result => result,
    }
    .map_err(unavailable)?;
    let verdict =
        |place| if written.contains(&place) { CommitResult::Done } else { CommitResult::Conflict };
    Ok((0..changes.len()).map(verdict).collect())
}

/// Commits it. Only from here on is it unknown what became of it.
pub(crate) async fn end(connection: &mut PgConnection) -> Result<(), StoreError> {
    tell(connection, "commit").await.map_err(unknown)
}

pub(crate) async fn tell(
    connection: &mut PgConnection,
    words: &'static str,
) -> Result<(), sqlx::Error> {
    connection.execute(words).await.map(drop)
}

/// The places in the batch of what was written. A board that comes more than once is written in
/// as many rounds.
async fn write_rounds(
    transaction: &mut PgConnection,
    changes: &[BoardChanges],
) -> Result<BTreeSet<usize>, sqlx::Error> {
    let mut written = BTreeSet::new();
    let mut left: Vec<usize> = gapless(changes);
    while !left.is_empty() {
        let mut round = BTreeMap::new();
        left.retain(|place| match changes.get(*place) {
            Some(it) if !round.contains_key(&it.board.0) => {
                round.insert(it.board.0, (*place, it));
                false
            }
            found => found.is_some(),
        });
        let boards: Vec<&BoardChanges> = round.values().map(|(_, it)| *it).collect();
        let done = write(transaction, &boards).await?;
        written.extend(round.iter().filter(|(id, _)| done.contains(id)).map(|(_, it)| it.0));
    }
    Ok(written)
}

/// All boards are locked before the first is written, and new ones are begun in the order of their
/// ids as well: two workers that both get here do not wait for each other in a circle either.
async fn write_each(
    transaction: &mut PgConnection,
    changes: &[BoardChanges],
) -> Result<BTreeSet<usize>, sqlx::Error> {
    let mut boards: Vec<(usize, &BoardChanges)> =
        (0..).zip(changes).filter(|(_, it)| it.is_gapless()).collect();
    boards.sort_by_key(|(_, it)| it.board);
    lock(transaction, boards.iter().map(|(_, it)| it.board.0).collect()).await?;
    let mut written = BTreeSet::new();
    for (place, board) in boards {
        tell(transaction, "savepoint board").await?;
        match write(transaction, &[board]).await {
            Ok(done) => {
                tell(transaction, "release savepoint board").await?;
                written.extend((!done.is_empty()).then_some(place));
            }
            Err(error) if refuses_a_row(&error) => {
                tell(transaction, "rollback to savepoint board; release savepoint board").await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}

fn gapless(changes: &[BoardChanges]) -> Vec<usize> {
    (0..).zip(changes).filter(|(_, it)| it.is_gapless()).map(|(place, _)| place).collect()
}

/// Writes those boards, each named once and in the order of their ids, whose heads are the expected
/// ones, and answers which these are.
async fn write(
    connection: &mut PgConnection,
    boards: &[&BoardChanges],
) -> Result<BTreeSet<Uuid>, sqlx::Error> {
    let log_bytes = claim(connection, boards).await?;
    let claimed: Vec<&BoardChanges> =
        boards.iter().filter(|it| log_bytes.contains_key(&it.board.0)).copied().collect();
    let mut frames = bulk_writes::Frames::default();
    let mut events = bulk_writes::Events::default();
    let mut begun = bulk_writes::Frames::default();
    for changes in &claimed {
        let mut bytes = log_bytes.get(&changes.board.0).copied().unwrap_or_default();
        for fact in &changes.facts {
            bytes = bytes.saturating_add(json_bytes(&fact.event) as u64);
            events.push(fact, integer(bytes))?;
        }
        let frames = if changes.expected.is_some() { &mut frames } else { &mut begun };
        frames.push(changes, integer(bytes));
    }
    // Somebody else may have begun a board meanwhile; then it is theirs, and what hangs on it here
    // breaks a constraint.
    begun.begin(connection).await?;
    frames.move_on(connection).await?;
    events.insert(connection).await?;
    bulk_writes::Notes::of(&claimed).upsert(connection).await?;
    bulk_writes::Members::of(&claimed).upsert(connection).await?;
    bulk_writes::Links::of(&claimed).insert(connection).await?;
    bulk_writes::Outcomes::of(&claimed)?.insert(connection).await?;
    Ok(log_bytes.into_keys().collect())
}

/// Locks the boards, and answers the bytes of the logs of those that are as expected. Whoever waits
/// for a lock is told what the one before left: that is why the transaction need not be stricter
/// than 'read committed'.
async fn claim(
    connection: &mut PgConnection,
    boards: &[&BoardChanges],
) -> Result<BTreeMap<Uuid, u64>, sqlx::Error> {
    let found = lock(connection, boards.iter().map(|it| it.board.0).collect()).await?;
    let claimed = |it: &&BoardChanges| {
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
    Ok(boards.iter().filter_map(claimed).collect())
}

/// In the order of their ids, so that no two workers ever wait for each other in a circle. Answers
/// head and bytes of the log of those that exist.
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
