//! What only the two ends of this bus say to each other.

use serde::{Deserialize, Serialize};
use sockbit_application::envelope::{CoreQuery, CoreReply};
use uuid::Uuid;

/// A question and the way back.
#[derive(Serialize, Deserialize)]
pub(crate) struct QueryMessage {
    /// The gateway that asks.
    pub gateway: Uuid,
    /// Which of its questions.
    pub number: u64,
    pub question: CoreQuery,
}

/// The answer to one of a gateway's questions.
#[derive(Serialize, Deserialize)]
pub(crate) struct ReplyMessage {
    /// The gateway that asked, so that no reply can be played to another.
    pub gateway: Uuid,
    pub number: u64,
    pub answer: CoreReply,
}

/// What workers tell everybody about themselves.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Heartbeat {
    pub worker: Uuid,
    /// How many work queues it counts.
    pub work_queues: u16,
    /// The version of the program.
    pub version: String,
    /// Whether it goes away with this.
    pub leaves: bool,
    /// The queue in which it hears of others, which is there for just as long as the connection on which it works. Older
    /// programs do not say.
    #[serde(default)]
    pub hears_at: Option<String>,
}
