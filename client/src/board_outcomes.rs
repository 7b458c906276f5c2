//! Outcomes: what became of a wish, and whose turn is next.

use sockbit_domain::wire::{ClientMessage, SentCommand};
use sockbit_domain::{Command, MessageId, NoteId, Outcome, Position, Text};

use crate::board_client::BoardClient;
use crate::clock_and_ids::{ClockAndIds, MonotonicTime};
use crate::outbox::{Entry, Frozen, QueuedCommand, body_of, edit_note};
use crate::reason::Reason;
use crate::save_status::{SaveState, SaveStatus};
use crate::subscription::Subscription;

impl BoardClient {
    pub(crate) fn on_outcome(
        &mut self,
        id: MessageId,
        outcome: Outcome,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) {
        match outcome {
            Outcome::Saved { position } | Outcome::Unchanged { position } => {
                if let Some(open) = self.outbox.open_mut()
                    && open.id == id
                {
                    open.done_at = Some(position);
                }
            }
            Outcome::Rejected(rejection) => {
                self.reject(id, &Reason::from(rejection), clock_and_ids);
            }
        }
    }

    /// Ends every call with time: what is done makes room for what is next.
    pub(crate) fn advance(&mut self, clock_and_ids: &mut ClockAndIds<'_>) {
        loop {
            while let Some(entry) = self.take_done() {
                self.complete(&entry, clock_and_ids);
            }
            self.freeze_next(clock_and_ids);
            if !self.reject_too_long(clock_and_ids) {
                break;
            }
        }
        self.send_open(clock_and_ids.now.monotonic);
        self.settle_changes();
    }

    /// A command is done when it has its outcome and everything up to there is applied.
    fn take_done(&mut self) -> Option<Entry> {
        let open = self.outbox.open()?;
        let position = open.done_at?;
        let is_applied = self.known.position.is_some_and(|it| it.seq >= position.seq);
        if is_applied || open.opens_board() { self.outbox.pop() } else { None }
    }

    fn complete(&mut self, entry: &Entry, clock_and_ids: &mut ClockAndIds<'_>) {
        if let Some(note) = entry.words_of() {
            self.save_statuses
                .insert(note, SaveStatus::settled(SaveState::Saved, clock_and_ids.now.monotonic));
        }
        let QueuedCommand::Frozen(frozen) = &entry.wish else { return };
        match &frozen.command {
            Command::EditNote { note, .. } => self.edit_contained(*note),
            Command::CreateNote { note, .. } if !self.known.notes.contains_key(note) => {
                self.lose_note(*note, clock_and_ids);
            }
            Command::CreateBoard { .. } | Command::JoinBoard {} => self.let_in(),
            _ => {}
        }
        match frozen.command.note() {
            Some(note) => self.changes.touch(note),
            None => self.changes.board(),
        }
    }

    /// The outcome says that what is in flight is in the server's text, even if no event did.
    fn edit_contained(&mut self, note: NoteId) {
        let (Some(server), Some(text)) = (self.known.notes.get(&note), self.texts.get_mut(&note))
        else {
            return;
        };
        if text.in_flight().is_some() {
            let change = text.contained(&server.text);
            self.changes.text(note, change);
            self.drop_if_clean(note);
        }
    }

    fn let_in(&mut self) {
        if matches!(self.subscription, Subscription::AwaitingMembership | Subscription::Refused(_))
        {
            self.join();
        }
    }

    /// The open command did not happen, and never will under its id.
    pub(crate) fn reject(
        &mut self,
        id: MessageId,
        reason: &Reason,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) {
        if self.outbox.open().is_none_or(|open| open.id != id) {
            return;
        }
        let Some(QueuedCommand::Frozen(frozen)) =
            self.outbox.front().map(|entry| entry.wish.clone())
        else {
            return;
        };
        let Frozen { command, shown, .. } = *frozen;
        if let (Some(note), Some(shown)) = (command.note(), shown) {
            self.lose_words(note, shown, reason, clock_and_ids);
        }
        match command {
            Command::EditNote { note, base, .. } if reason.is_base_gone() => {
                self.edit_anew(note, base);
            }
            Command::EditNote { note, .. } => {
                self.outbox.pop();
                self.give_up_words(note, reason, clock_and_ids);
            }
            Command::CreateNote { note, .. } => self.reject_creation(note, reason, clock_and_ids),
            Command::CreateBoard { .. } | Command::JoinBoard {} => {
                self.outbox.pop();
                self.notify(None, reason);
                self.let_in();
            }
            command => {
                self.outbox.pop();
                self.notify(command.note(), reason);
            }
        }
    }

    /// The server had these words, and went back to an older state of itself.
    fn lose_words(
        &mut self,
        note: NoteId,
        shown: Text,
        reason: &Reason,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) {
        if !shown.as_str().is_empty() {
            self.add_draft(note, shown, reason, clock_and_ids);
            self.save_statuses
                .insert(note, SaveStatus::rejected(reason, clock_and_ids.now.monotonic));
        }
    }

    /// The server cannot merge from where the edit was made: it is made anew where the client is.
    fn edit_anew(&mut self, note: NoteId, base: Position) {
        if let (Some(server), Some(text)) = (self.known.notes.get(&note), self.texts.get_mut(&note))
        {
            let change = text.give_back(&server.text);
            self.changes.text(note, change);
            self.outbox.drop_waiting_edits(note);
            self.outbox.replace_front(QueuedCommand::Edit(note));
            self.drop_if_clean(note);
        } else {
            self.outbox.pop();
        }
        self.changes.touch(note);
        let is_lost = self.known.position == Some(base);
        if is_lost && matches!(self.subscription, Subscription::Live { .. }) {
            self.join();
        }
    }

    /// The turn of typing has come: from here on it is one command, the same on every repeat.
    fn freeze_next(&mut self, clock_and_ids: &mut ClockAndIds<'_>) {
        if !self.is_caught_up() {
            return;
        }
        while let Some(QueuedCommand::Edit(note)) =
            self.outbox.front().map(|entry| entry.wish.clone())
        {
            match self.freeze(note, clock_and_ids) {
                Some(frozen) => self.outbox.replace_front(QueuedCommand::Frozen(Box::new(frozen))),
                None => {
                    self.outbox.pop();
                }
            }
            self.changes.touch(note);
        }
    }

    /// A frame that no server takes would close the connection again and again.
    fn reject_too_long(&mut self, clock_and_ids: &mut ClockAndIds<'_>) -> bool {
        let too_long = self.outbox.open().filter(|open| open.is_too_long()).map(|open| open.id);
        if let Some(id) = too_long {
            self.reject(id, &Reason::too_long(), clock_and_ids);
        }
        too_long.is_some()
    }

    /// The server ended the connection over a frame that is longer than it takes. The only long thing in the
    /// air was the open command.
    pub fn too_long(&mut self, clock_and_ids: &mut ClockAndIds<'_>) {
        let open = self.outbox.open().filter(|it| it.sent_at.is_some() && it.done_at.is_none());
        if let Some(id) = open.map(|open| open.id) {
            self.reject(id, &Reason::too_long(), clock_and_ids);
        }
        self.settle_changes();
    }

    fn freeze(&mut self, note: NoteId, clock_and_ids: &mut ClockAndIds<'_>) -> Option<Frozen> {
        let base = self.known.position?;
        let text = self.texts.get_mut(&note)?;
        if text.pending().is_empty() {
            return None;
        }
        let command = edit_note(note, base, text.freeze());
        let body = body_of(&command);
        Some(Frozen::new(clock_and_ids.message_id(), command, body, None))
    }

    /// Sends the open command if it is its time: once over each connection, until `tick`.
    pub(crate) fn send_open(&mut self, now: MonotonicTime) {
        let is_caught_up = self.is_caught_up();
        let is_connected = !matches!(self.subscription, Subscription::Offline);
        let board = self.board;
        let Some(open) = self.outbox.open_mut() else { return };
        let may_go = is_caught_up || (open.opens_board() && is_connected);
        if !may_go || !open.is_due(now) {
            return;
        }
        open.sent_at = Some(now);
        open.not_before = None;
        let body = serde_json::value::RawValue::from_string(open.body.clone())
            .expect("a body is frozen as JSON, and read as JSON when it is brought back");
        let (id, key) = (open.id, open.key.clone());
        self.send(&ClientMessage::Command(SentCommand { id, board, key, body }));
    }
}
