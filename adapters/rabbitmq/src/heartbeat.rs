//! The heartbeat message of workers.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// What a worker announces about itself to all other processes.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Heartbeat {
    pub worker: Uuid,
    /// The number of work queues that it is configured with.
    pub work_queues: u16,
    /// The version of its program.
    pub version: String,
    /// Whether this is its last heartbeat.
    #[serde(rename = "leaves")]
    pub is_leaving: bool,
    /// The queue in which it receives heartbeats. The previous version probes this queue, and
    /// publishes the last heartbeat of a worker whose queue is gone.
    #[serde(default, rename = "hears_at")]
    pub queue: Option<String>,
    /// The time between two heartbeats. The previous version omits it.
    #[serde(default = "previous_interval")]
    pub interval_milliseconds: u32,
    /// Whether it consumes the queue of query batches. The previous version does not, and omits it.
    #[serde(default)]
    pub reads_query_batches: bool,
}

fn previous_interval() -> u32 {
    2_000
}
