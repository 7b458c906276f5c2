//! Drafts and notices: what becomes of text and commands that cannot be saved.

use sockbit_domain::{Delta, NoteId, Text};

use crate::board_client::BoardClient;
use crate::clock_and_ids::ClockAndIds;
use crate::draft::Draft;
use crate::reason::Reason;
use crate::save_status::SaveStatus;

impl BoardClient {
    /// Takes the words of a note away from it, and keeps them as a draft.
    pub(crate) fn keep_as_draft(
        &mut self,
        note: NoteId,
        reason: &Reason,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) {
        let text = self.text(note);
        self.texts.remove(&note);
        self.changes.text(note, Delta::diff(&text, &self.text(note)));
        self.changes.touch(note);
        if text.as_str().is_empty() {
            let Reason { code, detail } = reason.clone();
            self.changes.notice(code, detail, Some(note));
            return;
        }
        self.add_draft(note, text, reason, clock_and_ids);
    }

    pub(crate) fn add_draft(
        &mut self,
        note: NoteId,
        text: Text,
        reason: &Reason,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) {
        let id = (clock_and_ids.mint)();
        let draft = Draft { id, note, text, reason: reason.clone(), at: clock_and_ids.now.wall };
        self.changes.draft(draft.clone());
        self.drafts.push(draft);
    }

    /// The note shows the server's text again, and what was typed is kept as a draft.
    pub(crate) fn give_up_words(
        &mut self,
        note: NoteId,
        reason: &Reason,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) {
        self.changes.touch(note);
        if self.texts.contains_key(&note) {
            self.keep_as_draft(note, reason, clock_and_ids);
            self.save_statuses
                .insert(note, SaveStatus::rejected(reason, clock_and_ids.now.monotonic));
        }
        self.outbox.drop_if(|entry| entry.words_of() == Some(note));
    }

    /// The words typed in a note that is no more.
    pub(crate) fn lose_note(&mut self, note: NoteId, clock_and_ids: &mut ClockAndIds<'_>) {
        self.save_statuses.remove(&note);
        self.changes.touch(note);
        if self.texts.contains_key(&note) {
            self.outbox.drop_waiting_edits(note);
            self.keep_as_draft(note, &Reason::note_gone(), clock_and_ids);
        }
    }

    /// Nothing else can be done with a note that was never there.
    pub(crate) fn reject_creation(
        &mut self,
        note: NoteId,
        reason: &Reason,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) {
        self.keep_as_draft(note, reason, clock_and_ids);
        self.outbox.drop_if(|entry| entry.note() == Some(note));
    }

    pub(crate) fn notify(&mut self, note: Option<NoteId>, reason: &Reason) {
        let Reason { code, detail } = reason.clone();
        self.changes.notice(code, detail, note);
        match note {
            Some(note) => self.changes.touch(note),
            None => self.changes.board(),
        }
    }
}
