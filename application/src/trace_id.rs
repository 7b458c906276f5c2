//! Trace ids, which connect the log lines that one message causes in several processes.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Identifies a message in the logs of all processes that it passes: a W3C trace id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TraceId(pub Uuid);

impl std::fmt::Display for TraceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}
