//! Outcomes of commands.

use serde::{Deserialize, Serialize};

use crate::{Position, Rejection};

/// The one result of a command. It is sent to the sender only, and again on every repeat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// The command caused the event at this position.
    Saved {
        /// The event's position.
        position: Position,
    },
    /// The board already was as requested, so there is no event.
    Unchanged {
        /// The board's head at the decision.
        position: Position,
    },
    /// The command was rejected, and will be on every repeat under this message id.
    Rejected(Rejection),
}
