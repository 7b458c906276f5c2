//! The bus messages that only this adapter defines: queries, replies and heartbeats.

use serde::{Deserialize, Serialize};
use sockbit_application::envelope::{CoreQuery, CoreReply};
use uuid::Uuid;

/// A query and the address for its reply.
#[derive(Serialize, Deserialize)]
pub(crate) struct QueryMessage {
    /// The gateway that sends the query.
    pub gateway: Uuid,
    /// The query's number at that gateway.
    pub number: u64,
    #[serde(rename = "question")]
    pub query: CoreQuery,
}

/// The reply to one query of a gateway.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReplyMessage {
    /// The gateway that sent the query. Others discard the reply, so that it cannot be replayed to
    /// them.
    pub gateway: Uuid,
    pub number: u64,
    #[serde(rename = "answer")]
    pub reply: CoreReply,
}

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
}

fn previous_interval() -> u32 {
    2_000
}
