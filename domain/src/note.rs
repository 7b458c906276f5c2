//! Notes: a text with a colour and a rank on its board.

use serde::{Deserialize, Serialize};

use crate::{
    Actor, Change, Colour, DeltaError, Event, NoteFields, NoteId, NoteState, Rank, Seq, Text,
    Timestamp,
};

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

    /// The fields besides its text.
    #[must_use]
    pub fn fields(&self) -> NoteFields {
        NoteFields { colour: self.colour, rank: self.rank.clone(), state: self.state }
    }

    /// Applies one event about this note. An event that was applied before changes nothing.
    ///
    /// Fails only if the event is not of this note's history.
    pub fn apply(&mut self, event: &Event) -> Result<(), DeltaError> {
        if event.seq <= self.seq {
            return Ok(());
        }
        let Some(fields) = self.fields().after(&event.change) else { return Ok(()) };
        match &event.change {
            Change::NoteEdited { delta, .. } => {
                self.text = delta.apply(&self.text)?;
                self.edited_by = event.actor.clone();
                self.edited_at = event.at;
            }
            Change::NoteDeleted { .. } => self.text = Text::default(),
            _ => {}
        }
        (self.colour, self.rank, self.state) = (fields.colour, fields.rank, fields.state);
        self.seq = event.seq;
        Ok(())
    }
}
