//! Why a command was not carried out.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// A wish that the rules do not grant: a stable code for programs and a sentence for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Rejection {
    /// What programs decide on.
    pub code: RejectionCode,
    /// What was wrong, named.
    pub detail: String,
}

impl Rejection {
    /// A rejection with the sentence that explains it.
    pub fn new(code: RejectionCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// The rejection that tells a stranger nothing: whatever is hidden from whom, it is this one.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(RejectionCode::NotFound, "there is no such board, or not for you")
    }
}

/// The reasons, as they stand on the wire.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionCode {
    /// No such board, or not one that the sender may see, or a wrong key. Never told apart.
    NotFound,
    /// The sender may see the board but not do this.
    Forbidden,
    /// A board with this id exists already.
    BoardExists,
    /// The title has no visible character.
    TitleEmpty,
    /// The title is over its limit.
    TitleTooLong,
    /// The board has as many links as it may have.
    TooManyLinks,
    /// The board has no note with this id.
    NoteNotFound,
    /// A note with this id exists already.
    NoteExists,
    /// The note was deleted for good.
    NoteGone,
    /// The note is not in the trash.
    NoteNotTrashed,
    /// The text would be over a note's limit.
    TextTooLong,
    /// The board has as many notes as it may have.
    BoardFull,
    /// The board's texts together would be over its limit.
    BoardTextFull,
    /// The delta does not fit the text that it names as its base.
    BadDelta,
    /// The base cannot be verified: squashed, beyond the head, or of another history.
    BaseGone,
    /// The body is not a command that this server knows.
    Malformed,
    /// The same message id came before with another body.
    MessageIdReused,
    /// The core failed on this command; it was set aside for a person to look at.
    Internal,
}

impl RejectionCode {
    /// Whether the outcome is kept for repeats. What strangers are told is not, or they could fill
    /// the store of a board that is not theirs.
    #[must_use]
    pub fn is_recorded(self) -> bool {
        !matches!(self, Self::NotFound | Self::BoardExists)
    }
}
