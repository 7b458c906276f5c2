//! The thread that ties together what one message caused.

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// Names one message's way through all processes: a W3C trace id.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TraceId(pub Uuid);

impl std::fmt::Display for TraceId {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0.simple())
    }
}
