//! Rejections of commands and queries.

use alloc::string::String;

use serde::{Deserialize, Serialize};

/// Why a command or query was rejected: a stable code for programs and a sentence for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Rejection {
    /// The stable code.
    pub code: RejectionCode,
    /// The sentence.
    pub detail: String,
}

impl Rejection {
    /// A rejection with the sentence that explains it.
    pub fn new(code: RejectionCode, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }

    /// The rejection of every request about a board that the sender may not see, or that does not exist.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(RejectionCode::NotFound, "there is no such board, or not for you")
    }
}

/// The rejection codes of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RejectionCode {
    /// The board does not exist, or the sender is not a member, or the key is wrong: always the same code.
    NotFound,
    /// The sender is a member, but its role does not allow this.
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
    /// The note was deleted permanently.
    NoteGone,
    /// The note is not in the trash.
    NoteNotTrashed,
    /// The text would be over a note's limit.
    TextTooLong,
    /// The board has as many notes as it may have.
    BoardFull,
    /// The board's texts together would be over its limit.
    BoardTextFull,
    /// The delta does not fit the base text.
    BadDelta,
    /// The base cannot be verified: it is compacted, beyond the head, or of another history.
    BaseGone,
    /// The body is not a command that this server knows.
    Malformed,
    /// The message id was used before with another body.
    MessageIdReused,
    /// The core failed on this command, which is now a dead letter.
    Internal,
}

impl RejectionCode {
    /// Whether the outcome is stored for repeats. Rejections of non-members are not, because they
    /// could fill the store of a board that they have no access to.
    #[must_use]
    pub fn is_recorded(self) -> bool {
        !matches!(self, Self::NotFound | Self::BoardExists)
    }
}
