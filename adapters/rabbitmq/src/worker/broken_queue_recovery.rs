//! Recovery of a work queue that the broker cannot serve.
//!
//! A full disk can leave a queue broken. RabbitMQ then closes the whole connection of its consumer
//! with an internal error. So a suspect queue is first tried on a connection of its own. If the
//! broker fails in this way for 5 s, the queue does not recover by itself, and a share of all boards
//! could not be edited until an operator deletes it. So the worker deletes the queue, declares it
//! again, and logs an error. The commands in it are delayed and not lost: a client keeps each
//! command until it has the outcome, and resends it under the same id. A queue that is only
//! unavailable, for example during a leader election, does not respond, and is never deleted.
//!
//! `--delete-broken-queues off` turns the deletion off. The queue is then logged and counted as
//! broken until the broker serves it again.

use std::sync::Arc;
use std::time::Duration;

use lapin::ErrorKind;
use lapin::options::QueueDeleteOptions;
use lapin::protocol::{AMQPErrorKind, AMQPHardError};
use sockbit_application::backoff::Retry;
use tokio::time::{Instant, sleep, timeout};

use super::worker_state::WorkerState;
use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::consumer_start::start_consumer;
use crate::supervised_connection::RECONNECT;
use crate::topology;

/// For a queue without a leader, which does not respond. The broker waits for a leader for half a
/// minute or longer, and then closes the connection as for a broken queue. This must be shorter, so
/// that an unavailable queue is never taken for a broken one.
pub(super) const START_TIMEOUT: Duration = Duration::from_secs(5);
/// A broker that has just started may not have loaded a queue completely.
const BROKEN_FOR: Duration = Duration::from_secs(5);
/// Longer than the broker takes to delete a queue while some of its nodes are down.
const RECREATE_TIMEOUT: Duration = Duration::from_secs(20);
/// The time without another connection after which a suspect queue is consumed untried.
const UNTRIED_FOR: Duration = Duration::from_secs(30);

/// Why a queue cannot be consumed.
#[derive(Debug, thiserror::Error)]
enum TryError {
    /// The queue may be healthy.
    #[error("there is no connection to try it on: {0}")]
    NotTried(BrokerError),
    /// The broker failed to serve it.
    #[error("it is broken: {0}")]
    Broken(lapin::Error),
    /// It does not respond, or there is another problem.
    #[error("{0}")]
    Unavailable(BrokerError),
}

impl From<lapin::Error> for TryError {
    fn from(error: lapin::Error) -> Self {
        match error.kind() {
            ErrorKind::ProtocolError(it)
                if *it.kind() == AMQPErrorKind::Hard(AMQPHardError::INTERNALERROR) =>
            {
                Self::Broken(error)
            }
            _ => Self::Unavailable(error.into()),
        }
    }
}

/// The recovery of one queue. The queue counts as broken at most as long as this exists.
pub(super) struct WorkQueueRecovery<'a> {
    state: &'a Arc<WorkerState>,
    queue: u16,
    name: String,
    broken_since: Option<Instant>,
}

impl<'a> WorkQueueRecovery<'a> {
    pub fn new(state: &'a Arc<WorkerState>, queue: u16) -> Self {
        Self { state, queue, name: state.settings.names.work(queue), broken_since: None }
    }

    /// Waits until the queue can be consumed, or until no other connection could be opened for half
    /// a minute.
    pub async fn until_servable(&mut self) {
        let since = Instant::now();
        let mut retry = Retry::new(RECONNECT, (self.state.settings.id, self.queue));
        while let Err(reason) = self.attempt().await {
            tracing::warn!(queue = self.name, %reason, "a work queue cannot be consumed");
            if matches!(reason, TryError::NotTried(_)) && since.elapsed() >= UNTRIED_FOR {
                return;
            }
            sleep(retry.next_delay()).await;
        }
    }

    async fn attempt(&mut self) -> Result<(), TryError> {
        let _permit = self.state.recovery_permits.acquire().await;
        let tried = self.try_on_own_connection().await;
        self.broken_since = match &tried {
            Err(TryError::Broken(_)) => Some(self.broken_since.unwrap_or_else(Instant::now)),
            _ => None,
        };
        if self.broken_since.is_some_and(|since| since.elapsed() >= BROKEN_FOR) {
            self.repair().await;
        } else if self.broken_since.is_none() {
            self.state.set_broken(self.queue, false);
        }
        tried
    }

    /// Consumes with a prefetch of one; the broker delivers that message again.
    async fn try_on_own_connection(&self) -> Result<(), TryError> {
        let connection =
            open_connection(self.state, &self.name).await.map_err(TryError::NotTried)?;
        let trying = async {
            let channel = connection.open_channel().await?;
            // An operator may have deleted the queue to repair it.
            topology::declare_work_queue(&channel, &self.state.settings, self.queue).await?;
            start_consumer(&channel, &self.name, 1).await.map(drop)
        };
        let tried = timeout(START_TIMEOUT, trying).await;
        connection.close().await;
        tried.map_err(|_| TryError::Unavailable(BrokerError::Timeout))?.map_err(TryError::from)
    }

    /// Deletes the queue and declares it again, or reports it if that is turned off.
    async fn repair(&mut self) {
        if self.state.settings.delete_broken_queues {
            self.broken_since = None;
            // In a task, so that it is completed even if this consumer is stopped meanwhile.
            tokio::spawn(recreate(Arc::clone(self.state), self.queue)).await.ok();
        } else if self.state.set_broken(self.queue, true) {
            tracing::error!(
                queue = self.name,
                "a work queue is broken and is left alone, because --delete-broken-queues is off; \
                 its boards cannot be edited until you delete it"
            );
        }
    }
}

impl Drop for WorkQueueRecovery<'_> {
    fn drop(&mut self) {
        self.state.set_broken(self.queue, false);
    }
}

async fn recreate(state: Arc<WorkerState>, queue: u16) {
    let name = state.settings.names.work(queue);
    tracing::error!(queue = name, "a work queue is broken; it is deleted and declared again");
    let recreating = async {
        let connection = open_connection(&state, &name).await?;
        let channel = connection.open_channel().await?;
        channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await?;
        topology::declare_work_queue(&channel, &state.settings, queue).await?;
        connection.close().await;
        Ok::<_, BrokerError>(())
    };
    match timeout(RECREATE_TIMEOUT, recreating).await.unwrap_or(Err(BrokerError::Timeout)) {
        Ok(()) => metrics::counter!("sockbit_bus_queues_recreated_total").increment(1),
        Err(error) => tracing::error!(queue = name, %error, "a work queue could not be recreated"),
    }
}

async fn open_connection(
    state: &WorkerState,
    queue: &str,
) -> Result<BrokerConnection, BrokerError> {
    let name = format!("sockbit recovery of {queue} {}", state.settings.id);
    BrokerConnection::open(&state.settings, &name).await
}
