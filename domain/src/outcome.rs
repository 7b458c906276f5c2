//! The one answer to a command.

use serde::{Deserialize, Serialize};

use crate::{Position, Rejection};

/// What became of a command. It goes to the sender alone, and again on every repeat.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum Outcome {
    /// It happened, as the event at this position.
    Saved {
        /// Where the event stands.
        position: Position,
    },
    /// The board already was as wished; no event was made.
    Unchanged {
        /// The board's head when that was found.
        position: Position,
    },
    /// It did not happen, and never will under this message id.
    Rejected(Rejection),
}
