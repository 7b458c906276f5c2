//! The reason why a command was rejected or dropped.

use serde::{Deserialize, Serialize};
use sockbit_domain::Rejection;
use sockbit_domain::wire::Refusal;

/// A stable code for programs, and a sentence for people.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Reason {
    /// The code of a rejection or refusal, or one of this client's own.
    pub code: String,
    /// What was wrong.
    pub detail: String,
}

impl Reason {
    pub(crate) fn is_base_gone(&self) -> bool {
        self.code == "base_gone"
    }

    pub(crate) fn note_gone() -> Self {
        Self::new("note_gone", "the note was deleted for good")
    }

    pub(crate) fn expired() -> Self {
        Self::new("expired", "this was stored for more than 60 days without reaching the server")
    }

    pub(crate) fn too_long() -> Self {
        Self::new("text_too_long", "this is more than a server takes in one message")
    }

    pub(crate) fn other_identity() -> Self {
        Self::new("other_identity", "this was written under another identity")
    }

    pub(crate) fn unreadable(error: &dyn std::fmt::Display) -> Self {
        Self::new("malformed", &format!("the stored change cannot be read: {error}"))
    }

    fn new(code: &str, detail: &str) -> Self {
        Self { code: code.to_owned(), detail: detail.to_owned() }
    }
}

impl From<Rejection> for Reason {
    fn from(rejection: Rejection) -> Self {
        Self { code: wire_name(rejection.code), detail: rejection.detail }
    }
}

impl From<Refusal> for Reason {
    fn from(refusal: Refusal) -> Self {
        Self { code: wire_name(refusal.code), detail: refusal.detail }
    }
}

/// The name of a code in messages.
fn wire_name(code: impl Serialize) -> String {
    match serde_json::to_value(code) {
        Ok(serde_json::Value::String(name)) => name,
        _ => String::new(),
    }
}
