//! Publishes the heartbeats of this worker.
//!
//! They are the only way to notice that a worker is gone: a queue is consumed by the worker to
//! which it is assigned and by no other. With this interval, a worker that is killed is replaced
//! within 3 s.

use std::time::Duration;

use sockbit_application::bus_message_signing::MessageKind;

use super::worker_state::WorkerState;
use crate::heartbeat::Heartbeat;
use crate::names::HEARTBEAT_KEY;
use crate::outgoing_message::OutgoingMessage;

pub(super) const HEARTBEAT_INTERVAL: Duration = Duration::from_millis(500);

/// The heartbeat of this worker, which receives those of others in `queue`.
pub(super) fn own_heartbeat(state: &WorkerState, queue: &str) -> Heartbeat {
    Heartbeat {
        worker: state.settings.id,
        work_queues: state.settings.work_queues,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        is_leaving: false,
        queue: Some(queue.to_owned()),
        interval_milliseconds: u32::try_from(HEARTBEAT_INTERVAL.as_millis()).unwrap_or(u32::MAX),
        reads_query_batches: true,
    }
}

/// Publishes a heartbeat to all processes. The next one replaces one that is lost.
pub(super) async fn publish_heartbeat(state: &WorkerState, heartbeat: &Heartbeat) {
    if let Err(error) = try_publish(state, heartbeat).await {
        tracing::debug!(error, "a heartbeat could not be published");
    }
}

async fn try_publish(state: &WorkerState, heartbeat: &Heartbeat) -> Result<(), String> {
    let (settings, kind) = (&state.settings, MessageKind::Heartbeat);
    let body = settings.sign(kind, heartbeat)?;
    let (exchange, key) = (settings.names.announce(), HEARTBEAT_KEY.to_owned());
    let message = OutgoingMessage::transient(exchange, key, kind.name(), body);
    state.publisher.publish_unconfirmed(message).await
}
