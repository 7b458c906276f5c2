//! The sync client of one board.

use sockbit_domain::wire::{PersonPresence, ServerMessage};
use sockbit_domain::{
    Actor, ActorId, BoardId, Command, Delta, DeltaError, MessageId, NoteId, Outcome, Position,
    Rank, Role, Text,
};
use uuid::Uuid;

use crate::board_snapshot::BoardSnapshot;
use crate::client_parts::ClientParts;
use crate::clock_and_ids::{ClockAndIds, MonotonicTime, Now};
use crate::drafts::Draft;
use crate::effect::Effect;
use crate::note_view::NoteView;
use crate::persisted_state::{PersistedCommand, PersistedState, PersistedText};
use crate::queued_command::{Entry, FrozenCommand};
use crate::reason::Reason;
use crate::save_status::{SaveState, SaveStatus};
use crate::subscription::JoinState;
use crate::view_changes::ViewChange;

/// The state of one board at one client. After each input, first store the unsent state, then send
/// the outgoing frames, then show the changes.
#[derive(Clone, Debug)]
pub struct BoardClient {
    state: ClientParts,
}

/// An edit that does not fit the shown board.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EditError {
    /// The board has no such note.
    #[error("there is no note {0}")]
    NoSuchNote(NoteId),
    /// The delta does not fit the shown text.
    #[error(transparent)]
    Delta(#[from] DeltaError),
}

/// A command that cannot be submitted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("an `edit_note` cannot be submitted: use `edit` and `flush`")]
pub struct SubmitError;

impl BoardClient {
    /// A client without a board. `actor` is the actor that the page was rendered for.
    #[must_use]
    pub fn new(board: BoardId, actor: Option<ActorId>) -> Self {
        Self { state: ClientParts::new(board, actor) }
    }

    /// Continues with what an earlier process stored. Commands that are too old, or belong to
    /// another actor than `actor`, are not sent.
    #[must_use]
    pub fn restore(
        unsent: PersistedState,
        actor: Option<ActorId>,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Self {
        let mut client = Self::new(unsent.board, unsent.actor);
        let mut effects = client.state.restore(unsent, clock_and_ids);
        effects.extend(actor.into_iter().flat_map(|actor| client.state.set_owner(actor)));
        client.state.changes.reset();
        client.state.advance(effects, clock_and_ids);
        client
    }

    /// Starts from a snapshot of the whole board, such as the one that a page carries, and joins at
    /// its position: the server then sends only later events. If it can no longer verify that
    /// position, it answers `base_gone` and the board is pulled.
    ///
    /// `unsent` is what an earlier process stored for this board, as for
    /// [`restore`](Self::restore). Its pending edits are rebased onto the snapshot's texts; an edit
    /// in flight stays as shown until its outcome arrives; text in a note that the snapshot does
    /// not have becomes a draft. The snapshot may be older than the unsent state.
    #[must_use]
    pub fn from_snapshot(
        snapshot: impl Into<BoardSnapshot>,
        unsent: Option<PersistedState>,
        actor: Option<ActorId>,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Self {
        let snapshot = snapshot.into();
        let mut client = match unsent {
            Some(unsent) => Self::restore(unsent, actor, clock_and_ids),
            None => Self::new(snapshot.board(), actor),
        };
        let effects = client.state.load(snapshot.into_pages());
        client.state.advance(effects, clock_and_ids);
        client
    }

    /// The user changed a shown text. The change is not sent before [`BoardClient::flush`].
    pub fn edit(&mut self, note: NoteId, delta: &Delta) -> Result<(), EditError> {
        if self.view(note).is_none() {
            return Err(EditError::NoSuchNote(note));
        }
        let shown = self.text(note);
        let edited = self.state.texts.edit(note, shown, delta);
        self.state.changes.touch(note);
        self.state.settle();
        Ok(edited?)
    }

    /// Queues the pending change of a note.
    pub fn flush(&mut self, note: NoteId, clock_and_ids: &mut ClockAndIds<'_>) {
        let text = self.state.texts.get(note);
        let is_pending = text.is_some_and(|text| !text.pending().is_empty());
        if is_pending && self.state.outbox.queue_edit(note, clock_and_ids.now) {
            self.state.changes.touch(note);
        }
        self.state.advance(Vec::new(), clock_and_ids);
    }

    /// Queues any command but an `edit_note`, under a fresh message id. `key` is sent beside it.
    pub fn submit(
        &mut self,
        command: Command,
        id: MessageId,
        now: Now,
        key: Option<String>,
    ) -> Result<(), SubmitError> {
        if matches!(command, Command::EditNote { .. }) {
            return Err(SubmitError);
        }
        let state = &mut self.state;
        state.changes.touch(command.note());
        let frozen = FrozenCommand::new(id, command, key);
        if frozen.is_for_membership() && !state.subscription.is_caught_up(&state.server) {
            state.outbox.push_first(Entry::new(frozen, now.wall, now));
        } else {
            state.outbox.push(Entry::new(frozen, now.wall, now));
        }
        state.send_due(now.monotonic);
        state.settle();
        Ok(())
    }

    /// Removes a draft that the user no longer needs.
    pub fn dismiss_draft(&mut self, id: Uuid) {
        let note = self.state.drafts.dismiss(id);
        self.state.changes.touch(note);
        self.state.settle();
    }

    /// The user is on the board, and is in this note or in none.
    pub fn set_presence(&mut self, note: Option<NoteId>) {
        if self.state.presence.set_own(note) {
            self.state.send_presence();
        }
    }

    /// There is a connection, on which the server identified the user as `actor`.
    pub fn connected(&mut self, actor: Actor, clock_and_ids: &mut ClockAndIds<'_>) {
        let state = &mut self.state;
        state.outbox.disconnected();
        state.outgoing.clear();
        let mut effects = state.outbox.abandon_expired(clock_and_ids.now.wall);
        effects.extend(state.set_owner(actor.id));
        state.user = Some(actor);
        // New notes are shown as the user's.
        for command in state.outbox.entries().filter_map(Entry::frozen) {
            state.changes.touch(command.command.note());
        }
        let is_for_membership = state.outbox.is_for_membership();
        effects.extend(state.subscription.connected(is_for_membership, &state.server));
        state.advance(effects, clock_and_ids);
    }

    /// The connection is lost. What was sent without an outcome is sent again over the next one.
    pub fn disconnected(&mut self) {
        self.state.outbox.disconnected();
        self.state.outgoing.clear();
        self.state.subscription.disconnected();
        self.state.settle();
    }

    /// The server closed the connection over a frame that is longer than it accepts.
    pub fn too_long(&mut self, clock_and_ids: &mut ClockAndIds<'_>) {
        let effects = self.state.outbox.reject_sent();
        self.state.advance(effects, clock_and_ids);
    }

    /// Events may be missing, for instance after the process was suspended: requests them, and
    /// stays live meanwhile.
    pub fn check(&mut self) {
        self.state.send(self.state.subscription.check(&self.state.server));
    }

    /// A message from the server.
    pub fn receive(&mut self, message: ServerMessage, clock_and_ids: &mut ClockAndIds<'_>) {
        let effects = self.received(message, clock_and_ids);
        self.state.advance(effects, clock_and_ids);
    }

    fn received(
        &mut self,
        message: ServerMessage,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Vec<Effect> {
        let state = &mut self.state;
        let id = state.server.id();
        match message {
            ServerMessage::Joined { board, role, head } if board == id => {
                state.server.set_role(role);
                return state.subscription.joined(head.seq, &state.server, clock_and_ids);
            }
            ServerMessage::BaseGone { board, role, .. } if board == id => {
                state.server.set_role(role);
                return state.subscription.pull(&state.server, clock_and_ids);
            }
            ServerMessage::Left { board, rejection } if board == id => {
                state.subscription.left(rejection);
            }
            ServerMessage::Event { event } if event.board == id => {
                return state.event(&event);
            }
            ServerMessage::Outcome { id: command, board, outcome } if board == id => {
                match outcome {
                    Outcome::Saved { position } | Outcome::Unchanged { position } => {
                        state.outbox.done(command, position);
                    }
                    Outcome::Rejected(rejection) => {
                        return state.outbox.reject(command, &Reason::from(rejection));
                    }
                }
            }
            ServerMessage::Presence { board, people, more } if board == id => {
                state.set_people(people, more);
            }
            ServerMessage::Again { id: message, board, after_ms } => {
                let after = i64::try_from(after_ms).unwrap_or(i64::MAX);
                let until = clock_and_ids.now.monotonic.plus(after);
                let is_join = message.is_none() && board == Some(id);
                state.outbox.postpone(message, until);
                state.subscription.postpone(message, is_join, until);
            }
            ServerMessage::Reply { id, body } => {
                return state.subscription.reply(id, body, &state.server, clock_and_ids);
            }
            ServerMessage::Refused(refusal) => {
                if !state.subscription.refused(&refusal)
                    && let Some(command) = refusal.id
                {
                    return state.outbox.reject(command, &Reason::from(refusal));
                }
            }
            _ => {}
        }
        Vec::new()
    }

    /// Time has passed. Call this about once a second.
    pub fn tick(&mut self, clock_and_ids: &mut ClockAndIds<'_>) {
        self.state.outbox.tick(clock_and_ids.now.monotonic);
        let effects = self.state.subscription.tick(&self.state.server, clock_and_ids);
        self.state.advance(effects, clock_and_ids);
    }

    /// The frames to send, in order.
    #[must_use]
    pub fn take_outgoing(&mut self) -> Vec<String> {
        std::mem::take(&mut self.state.outgoing)
    }

    /// The changes that the view has to show, in order.
    #[must_use]
    pub fn take_changes(&mut self) -> Vec<ViewChange> {
        self.state.changes.take()
    }

    /// What has to be stored; `None` if the server has everything.
    #[must_use]
    pub fn persisted_state(&self) -> Option<PersistedState> {
        let ClientParts { server, texts, outbox, drafts, owner, .. } = &self.state;
        let unsent = PersistedState {
            board: server.id(),
            actor: *owner,
            notes: texts.iter().map(|(note, text)| PersistedText::new(note, text)).collect(),
            outbox: outbox.entries().map(PersistedCommand::new).collect(),
            drafts: drafts.all().to_vec(),
        };
        let is_empty =
            unsent.notes.is_empty() && unsent.outbox.is_empty() && unsent.drafts.is_empty();
        (!is_empty).then_some(unsent)
    }

    /// The board's title; empty until it is known.
    #[must_use]
    pub fn title(&self) -> &str {
        self.state.view().title()
    }

    /// The user's role, once it is known.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.state.server.role()
    }

    /// The position up to which events are applied.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.state.server.position()
    }

    /// Whether the client receives the board's events.
    #[must_use]
    pub fn join_state(&self) -> JoinState {
        self.state.subscription.join_state()
    }

    /// Why the join was rejected.
    #[must_use]
    pub fn refusal(&self) -> Option<&Reason> {
        self.state.subscription.refusal()
    }

    /// The notes in their order, those in the trash too.
    #[must_use]
    pub fn notes(&self) -> Vec<NoteView> {
        self.state.view().notes()
    }

    /// One note; `None` if there is no such note.
    #[must_use]
    pub fn view(&self, note: NoteId) -> Option<NoteView> {
        self.state.view().note(note)
    }

    /// The text that the user sees; empty if there is no such note.
    #[must_use]
    pub fn text(&self, note: NoteId) -> Text {
        self.state.view().text(note)
    }

    /// Whether the server has a note's text.
    #[must_use]
    pub fn save_status(&self, note: NoteId) -> SaveStatus {
        let ClientParts { texts, outbox, drafts, .. } = &self.state;
        if let Some(entry) = outbox.entries().find(|entry| entry.text_note() == Some(note)) {
            return SaveStatus::new(SaveState::Saving, Some(entry.since));
        }
        if texts.has(note) {
            return SaveStatus::new(SaveState::Editing, None);
        }
        let unchanged = || SaveStatus::new(SaveState::Saved, None);
        drafts.save_status(note).cloned().unwrap_or_else(unchanged)
    }

    /// The other users on the board, by id, each with the notes that they are in.
    #[must_use]
    pub fn people(&self) -> Vec<PersonPresence> {
        self.state.presence.people(self.state.user.as_ref().map(|user| user.id))
    }

    /// About how many more there are.
    #[must_use]
    pub fn more_people(&self) -> u32 {
        self.state.presence.more()
    }

    /// The drafts, oldest first.
    #[must_use]
    pub fn drafts(&self) -> &[Draft] {
        self.state.drafts.all()
    }

    /// The time since which the oldest command has had no outcome.
    #[must_use]
    pub fn unsaved_since(&self) -> Option<MonotonicTime> {
        self.state.outbox.entries().map(|entry| entry.since).min()
    }

    /// The number of commands and local texts that the server does not have.
    #[must_use]
    pub fn unsent_count(&self) -> usize {
        let texts = &self.state.texts;
        let commands = self.state.outbox.entries().filter_map(Entry::frozen);
        let is_in_text = |it: &FrozenCommand| {
            it.is_edit() && it.command.note().is_some_and(|note| texts.has(note))
        };
        texts.len() + commands.filter(|it| !is_in_text(it)).count()
    }

    /// How often the server merged an edit differently than this client. The texts still converge,
    /// but one of the two has a fault.
    #[must_use]
    pub fn merge_mismatches(&self) -> u64 {
        self.state.texts.merge_mismatches()
    }

    /// A rank between two notes; `None` is the edge of the board. If the two have the same rank,
    /// the first one after both.
    #[must_use]
    pub fn rank_between(&self, after: Option<NoteId>, before: Option<NoteId>) -> Rank {
        self.state.view().rank_between(after, before)
    }
}
