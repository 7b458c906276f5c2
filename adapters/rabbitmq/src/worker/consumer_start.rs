//! How a work queue is taken up. A suspect, which may be what brought the connection down, is tried apart first.
//!
//! RabbitMQ answers whoever consumes a queue that it cannot serve, as after a full disk, by ending the whole
//! connection. Tried beside the others, such a queue would take them down with it each time.

use std::sync::Arc;
use std::time::Duration;

use lapin::ErrorKind;
use lapin::options::QueueDeleteOptions;
use lapin::protocol::{AMQPErrorKind, AMQPHardError};
use tokio::time::{Instant, sleep, timeout};

use super::queue_consumer::{QueueConsumer, close};
use super::worker_state::WorkerState;
use crate::connection::{BrokerConnection, BrokerError};
use crate::consumer::consume;
use crate::retry::retry;
use crate::topology;

/// Messages that the broker sends ahead, of all queues together. Each is at most about as large as the largest
/// command, so that they stay within some hundred megabytes at the worst.
const PREFETCH_IN_ALL: u16 = 1_024;
/// The same, of one queue.
const PREFETCH_LEAST: u16 = 4;
const PREFETCH_MOST: u16 = 64;
/// A queue whose leader is away does not answer, and there is no reason to let go of the others. The broker waits for it
/// half a minute and longer, and then ends the connection as if the queue were broken: this has to be shorter, so
/// that a queue that is only away is never made anew.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(5);
/// A broker that has just begun may not have all of a queue yet.
const BROKEN_FOR: Duration = Duration::from_secs(5);
/// As long as the broker takes to delete a queue of which some nodes are away, and more.
const MADE_WITHIN: Duration = Duration::from_secs(20);
/// Where no other connection can be had for so long, a suspect is taken up beside the others.
const UNTRIED_FOR: Duration = Duration::from_secs(30);

/// Why a queue could not be tried with success.
#[derive(Debug, thiserror::Error)]
enum StartError {
    /// That says nothing of the queue.
    #[error("there is no connection to try it on: {0}")]
    Untried(BrokerError),
    /// The broker itself failed at it.
    #[error("it is broken: {0}")]
    Broken(lapin::Error),
    /// It does not answer, or something else is the matter.
    #[error("{0}")]
    Unserved(BrokerError),
}

impl From<lapin::Error> for StartError {
    fn from(error: lapin::Error) -> Self {
        match error.kind() {
            ErrorKind::ProtocolError(it)
                if *it.kind() == AMQPErrorKind::Hard(AMQPHardError::INTERNALERROR) =>
            {
                Self::Broken(error)
            }
            _ => Self::Unserved(error.into()),
        }
    }
}

impl QueueConsumer {
    /// Ends when the queue is handed over, or with the reason why the worker's connection cannot go on.
    pub async fn keep(self) -> Result<(), String> {
        let mut is_suspect = self.shared.suspect(self.queue);
        loop {
            if is_suspect {
                tokio::select! {
                    _ = self.leave.clone() => return Ok(()),
                    () = self.until_it_is_served() => {}
                }
            }
            let channel = self.open.channel().await.map_err(|error| error.to_string())?;
            let prefetch = prefetch(self.shared.settings.work_queues);
            let consuming = tokio::select! {
                _ = self.leave.clone() => return close(&channel).await,
                consuming = timeout(TAKEN_UP_WITHIN, consume(&channel, &self.name, prefetch)) => consuming,
            };
            match consuming {
                Ok(Ok(consumer)) => return self.work(channel, consumer).await,
                Ok(Err(error)) => return Err(error.to_string()),
                Err(_) => tracing::warn!(queue = self.name, "a work queue does not answer"),
            }
            is_suspect = true;
            close(&channel).await?;
        }
    }

    async fn until_it_is_served(&self) {
        let begun = Instant::now();
        let mut retry = retry();
        let mut broken_since = None;
        while let Err(reason) = self.try_apart(&mut broken_since).await {
            tracing::warn!(queue = self.name, %reason, "a work queue cannot be served");
            if matches!(reason, StartError::Untried(_)) && begun.elapsed() >= UNTRIED_FOR {
                return;
            }
            sleep(retry.next_delay()).await;
        }
    }

    /// Tries it on a connection that nothing else is lost with, and makes it anew where it stays broken.
    async fn try_apart(&self, broken_since: &mut Option<Instant>) -> Result<(), StartError> {
        let _turn = self.shared.tries.acquire().await;
        let tried = self.consume_apart().await;
        *broken_since = match &tried {
            Err(StartError::Broken(_)) => Some(broken_since.unwrap_or_else(Instant::now)),
            _ => None,
        };
        if broken_since.is_some_and(|since| since.elapsed() >= BROKEN_FOR) {
            *broken_since = None;
            // Not left half done where this worker leaves meanwhile.
            tokio::spawn(make_anew(Arc::clone(&self.shared), self.queue)).await.ok();
        }
        tried
    }

    /// At most one message is delivered, and comes again.
    async fn consume_apart(&self) -> Result<(), StartError> {
        let open = connect_apart(&self.shared, &self.name).await.map_err(StartError::Untried)?;
        let consuming = async {
            let channel = open.channel().await?;
            // Whoever wanted to mend it may have deleted it.
            topology::declare_work_queue(&channel, &self.shared.settings, self.queue).await?;
            consume(&channel, &self.name, 1).await.map(drop)
        };
        let consumed = timeout(TAKEN_UP_WITHIN, consuming).await;
        open.close().await;
        consumed.map_err(|_| StartError::Unserved(BrokerError::Silent))?.map_err(StartError::from)
    }
}

/// Takes a queue away, with what waits in it, and declares another one. What waited is sent again: whoever sent a command
/// has it until they know its outcome.
async fn make_anew(shared: Arc<WorkerState>, queue: u16) {
    let name = shared.settings.names.work(queue);
    tracing::error!(queue = name, "a work queue is broken; it is deleted and made anew");
    let making = async {
        let open = connect_apart(&shared, &name).await?;
        let channel = open.channel().await?;
        channel.queue_delete(name.as_str().into(), QueueDeleteOptions::default()).await?;
        topology::declare_work_queue(&channel, &shared.settings, queue).await?;
        open.close().await;
        Ok::<_, BrokerError>(())
    };
    match timeout(MADE_WITHIN, making).await.unwrap_or(Err(BrokerError::Silent)) {
        Ok(()) => metrics::counter!("sockbit_bus_queues_made_anew_total").increment(1),
        Err(fault) => tracing::warn!(queue = name, %fault, "it could not be made anew"),
    }
}

async fn connect_apart(shared: &WorkerState, queue: &str) -> Result<BrokerConnection, BrokerError> {
    let name = format!("sockbit trying {queue} {}", shared.settings.id);
    BrokerConnection::connect(&shared.settings, &name).await
}

/// How many messages of each queue are sent ahead where there are so many queues.
fn prefetch(work_queues: u16) -> u16 {
    (PREFETCH_IN_ALL / work_queues.max(1)).clamp(PREFETCH_LEAST, PREFETCH_MOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_queues_there_are_what_is_sent_ahead_has_a_bound() {
        assert_eq!([1, 16, 32, 256].map(prefetch), [64, 64, 32, 4]);
        for queues in 1..=256 {
            assert!(queues * prefetch(queues) <= PREFETCH_IN_ALL, "of {queues} queues");
        }
    }
}
