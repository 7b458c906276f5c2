//! The role of a member on a board.

use serde::{Deserialize, Serialize};

/// What a member may do. Ordered: each role may do everything that the lower ones may.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Changes notes and adds links.
    Editor,
    /// Created the board.
    Owner,
}

impl Role {
    /// Its name on the wire.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Editor => "editor",
            Self::Owner => "owner",
        }
    }
}
