//! A note as the view shows it, and what a pending command changes in it.

use serde::Serialize;
use sockbit_domain::{
    Actor, Colour, Command, Note, NoteFields, NoteId, NoteState, Rank, Seq, Timestamp,
};

/// A note without its text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NoteView {
    /// The id of the note.
    pub id: NoteId,
    /// The sheet's colour.
    pub colour: Colour,
    /// The place on the board.
    pub rank: Rank,
    /// On the board or in the trash.
    pub state: NoteState,
    /// The last editor; `None` for a new note of a client that has never been connected.
    pub edited_by: Option<Actor>,
    /// The time of the last edit.
    pub edited_at: Timestamp,
    /// The last event that changed it, as far as this client knows.
    pub seq: Seq,
    /// Whether only this client has it yet.
    pub is_new: bool,
}

impl NoteView {
    pub(crate) fn of(note: &Note) -> Self {
        Self {
            id: note.id,
            colour: note.colour,
            rank: note.rank.clone(),
            state: note.state,
            edited_by: Some(note.edited_by.clone()),
            edited_at: note.edited_at,
            seq: note.seq,
            is_new: false,
        }
    }

    /// The note that a command creates.
    pub(crate) fn created(command: &Command, user: Option<&Actor>, at: Timestamp) -> Option<Self> {
        let Command::CreateNote { note, colour, rank, .. } = command else { return None };
        Some(Self {
            id: *note,
            colour: *colour,
            rank: rank.clone(),
            state: NoteState::Live,
            edited_by: user.cloned(),
            edited_at: at,
            seq: Seq(0),
            is_new: true,
        })
    }

    /// The note after a pending command; `None` if it deletes the note.
    pub(crate) fn after(self, command: &Command) -> Option<Self> {
        match command {
            Command::EditNote { .. } => Some(self.live()),
            Command::DeleteNote { .. } => None,
            command => Some(self.with_fields_of(command)),
        }
    }

    /// An edit restores a note from the trash.
    pub(crate) fn live(self) -> Self {
        Self { state: NoteState::Live, ..self }
    }

    fn with_fields_of(self, command: &Command) -> Self {
        let Self { colour, state, .. } = self;
        let before = NoteFields { colour, rank: self.rank.clone(), state };
        match command.field_change().and_then(|change| before.after(&change)) {
            Some(NoteFields { colour, rank, state }) => Self { colour, rank, state, ..self },
            None => self,
        }
    }
}
