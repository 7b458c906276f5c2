//! The role of a member on a board.

use serde::{Deserialize, Serialize};

/// What a member may do. Ordered: each role may do what those before it may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Changes notes and makes links.
    Editor,
    /// Began the board.
    Owner,
}

impl Role {
    /// The word for it, as on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }
}
