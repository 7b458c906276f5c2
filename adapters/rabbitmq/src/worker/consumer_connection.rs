//! The connection on which a worker consumes queries, heartbeats and its work queues.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use lapin::message::Delivery;
use lapin::options::BasicAckOptions;
use lapin::{Channel, Consumer};
use sockbit_application::bus_message_signing::MessageKind;
use sockbit_application::mutex::locked;
use tokio::time::{Instant, interval, timeout};

use super::heartbeat_publisher::{HEARTBEAT_INTERVAL, own_heartbeat, publish_heartbeat};
use super::query_inbox;
use super::work_queue_consumers::WorkQueueConsumers;
use super::worker_state::WorkerState;
use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::consumer_start::start_consumer;
use crate::heartbeat::Heartbeat;
use crate::names::HEARTBEAT_KEY;
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::ConnectionRole;
use crate::topology;
use crate::unreadable_message_report::report_unreadable;

const HEARTBEAT_PREFETCH: u16 = 64;
/// The time without the worker's own heartbeats after which the connection is replaced.
const OWN_HEARTBEAT_TIMEOUT: Duration = Duration::from_secs(6);
/// For the work in progress when the worker shuts down. The rest goes to another worker.
const DRAIN_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) struct ConsumerConnection {
    pub state: Arc<WorkerState>,
}

pub(super) struct ConsumerChannels {
    connection: Arc<BrokerConnection>,
    /// The worker's own queue, in which it receives heartbeats.
    queue: String,
    heartbeats: Channel,
    queries: Channel,
    consumers: Mutex<Option<Consumers>>,
}

struct Consumers {
    heartbeats: Consumer,
    queries: Consumer,
    query_batches: Consumer,
}

/// What a heartbeat means to the worker that receives it.
#[derive(PartialEq, Eq)]
enum ReceivedHeartbeat {
    /// It is the worker's own, so messages to all processes reach its queue.
    Own,
    /// It is from a worker that was unknown and does not know this one yet.
    NewWorker,
    Other,
}

impl ConsumerConnection {
    /// Sends and receives heartbeats, and consumes the queues that are assigned to this worker as
    /// others join and leave. Returns why the connection is unusable.
    async fn consume_assigned_queues(
        &self,
        channels: &ConsumerChannels,
        mut heartbeats: Consumer,
        work_queues: &mut WorkQueueConsumers,
    ) -> String {
        let mut ticks = interval(HEARTBEAT_INTERVAL);
        let mut own_received = Instant::now();
        loop {
            let must_send = tokio::select! {
                _ = ticks.tick() => {
                    if self.state.publisher.health().is_err() {
                        own_received = Instant::now();
                    }
                    if own_received.elapsed() > OWN_HEARTBEAT_TIMEOUT {
                        return "the worker's own heartbeats are not received".to_owned();
                    }
                    true
                }
                reason = work_queues.failed() => return reason,
                delivery = heartbeats.next() => match delivery {
                    Some(Ok(delivery)) => {
                        let received = self.receive_heartbeat(&channels.heartbeats, delivery).await;
                        if received == ReceivedHeartbeat::Own {
                            own_received = Instant::now();
                        }
                        received == ReceivedHeartbeat::NewWorker
                    }
                    Some(Err(error)) => return error.to_string(),
                    None => return "the worker's queue was deleted".to_owned(),
                },
            };
            if must_send {
                let state = Arc::clone(&self.state);
                let heartbeat = own_heartbeat(&state, &channels.queue);
                tokio::spawn(async move { publish_heartbeat(&state, &heartbeat).await });
            }
            work_queues.set_queues(&self.state.assigned_queues());
        }
    }

    async fn receive_heartbeat(&self, channel: &Channel, delivery: Delivery) -> ReceivedHeartbeat {
        let heartbeat: Result<Heartbeat, _> =
            self.state.settings.keys.verify(MessageKind::Heartbeat, &delivery.data);
        // It fails only if the connection is lost.
        channel.basic_ack(delivery.delivery_tag, BasicAckOptions::default()).await.ok();
        match heartbeat {
            Ok(heartbeat) if heartbeat.worker == self.state.settings.id => ReceivedHeartbeat::Own,
            Ok(heartbeat) => {
                let is_leaving = heartbeat.is_leaving;
                let is_change = self.state.workers.record(heartbeat);
                if is_change && !is_leaving {
                    ReceivedHeartbeat::NewWorker
                } else {
                    ReceivedHeartbeat::Other
                }
            }
            Err(error) => {
                report_unreadable(&delivery, &error);
                ReceivedHeartbeat::Other
            }
        }
    }

    async fn consume_queries(&self, channel: &Channel, mut queries: Consumer) -> String {
        while let Some(delivery) = queries.next().await {
            match delivery {
                Ok(delivery) => self.state.queries.receive(channel, delivery).await,
                Err(error) => return error.to_string(),
            }
        }
        "a queue of queries was deleted".to_owned()
    }

    /// Stops all consumers, publishes the last heartbeat and finishes the work in progress, unless the
    /// shutdown is aborted.
    async fn drain(
        &self,
        channels: &ConsumerChannels,
        work_queues: &mut WorkQueueConsumers,
        shutdown: &ShutdownSignal,
    ) {
        work_queues.set_queues(&BTreeSet::new());
        let heartbeat = own_heartbeat(&self.state, &channels.queue);
        publish_heartbeat(&self.state, &Heartbeat { is_leaving: true, ..heartbeat }).await;
        let (deliveries, queries) = (&self.state.deliveries, &self.state.queries);
        let finishing = async {
            tokio::join!(deliveries.finish(), queries.finish(), work_queues.finish());
        };
        tokio::select! {
            finished = timeout(DRAIN_TIMEOUT, finishing) => {
                if finished.is_err() {
                    tracing::warn!("work in progress was not finished in time; it is redelivered");
                }
            }
            () = shutdown.reached(Phase::Aborted) => {}
        }
    }
}

#[async_trait]
impl ConnectionRole for ConsumerConnection {
    type Channels = ConsumerChannels;

    fn name(&self) -> &'static str {
        "consuming"
    }

    async fn set_up(
        &self,
        connection: &Arc<BrokerConnection>,
        number: u64,
    ) -> Result<ConsumerChannels, BrokerError> {
        let heartbeats = connection.open_channel().await?;
        let queries = connection.open_channel().await?;
        let (settings, names) = (&self.state.settings, &self.state.settings.names);
        topology::declare(&heartbeats, settings).await?;
        let queue = names.worker(settings.id, number);
        topology::declare_worker_queue(&heartbeats, &queue).await?;
        let (exchange, key) = (names.announce(), HEARTBEAT_KEY.to_owned());
        topology::bind(&heartbeats, &queue, exchange, key).await?;
        let consumers = Consumers {
            heartbeats: start_consumer(&heartbeats, &queue, HEARTBEAT_PREFETCH).await?,
            queries: start_consumer(&queries, &names.queries(), query_inbox::PREFETCH).await?,
            query_batches: start_consumer(
                &queries,
                &names.query_batches(),
                query_inbox::BATCHES_PREFETCH,
            )
            .await?,
        };
        let (connection, consumers) = (Arc::clone(connection), Mutex::new(Some(consumers)));
        Ok(ConsumerChannels { connection, queue, heartbeats, queries, consumers })
    }

    async fn serve(&self, channels: &ConsumerChannels, shutdown: &ShutdownSignal) -> String {
        let Some(consumers) = locked(&channels.consumers).take() else { return String::new() };
        let Consumers { heartbeats, queries, query_batches } = consumers;
        let connection = Arc::clone(&channels.connection);
        let mut work_queues = WorkQueueConsumers::new(Arc::clone(&self.state), connection);
        let reason = tokio::select! {
            reason = self.consume_assigned_queues(channels, heartbeats, &mut work_queues) => Some(reason),
            reason = self.consume_queries(&channels.queries, queries) => Some(reason),
            reason = self.consume_queries(&channels.queries, query_batches) => Some(reason),
            () = shutdown.reached(Phase::Draining) => None,
        };
        if reason.is_none() {
            self.drain(channels, &mut work_queues, shutdown).await;
        }
        reason.unwrap_or_default()
    }

    fn disconnected(&self, _: &ConsumerChannels) {
        self.state.disconnected();
    }
}
