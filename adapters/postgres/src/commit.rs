//! Commits the changes of boards. One statement, which is a transaction by itself, writes all of them;
//! if the server rejects a row, each board is written by a statement of its own.

mod columns;
mod statement;

use std::collections::{BTreeMap, BTreeSet};

use sockbit_application::ports::{BoardChanges, CommitResult, StoreError};
use sockbit_domain::BoardId;
use sqlx::{Executor, PgConnection, SqlStr};

use self::statement::CommitStatement;
use crate::connection_pool::{ConnectionPool, Deadline};
use crate::error_mapping::{is_row_rejected, unavailable, unavailable_if_rolled_back};

pub(crate) async fn boards(
    pool: &ConnectionPool,
    changes: &[BoardChanges],
) -> Result<Vec<CommitResult>, StoreError> {
    let deadline = pool.deadline();
    let mut lease = deadline.limit(StoreError::Unavailable, pool.lease()).await?;
    let connection = lease.connection();
    let mut commit = Commit { connection, deadline, changes, written: BTreeSet::new() };
    let result = commit.write_all().await;
    let written = commit.written;
    match result {
        // A part is committed.
        Err(StoreError::Unavailable(reason)) if !written.is_empty() => {
            return Err(StoreError::Unknown(reason));
        }
        result => result?,
    }
    lease.release();
    let result =
        |index| if written.contains(&index) { CommitResult::Done } else { CommitResult::Conflict };
    Ok((0..changes.len()).map(result).collect())
}

struct Commit<'a> {
    connection: &'a mut PgConnection,
    deadline: Deadline,
    changes: &'a [BoardChanges],
    /// Indices of the changes that are committed.
    written: BTreeSet<usize>,
}

#[derive(PartialEq, Eq)]
enum Written {
    /// The boards whose heads are the expected ones are committed.
    Accepted,
    /// Nothing is written, because the server rejects a row of one of the boards.
    RowRejected,
}

impl Commit<'_> {
    async fn write_all(&mut self) -> Result<(), StoreError> {
        for round in rounds(self.changes) {
            if self.write(&round).await? == Written::RowRejected && round.len() > 1 {
                for index in round {
                    self.write(&[index]).await?;
                }
            }
        }
        Ok(())
    }

    /// Writes different boards in one statement. Nothing is written before the statement is sent,
    /// which is after it was prepared.
    async fn write(&mut self, indices: &[usize]) -> Result<Written, StoreError> {
        let boards: Vec<_> = indices.iter().filter_map(|it| self.changes.get(*it)).collect();
        let statement = CommitStatement::new(&boards).map_err(unavailable)?;
        let sql = SqlStr::from_static(statement.sql);
        let preparing = async { self.connection.prepare(sql).await.map_err(unavailable) };
        self.deadline.limit(StoreError::Unavailable, preparing).await?;
        let executing = execute(&mut *self.connection, statement);
        let accepted = self.deadline.limit(StoreError::Unknown, executing).await?;
        let Some(accepted) = accepted else { return Ok(Written::RowRejected) };
        let written = indices.iter().zip(accepted).filter_map(|(index, it)| it.map(|_| *index));
        self.written.extend(written);
        Ok(Written::Accepted)
    }
}

/// Returns an element for each board, which is `None` if the board was not written; or `None` if the
/// server rejects a row.
async fn execute(
    connection: &mut PgConnection,
    statement: CommitStatement,
) -> Result<Option<Vec<Option<i64>>>, StoreError> {
    let CommitStatement { sql, arguments } = statement;
    match sqlx::query_scalar_with(sql, arguments).fetch_one(connection).await {
        Ok(accepted) => Ok(Some(accepted)),
        Err(error) if is_row_rejected(&error) => Ok(None),
        Err(error) => Err(unavailable_if_rolled_back(error)),
    }
}

/// The indices of the changes that can be written, each round in the order of the boards' ids. A board
/// that occurs more than once is written in as many rounds.
fn rounds(changes: &[BoardChanges]) -> Vec<Vec<usize>> {
    let mut by_board: BTreeMap<BoardId, Vec<usize>> = BTreeMap::new();
    for (index, it) in changes.iter().enumerate().filter(|(_, it)| it.is_gapless()) {
        by_board.entry(it.board).or_default().push(index);
    }
    let mut rounds: Vec<Vec<usize>> = Vec::new();
    for indices in by_board.into_values() {
        for (round, index) in indices.into_iter().enumerate() {
            match rounds.get_mut(round) {
                Some(round) => round.push(index),
                None => rounds.push(vec![index]),
            }
        }
    }
    rounds
}
