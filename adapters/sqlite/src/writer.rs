//! The thread that writes. It takes the commits that wait for it into one transaction, so that they
//! share one write to the disk.

use std::path::PathBuf;
use std::thread;

use rusqlite::Connection;
use sockbit_application::ports::{CommitResult, StoreError};
use tokio::sync::{mpsc, oneshot, watch};

use crate::encoded_changes::EncodedChanges;
use crate::group_commit::{Commit, Group};
use crate::write_connection::WriteConnection;

/// Calls that wait for the thread. Further callers wait for room, until their deadline.
const QUEUE_MAX: usize = 64;

/// The callers' side of the thread. It ends after the calls in its queue when this is dropped.
pub(crate) struct Writer {
    queue: mpsc::Sender<Job>,
    /// Closed when the thread has ended.
    running: watch::Receiver<()>,
}

/// What the thread does, in the order in which it was queued.
enum Job {
    Commit(Commit),
    /// Another write, in a transaction of its own.
    Call(Call),
    /// Finish the queue and end.
    Close,
}

type Call = Box<dyn FnOnce(&mut WriteConnection) + Send>;

impl Writer {
    /// Starts the thread with its connection to a database.
    pub fn start(path: PathBuf, connection: Connection) -> std::io::Result<Self> {
        let (queue, jobs) = mpsc::channel(QUEUE_MAX);
        let (alive, running) = watch::channel(());
        let connection = WriteConnection::new(path, connection);
        let run = move || {
            run(jobs, connection);
            drop(alive);
        };
        thread::Builder::new().name("sqlite-writer".to_owned()).spawn(run)?;
        Ok(Self { queue, running })
    }

    /// Commits the boards, each on its own condition. Once queued they are committed even if the
    /// caller is cancelled.
    pub async fn commit(
        &self,
        boards: Vec<EncodedChanges>,
    ) -> Result<Vec<CommitResult>, StoreError> {
        let (reply, result) = oneshot::channel();
        self.enqueue(Job::Commit(Commit::new(boards, reply))).await?;
        result.await.unwrap_or_else(|_| Err(without_result()))
    }

    /// Runs a call on the connection. After an error the connection is replaced.
    pub async fn call<T: Send + 'static>(
        &self,
        call: impl FnOnce(&mut Connection) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (reply, result) = oneshot::channel();
        let call = move |connection: &mut WriteConnection| {
            // The caller may have been cancelled.
            let _ = reply.send(connection.run(call));
        };
        self.enqueue(Job::Call(Box::new(call))).await?;
        result.await.unwrap_or_else(|_| Err(without_result()))
    }

    async fn enqueue(&self, job: Job) -> Result<(), StoreError> {
        let closed = |_| StoreError::Unavailable("the store is closed".to_owned());
        self.queue.send(job).await.map_err(closed)
    }

    /// Waits until the queue is finished and the connection is closed. All later calls fail.
    pub async fn close(&self) {
        // If this fails, the queue is closed already.
        let _ = self.enqueue(Job::Close).await;
        // It fails when the thread has ended, because no value is ever sent.
        let _ = self.running.clone().changed().await;
    }
}

fn without_result() -> StoreError {
    StoreError::Unknown("the thread that writes ended before the call".to_owned())
}

fn run(mut queue: mpsc::Receiver<Job>, mut connection: WriteConnection) {
    let mut next = queue.blocking_recv();
    while let Some(job) = next {
        next = match job {
            Job::Commit(first) => {
                let (group, next) = waiting_commits(&mut queue, first);
                group.commit(&mut connection);
                next
            }
            Job::Call(call) => {
                call(&mut connection);
                None
            }
            Job::Close => {
                queue.close();
                None
            }
        }
        .or_else(|| queue.blocking_recv());
    }
    connection.close();
}

/// The commits at the front of the queue, and the job behind them.
fn waiting_commits(queue: &mut mpsc::Receiver<Job>, first: Commit) -> (Group, Option<Job>) {
    let mut group = Group::new(first);
    while !group.is_full() {
        match queue.try_recv() {
            Ok(Job::Commit(commit)) => group.add(commit),
            job => return (group, job.ok()),
        }
    }
    (group, None)
}
