//! Commits of several callers in one transaction, of which each caller receives its own results.

use rusqlite::Connection;
use sockbit_application::ports::{CommitResult, StoreError};
use tokio::sync::oneshot;

use crate::commit;
use crate::encoded_changes::EncodedChanges;
use crate::error_mapping::{is_constraint_violation, unavailable, unknown};
use crate::write_connection::WriteConnection;

/// A transaction of more is not worth the wait of its first caller.
const GROUP_BYTES_MAX: usize = 4 * 1024 * 1024;
const GROUP_BOARDS_MAX: usize = 1024;

type Results = Result<Vec<CommitResult>, StoreError>;

/// The boards of one caller.
pub(crate) struct Commit {
    boards: Vec<EncodedChanges>,
    reply: oneshot::Sender<Results>,
}

/// Commits that are made together. A commit that is larger than a group may be is a group alone.
pub(crate) struct Group {
    commits: Vec<Commit>,
    boards: usize,
    bytes: usize,
}

/// At which step a transaction failed.
enum Failure {
    /// Before anything was written.
    Begin(StoreError),
    /// Nothing that was written is committed.
    Write(rusqlite::Error),
    /// It may have been committed.
    Commit(rusqlite::Error),
}

impl Commit {
    pub fn new(boards: Vec<EncodedChanges>, reply: oneshot::Sender<Results>) -> Self {
        Self { boards, reply }
    }

    fn finish(self, results: Results) {
        // The caller may have been cancelled.
        let _ = self.reply.send(results);
    }
}

impl Group {
    pub fn new(first: Commit) -> Self {
        let mut group = Self { commits: Vec::new(), boards: 0, bytes: 0 };
        group.add(first);
        group
    }

    pub fn add(&mut self, commit: Commit) {
        self.boards += commit.boards.len();
        self.bytes += commit.boards.iter().map(EncodedChanges::bytes).sum::<usize>();
        self.commits.push(commit);
    }

    pub fn is_full(&self) -> bool {
        self.boards >= GROUP_BOARDS_MAX || self.bytes >= GROUP_BYTES_MAX
    }

    /// Makes the commits, and sends each caller its results.
    pub fn commit(self, connection: &mut WriteConnection) {
        match transaction(connection, &self.commits) {
            Ok(results) => {
                for (commit, results) in self.commits.into_iter().zip(results) {
                    commit.finish(Ok(results));
                }
            }
            // One of them cannot be written, for example because it needs more space than is left.
            Err(Failure::Write(_)) if self.commits.len() > 1 => {
                for commit in self.commits {
                    Self::new(commit).commit(connection);
                }
            }
            Err(failure) => {
                let error = StoreError::from(failure);
                for commit in self.commits {
                    commit.finish(Err(error.clone()));
                }
            }
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Begin(error)
    }
}

impl From<Failure> for StoreError {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Begin(error) => error,
            Failure::Write(error) => unavailable(error),
            Failure::Commit(error) => unknown(error),
        }
    }
}

/// The results of each commit. Savepoints are only used if a board breaks a constraint.
fn transaction(
    connection: &mut WriteConnection,
    commits: &[Commit],
) -> Result<Vec<Vec<CommitResult>>, Failure> {
    connection.run(|connection| match attempt(connection, commits, commit::board) {
        Err(Failure::Write(error)) if is_constraint_violation(&error) => {
            commit::execute(connection, "rollback").map_err(Failure::Write)?;
            attempt(connection, commits, commit::board_behind_savepoint)
        }
        result => result,
    })
}

type WriteBoard = fn(&Connection, &EncodedChanges) -> rusqlite::Result<CommitResult>;

fn attempt(
    connection: &Connection,
    commits: &[Commit],
    write_board: WriteBoard,
) -> Result<Vec<Vec<CommitResult>>, Failure> {
    // Immediate, because a transaction that starts with a read cannot wait for another writer.
    commit::execute(connection, "begin immediate")
        .map_err(|error| Failure::Begin(unavailable(error)))?;
    let results = commits
        .iter()
        .map(|it| it.boards.iter().map(|board| write_board(connection, board)).collect())
        .collect::<Result<_, _>>()
        .map_err(Failure::Write)?;
    commit::execute(connection, "commit").map_err(Failure::Commit)?;
    Ok(results)
}
