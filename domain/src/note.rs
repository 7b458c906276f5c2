//! Notes: a text with a colour and a rank on its board.

use serde::{Deserialize, Serialize};

use crate::{Actor, Change, Colour, DeltaError, Event, NoteId, Rank, Seq, Text, Timestamp};

/// The current state of a note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Note {
    /// Unique within the board.
    pub id: NoteId,
    /// Markdown.
    pub text: Text,
    /// Its colour.
    pub colour: Colour,
    /// Its position among the board's notes; equal ranks are ordered by id.
    pub rank: Rank,
    /// On the board, in the trash, or deleted.
    pub state: NoteState,
    /// The last event that changed this note. Only newer events apply.
    pub seq: Seq,
    /// The actor that edited the text last.
    pub edited_by: Actor,
    /// The time of that edit.
    pub edited_at: Timestamp,
}

/// The life cycle of a note.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteState {
    /// On the board.
    Live,
    /// In the trash; it can be restored.
    Trashed,
    /// Deleted permanently; its id is kept, so that it is never reused.
    Deleted,
}

impl NoteState {
    /// Its name in stores.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Trashed => "trashed",
            Self::Deleted => "deleted",
        }
    }
}

impl Note {
    /// The note that an event creates, if it creates one.
    #[must_use]
    pub fn created(event: &Event) -> Option<Self> {
        let Change::NoteCreated { note, text, colour, rank } = &event.change else { return None };
        Some(Self {
            id: *note,
            text: text.clone(),
            colour: *colour,
            rank: rank.clone(),
            state: NoteState::Live,
            seq: event.seq,
            edited_by: event.actor.clone(),
            edited_at: event.at,
        })
    }

    /// Applies one event about this note. An event that was applied before changes nothing.
    ///
    /// Fails only if the event is not of this note's history.
    pub fn apply(&mut self, event: &Event) -> Result<(), DeltaError> {
        if event.seq <= self.seq {
            return Ok(());
        }
        match &event.change {
            Change::NoteEdited { delta, .. } => {
                self.text = delta.apply(&self.text)?;
                self.state = NoteState::Live;
                self.edited_by = event.actor.clone();
                self.edited_at = event.at;
            }
            Change::NoteMoved { rank, .. } => self.rank = rank.clone(),
            Change::NoteRecoloured { colour, .. } => self.colour = *colour,
            Change::NoteTrashed { .. } => self.state = NoteState::Trashed,
            Change::NoteRestored { .. } => self.state = NoteState::Live,
            Change::NoteDeleted { .. } => {
                self.state = NoteState::Deleted;
                self.text = Text::default();
            }
            Change::BoardCreated { .. }
            | Change::BoardRenamed { .. }
            | Change::LinkAdded { .. }
            | Change::MemberJoined { .. }
            | Change::NoteCreated { .. } => return Ok(()),
        }
        self.seq = event.seq;
        Ok(())
    }
}
