//! Probes the other workers, to notice the end of one before its heartbeats time out.

use std::convert::Infallible;
use std::time::Duration;

use sockbit_application::seal::MessageKind;
use tokio::time::{MissedTickBehavior, interval};

use super::heartbeats::{own_heartbeat, publish_heartbeat};
use super::worker_state::WorkerState;
use crate::bus_messages::Heartbeat;
use crate::outgoing_message::{OutgoingMessage, PublishResult};

const PROBE_INTERVAL: Duration = Duration::from_millis(250);

/// Publishes a heartbeat to the queue of one other worker after the other. If the broker returns it,
/// the queue and so the worker's connection are gone; all processes are notified.
pub(super) async fn probe_workers(state: &WorkerState, queue: &str) -> Infallible {
    let mut ticks = interval(PROBE_INTERVAL);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let heartbeat = own_heartbeat(state, queue);
    let mut last = heartbeat.worker;
    loop {
        ticks.tick().await;
        while let Some(other) = state.workers.next_to_probe(last, heartbeat.worker)
            && let Some(queue) = other.queue.clone()
        {
            last = other.worker;
            if !is_gone(state, &heartbeat, queue).await {
                break;
            }
            tracing::info!(worker = %other.worker, "another worker is gone");
            let notice = Heartbeat { is_leaving: true, ..other };
            state.workers.record(notice.clone());
            publish_heartbeat(state, &notice).await;
        }
    }
}

async fn is_gone(state: &WorkerState, heartbeat: &Heartbeat, queue: String) -> bool {
    let kind = MessageKind::Heartbeat;
    let Ok(body) = state.settings.keys.seal(kind, heartbeat) else { return false };
    let probe = OutgoingMessage::transient_to_queue(queue, kind.name(), body).mandatory();
    matches!(state.publisher.publish_probe(probe).await, PublishResult::Unroutable(_))
}
