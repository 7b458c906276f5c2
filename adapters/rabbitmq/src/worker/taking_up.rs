//! How a work queue is taken up. One that may be what brought the connection down is tried on another one first.
//!
//! RabbitMQ answers whoever consumes a queue that it cannot serve, as after a full disk, by ending the whole
//! connection. Tried beside the others, such a queue would take them down with it each time.

use std::time::Duration;

use lapin::options::QueueDeleteOptions;
use lapin::protocol::{AMQPErrorKind, AMQPHardError};
use lapin::{Channel, Consumer, ErrorKind};
use tokio::time::{Instant, sleep, timeout};

use super::stand::{Stand, close};
use crate::connection::{Fault, Open};
use crate::consuming::consume;
use crate::pause::Pause;
use crate::topology;

/// Messages that the broker sends ahead, of all queues together. Each is at most about as large as the largest
/// command, so that they stay within some hundred megabytes at the worst.
const PREFETCH_IN_ALL: u16 = 1_024;
/// The same, of one queue.
const PREFETCH_LEAST: u16 = 4;
const PREFETCH_MOST: u16 = 64;
/// A queue whose leader is away does not answer, and there is no reason to let go of the others.
const TAKEN_UP_WITHIN: Duration = Duration::from_secs(5);
/// A broker that has just begun may not have all of a queue yet.
const BROKEN_FOR: Duration = Duration::from_secs(5);

impl Stand {
    /// Ends when the queue is handed over, or with the reason why the worker's connection cannot go on.
    pub async fn keep(self) -> Result<(), String> {
        if !self.shared.begin_to_take_up(self.queue) {
            tokio::select! {
                _ = self.leave.clone() => return Ok(()),
                () = self.until_it_is_served() => {}
            }
        }
        let mut pause = Pause::default();
        loop {
            let channel = self.open.channel().await.map_err(|error| error.to_string())?;
            let consuming = tokio::select! {
                _ = self.leave.clone() => return close(&channel).await,
                consuming = timeout(TAKEN_UP_WITHIN, self.consume(&channel)) => consuming,
            };
            match consuming {
                Ok(Ok(consumer)) => return self.work(channel, consumer).await,
                Ok(Err(error)) => return Err(error.to_string()),
                Err(_) => tracing::warn!(queue = self.name, "a work queue does not answer"),
            }
            close(&channel).await?;
            tokio::select! {
                _ = self.leave.clone() => return Ok(()),
                () = sleep(pause.next()) => {}
            }
        }
    }

    /// Tries the queue until the broker serves it.
    async fn until_it_is_served(&self) {
        let mut pause = Pause::default();
        let mut broken_since = None;
        while let Err(fault) = self.is_served().await {
            tracing::warn!(queue = self.name, %fault, "a work queue cannot be served");
            broken_since =
                is_about_the_queue(&fault).then(|| broken_since.unwrap_or_else(Instant::now));
            if broken_since.is_some_and(|since| since.elapsed() >= BROKEN_FOR) {
                self.make_anew().await;
                broken_since = None;
            }
            sleep(pause.next()).await;
        }
    }

    /// Whether it can be consumed. At most one message is delivered, and comes again.
    async fn is_served(&self) -> Result<(), Fault> {
        self.on_another_connection(async |channel| consume(channel, &self.name, 1).await.map(drop))
            .await
    }

    /// Takes the queue away, with what waits in it, and declares another one. Nothing is lost: whoever sent a
    /// command has it until they know its outcome, and sends it again.
    async fn make_anew(&self) {
        tracing::error!(queue = self.name, "a work queue is broken; it is deleted and made anew");
        let making = self.on_another_connection(async |channel| {
            channel.queue_delete(self.name.as_str().into(), QueueDeleteOptions::default()).await?;
            topology::declare_work_queue(channel, &self.shared.settings, self.queue).await
        });
        match making.await {
            Ok(()) => metrics::counter!("sockbit_bus_queues_made_anew_total").increment(1),
            Err(fault) => tracing::warn!(queue = self.name, %fault, "it could not be made anew"),
        }
    }

    /// Does what may bring a connection down on one that nothing else is lost with. There is one at a time, since each
    /// takes some megabytes.
    async fn on_another_connection(
        &self,
        does: impl AsyncFnOnce(&Channel) -> lapin::Result<()>,
    ) -> Result<(), Fault> {
        let _turn = self.shared.trying.lock().await;
        let trying = async {
            let open = Open::connect(&self.shared.settings, &self.connection_name()).await?;
            let done = does(&open.channel().await?).await;
            open.close().await;
            Ok(done?)
        };
        timeout(TAKEN_UP_WITHIN, trying).await.unwrap_or(Err(Fault::Silent))
    }

    async fn consume(&self, channel: &Channel) -> lapin::Result<Consumer> {
        consume(channel, &self.name, prefetch(self.shared.settings.work_queues)).await
    }

    fn connection_name(&self) -> String {
        format!("sockbit trying {} {}", self.name, self.shared.settings.id)
    }
}

/// Whether the broker itself failed, on a connection on which nothing else was asked of it.
fn is_about_the_queue(fault: &Fault) -> bool {
    let Fault::Broker(error) = fault else { return false };
    let ErrorKind::ProtocolError(error) = error.kind() else { return false };
    matches!(error.kind(), AMQPErrorKind::Hard(AMQPHardError::INTERNALERROR))
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
