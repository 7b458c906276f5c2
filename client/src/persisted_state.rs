//! The stored form of everything that the server does not have, which survives a reload.

use serde::{Deserialize, Serialize};
use sockbit_domain::{ActorId, BoardId, Delta, MessageId, NoteId, Text, Timestamp};

use crate::clock_and_ids::Now;
use crate::drafts::Draft;
use crate::note_text::NoteText;
use crate::queued_command::{Entry, FrozenCommand, QueuedCommand};

/// The unsent state of one client of one board.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersistedState {
    /// The board.
    pub board: BoardId,
    /// The actor who typed and submitted this, if it is known.
    pub actor: Option<ActorId>,
    /// Local changes of texts, by note.
    pub notes: Vec<PersistedText>,
    /// Commands without an outcome, in order.
    pub outbox: Vec<PersistedCommand>,
    /// Drafts, oldest first.
    pub drafts: Vec<Draft>,
}

/// The local changes of one note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PersistedText {
    /// The id of the note.
    pub note: NoteId,
    /// The text that the changes were made on.
    #[serde(rename = "ground")]
    pub base_text: Text,
    /// The change that was sent.
    pub in_flight: Option<Delta>,
    /// The change since then.
    pub pending: Delta,
}

/// One command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PersistedCommand {
    /// A command with the bytes that it was, or will be, sent with.
    Frozen {
        /// The message id.
        id: MessageId,
        /// The JSON of the command.
        body: String,
        /// The key that is sent beside it.
        key: Option<String>,
        /// The time of the submission.
        at: Timestamp,
        /// The text of the note after the event of this edit, if the event was applied.
        #[serde(rename = "shown", default, skip_serializing_if = "Option::is_none")]
        resulting_text: Option<Text>,
    },
    /// The pending change of a note, which is frozen later.
    Edit {
        /// The id of the note.
        edit: NoteId,
        /// The time of the flush.
        at: Timestamp,
    },
}

impl PersistedText {
    pub(crate) fn new(note: NoteId, text: &NoteText) -> Self {
        Self {
            note,
            base_text: text.base_text().clone(),
            in_flight: text.in_flight().cloned(),
            pending: text.pending().clone(),
        }
    }
}

impl PersistedCommand {
    pub(crate) fn new(entry: &Entry) -> Self {
        match &entry.command {
            QueuedCommand::Edit(note) => Self::Edit { edit: *note, at: entry.at },
            QueuedCommand::Frozen(frozen) => Self::Frozen {
                id: frozen.id,
                body: frozen.body.clone(),
                key: frozen.key.clone(),
                at: entry.at,
                resulting_text: frozen.resulting_text.clone(),
            },
        }
    }

    pub(crate) fn restore(self, now: Now) -> Result<Entry, serde_json::Error> {
        match self {
            Self::Edit { edit, at } => Ok(Entry::edit(edit, at, now)),
            Self::Frozen { id, body, key, at, resulting_text } => {
                let mut frozen =
                    FrozenCommand::with_body(id, serde_json::from_str(&body)?, body, key);
                frozen.resulting_text = resulting_text;
                Ok(Entry::new(frozen, at, now))
            }
        }
    }
}
