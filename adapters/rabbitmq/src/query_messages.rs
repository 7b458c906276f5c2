//! The messages that carry queries to workers, and their replies back.

use serde::{Deserialize, Serialize};
use sockbit_application::bus_messages::{CoreQuery, CoreReply};
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
