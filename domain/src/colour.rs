//! The colour of a note.

use serde::{Deserialize, Serialize};

/// The colours of notes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "the names are self-explanatory")]
pub enum Colour {
    #[default]
    Paper,
    Yellow,
    Orange,
    Red,
    Purple,
    Blue,
    Teal,
    Green,
}

impl Colour {
    /// Its name, on the wire and in stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Paper => "paper",
            Self::Yellow => "yellow",
            Self::Orange => "orange",
            Self::Red => "red",
            Self::Purple => "purple",
            Self::Blue => "blue",
            Self::Teal => "teal",
            Self::Green => "green",
        }
    }
}
