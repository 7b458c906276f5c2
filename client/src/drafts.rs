//! Drafts, and the save statuses of notes after their last outcome.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sockbit_domain::{NoteId, Text, Timestamp};
use uuid::Uuid;

use crate::clock_and_ids::ClockAndIds;
use crate::reason::Reason;
use crate::save_status::{SaveState, SaveStatus};

/// Text that could not be saved in its note. The user may put it into a new one.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Draft {
    /// The id of the draft.
    pub id: Uuid,
    /// The note that the text was typed in.
    pub note: NoteId,
    /// The whole text as it was shown.
    pub text: Text,
    /// Why it could not be saved.
    pub reason: Reason,
    /// When it became a draft.
    pub at: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Drafts {
    drafts: Vec<Draft>,
    /// By note, if its text has had an outcome.
    save_statuses: BTreeMap<NoteId, SaveStatus>,
}

impl Drafts {
    pub fn new(drafts: Vec<Draft>) -> Self {
        Self { drafts, save_statuses: BTreeMap::new() }
    }

    /// Oldest first.
    pub fn all(&self) -> &[Draft] {
        &self.drafts
    }

    pub fn save_status(&self, note: NoteId) -> Option<&SaveStatus> {
        self.save_statuses.get(&note)
    }

    pub fn add(
        &mut self,
        note: NoteId,
        text: Text,
        reason: &Reason,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Draft {
        let id = (clock_and_ids.mint)();
        let draft = Draft { id, note, text, reason: reason.clone(), at: clock_and_ids.now.wall };
        self.drafts.push(draft.clone());
        draft
    }

    /// Removes a draft. Returns its note.
    pub fn dismiss(&mut self, id: Uuid) -> Option<NoteId> {
        let place = self.drafts.iter().position(|draft| draft.id == id)?;
        let Draft { note, .. } = self.drafts.remove(place);
        self.save_statuses.remove(&note);
        Some(note)
    }

    pub fn saved(&mut self, note: NoteId, clock_and_ids: &ClockAndIds<'_>) {
        let since = Some(clock_and_ids.now.monotonic);
        self.save_statuses.insert(note, SaveStatus::new(SaveState::Saved, since));
    }

    pub fn rejected(&mut self, note: NoteId, reason: &Reason, clock_and_ids: &ClockAndIds<'_>) {
        let status = SaveStatus::new(SaveState::Rejected, Some(clock_and_ids.now.monotonic));
        self.save_statuses.insert(note, SaveStatus { reason: Some(reason.clone()), ..status });
    }

    pub fn note_gone(&mut self, note: NoteId) {
        self.save_statuses.remove(&note);
    }
}
