//! Events: what happened, laid under what is typed here.

use sockbit_domain::{Change, Delta, Event, NoteId};

use crate::board_client::BoardClient;
use crate::clock_and_ids::ClockAndIds;
use crate::server_board::Place;
use crate::subscription::Subscription;

impl BoardClient {
    pub(crate) fn on_event(&mut self, event: &Event, clock_and_ids: &mut ClockAndIds<'_>) {
        match self.known.place(event) {
            Place::Past => {}
            Place::Next => self.next_event(event, clock_and_ids),
            // What is missing comes once more with a new join; until it stands, gaps are no news.
            Place::Gap => {
                if matches!(self.subscription, Subscription::Live { .. }) {
                    self.join();
                }
            }
        }
    }

    fn next_event(&mut self, event: &Event, clock_and_ids: &mut ClockAndIds<'_>) {
        if self.known.is_contradicted_by(event) {
            return self.distrust();
        }
        let is_own = self.see_own(event);
        let Ok(is_news) = self.known.apply(event) else {
            self.distrust();
            return;
        };
        match &event.change {
            Change::NoteEdited { note, delta } => {
                self.note_edited(*note, delta, event, is_own, is_news);
            }
            Change::NoteCreated { note, .. } => self.note_created(*note),
            Change::NoteDeleted { note } => self.note_deleted(*note, clock_and_ids),
            Change::BoardRenamed { .. } => self.changes.board(),
            Change::MemberJoined { role } if Some(event.actor.id) == self.owner => {
                self.set_role(*role);
            }
            _ => {}
        }
        if let Some(note) = event.change.note() {
            self.changes.touch(note);
        }
    }

    /// A wish whose event was seen is no longer laid over what the server says.
    fn see_own(&mut self, event: &Event) -> bool {
        match self.outbox.open_mut() {
            Some(open) if open.id == event.message => {
                open.happened = true;
                true
            }
            _ => false,
        }
    }

    fn note_edited(
        &mut self,
        note: NoteId,
        delta: &Delta,
        event: &Event,
        is_own: bool,
        is_news: bool,
    ) {
        let Some(server) = self.known.notes.get(&note) else { return };
        if !is_news && !is_own {
            return;
        }
        if is_own && let Some(open) = self.outbox.open_mut() {
            open.shown = Some(server.text.clone());
        }
        let change = match self.texts.get_mut(&note) {
            None if is_news => delta.clone(),
            None => Delta::new(),
            Some(text) => {
                // One event for several may contain what is in flight, under another's id.
                if event.from < event.seq {
                    text.unmoor();
                }
                if !is_own {
                    text.remote(delta, &server.text)
                } else if is_news {
                    self.disagreements += u64::from(!text.agrees(delta));
                    text.own(delta, &server.text)
                } else {
                    text.contained(&server.text)
                }
            }
        };
        self.changes.text(note, change);
        self.drop_if_clean(note);
    }

    fn note_created(&mut self, note: NoteId) {
        if let (Some(server), Some(text)) = (self.known.notes.get(&note), self.texts.get_mut(&note))
        {
            let change = text.land(&server.text);
            self.changes.text(note, change);
            self.drop_if_clean(note);
        }
    }

    fn note_deleted(&mut self, note: NoteId, clock_and_ids: &mut ClockAndIds<'_>) {
        if !self.known.notes.contains_key(&note) {
            self.outbox.note_was_seen(note);
            self.lose_note(note, clock_and_ids);
        }
    }

    /// What the server said does not fit what it said before: pull the board anew.
    fn distrust(&mut self) {
        self.known.position = None;
        self.join();
    }
}
