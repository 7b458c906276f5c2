//! One text with a colour and a place on its board.

use serde::{Deserialize, Serialize};

use crate::{Actor, Change, Colour, DeltaError, Event, NoteId, Rank, Seq, Text, Timestamp};

/// A note as it is now.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Note {
    /// Unique within the board.
    pub id: NoteId,
    /// Markdown.
    pub text: Text,
    /// The sheet's colour.
    pub colour: Colour,
    /// The place on the board; equal ranks are ordered by id.
    pub rank: Rank,
    /// On the board, in the trash, or gone.
    pub state: NoteState,
    /// The last event that changed this note; an event applies only where it is newer.
    pub seq: Seq,
    /// Who wrote in it last.
    pub edited_by: Actor,
    /// When that was.
    pub edited_at: Timestamp,
}

/// Where a note is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteState {
    /// On the board.
    Live,
    /// In the trash, from where it can be restored.
    Trashed,
    /// Deleted for good; only its id is left, so that it is never used again.
    Deleted,
}

impl NoteState {
    /// The word for it, as it is stored.
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
    /// The note that an event creates, or `None` where the event creates none.
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

    /// Moves the note on by one event about it. An event that it has seen already changes nothing.
    ///
    /// Fails only where the event is not of this note's history.
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
