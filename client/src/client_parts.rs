//! The parts of the client of one board, and the rules between them.

use sockbit_domain::wire::{BoardPage, ClientMessage, PersonPresence};
use sockbit_domain::{Actor, ActorId, BoardId, Change, Delta, Event, NoteId, Position, Text};

use crate::clock_and_ids::{ClockAndIds, MonotonicTime};
use crate::drafts::Drafts;
use crate::effect::Effect;
use crate::local_texts::{LocalTexts, TextEvent};
use crate::note_text::NoteText;
use crate::outbox::Outbox;
use crate::persisted_state::{PersistedState, PersistedText};
use crate::presence::Presence;
use crate::reason::Reason;
use crate::server_board::{Applied, Contradiction, ServerBoard};
use crate::subscription::{JoinState, Subscription};
use crate::view_changes::ViewChanges;
use crate::view_model::ViewModel;

/// Each part owns its state and changes no other part. An input goes to one part, and
/// [`ClientParts::advance`] carries out the effects that the part returns.
#[derive(Clone, Debug)]
pub(crate) struct ClientParts {
    pub server: ServerBoard,
    pub texts: LocalTexts,
    pub outbox: Outbox,
    pub drafts: Drafts,
    pub subscription: Subscription,
    pub presence: Presence,
    pub changes: ViewChanges,
    pub outgoing: Vec<String>,
    /// The user as the server identified it.
    pub user: Option<Actor>,
    /// The actor whose text and commands these are.
    pub owner: Option<ActorId>,
}

impl ClientParts {
    pub fn new(board: BoardId, owner: Option<ActorId>) -> Self {
        Self {
            server: ServerBoard::new(board),
            texts: LocalTexts::default(),
            outbox: Outbox::default(),
            drafts: Drafts::default(),
            subscription: Subscription::default(),
            presence: Presence::default(),
            changes: ViewChanges::default(),
            outgoing: Vec::new(),
            user: None,
            owner,
        }
    }

    pub fn view(&self) -> ViewModel<'_> {
        let Self { server, texts, outbox, user, .. } = self;
        ViewModel { server, texts, outbox, user: user.as_ref() }
    }

    /// Ends an input with a clock: carries out its effects, then those of the outbox until nothing
    /// is left to do.
    pub fn advance(&mut self, effects: Vec<Effect>, clock_and_ids: &mut ClockAndIds<'_>) {
        let mut effects = effects;
        loop {
            self.carry_out_all(effects, clock_and_ids);
            effects = self.outbox_effects(clock_and_ids);
            if effects.is_empty() {
                break;
            }
        }
        self.send_due(clock_and_ids.now.monotonic);
        self.settle();
    }

    /// Ends every input: lists what the view has to show.
    pub fn settle(&mut self) {
        let join_state = self.subscription.join_state();
        if matches!(join_state, JoinState::NotJoined | JoinState::Refused) {
            self.set_people(Vec::new(), 0);
        }
        let Self { server, texts, outbox, user, changes, .. } = self;
        changes.settle(ViewModel { server, texts, outbox, user: user.as_ref() }, join_state);
    }

    /// Sends the first command of the outbox if it is due.
    pub fn send_due(&mut self, now: MonotonicTime) {
        let is_connected = self.subscription.is_connected();
        let is_caught_up = self.subscription.is_caught_up(&self.server);
        let due = self.outbox.take_due(self.server.id(), now, is_connected, is_caught_up);
        self.send(due);
    }

    pub fn send(&mut self, message: impl Into<Option<ClientMessage>>) {
        let frame = message.into().map(|message| message.to_json());
        self.outgoing.extend(frame.map(|it| it.expect("a message always has a JSON form")));
    }

    /// What the outbox can do next. An edit is frozen when everything before it has its outcome, so
    /// that it contains all typing until then and is based on the latest position.
    fn outbox_effects(&mut self, clock_and_ids: &mut ClockAndIds<'_>) -> Vec<Effect> {
        if let Some(done) = self.outbox.take_done(self.server.head()) {
            return vec![done];
        }
        while self.subscription.is_caught_up(&self.server)
            && let Some(base) = self.server.position()
            && let Some(note) = self.outbox.edit_to_freeze()
        {
            let delta = self.texts.freeze(note);
            let edit = delta.map(|delta| (clock_and_ids.message_id(), base, delta));
            self.outbox.freeze_edit(note, edit);
            self.changes.touch(note);
        }
        self.outbox.reject_too_long()
    }

    fn carry_out_all(&mut self, effects: Vec<Effect>, clock_and_ids: &mut ClockAndIds<'_>) {
        for effect in effects {
            let further = self.carry_out(effect, clock_and_ids);
            self.carry_out_all(further, clock_and_ids);
        }
    }

    /// Returns further effects.
    fn carry_out(&mut self, effect: Effect, clock_and_ids: &mut ClockAndIds<'_>) -> Vec<Effect> {
        match effect {
            Effect::Send(message) => self.send(message),
            Effect::Load(pages) => {
                let gone = self.load(pages);
                return gone.into_iter().chain(self.subscription.join(&self.server)).collect();
            }
            Effect::Joined(head) => {
                self.outbox.joined(head);
                self.send_presence();
            }
            Effect::EditSaved(note) => {
                self.drafts.saved(note, clock_and_ids);
                self.acknowledge_edit(note);
            }
            Effect::CreationSaved(note) => {
                self.drafts.saved(note, clock_and_ids);
                self.changes.touch(note);
                if !self.server.has(note) {
                    return vec![Effect::NoteGone(note)];
                }
            }
            Effect::CommandDone { note } => self.changes.touch(note),
            Effect::MembershipDecided => return self.subscription.membership_decided(&self.server),
            Effect::RequeueEdit { note, base } => return self.requeue_edit(note, base),
            Effect::KeepLostText { note, text, reason } => {
                self.add_draft(note, text, &reason, clock_and_ids);
                self.drafts.rejected(note, &reason, clock_and_ids);
            }
            Effect::AbandonEdits { note, reason } => {
                self.outbox.drop_text_commands(note);
                if self.texts.has(note) {
                    self.move_to_draft(note, &reason, clock_and_ids);
                    self.drafts.rejected(note, &reason, clock_and_ids);
                }
                self.changes.touch(note);
            }
            Effect::AbandonNote { note, text, reason } => {
                if !self.server.has(note) {
                    self.texts.get_or_insert(note, text);
                }
                self.move_to_draft(note, &reason, clock_and_ids);
            }
            Effect::NoteGone(note) => {
                self.drafts.note_gone(note);
                if self.texts.has(note) {
                    self.outbox.drop_queued_edits(note);
                    self.move_to_draft(note, &Reason::note_gone(), clock_and_ids);
                }
                self.changes.touch(note);
            }
            Effect::Notify { note, reason } => {
                self.changes.notice(&reason, note);
                self.changes.touch(note);
            }
        }
        Vec::new()
    }

    /// An event of this board.
    pub fn event(&mut self, event: &Event) -> Vec<Effect> {
        match self.server.apply(event) {
            Ok(Applied::Past) => Vec::new(),
            Ok(Applied::Gap) => self.subscription.gap(&self.server),
            Ok(Applied::Next { is_new }) => self.event_applied(event, is_new),
            Err(Contradiction) => self.subscription.join(&self.server),
        }
    }

    fn event_applied(&mut self, event: &Event, is_new: bool) -> Vec<Effect> {
        let is_own = self.outbox.event_seen(event.message);
        self.changes.touch(event.change.note());
        match &event.change {
            Change::NoteEdited { note, delta } => {
                let Some(server) = self.server.text(*note) else { return Vec::new() };
                if is_own {
                    self.outbox.set_resulting_text(server.clone());
                }
                let is_squashed = event.from < event.seq;
                let event = TextEvent { delta, server, is_own, is_new, is_squashed };
                self.changes.text(*note, self.texts.event(*note, event));
            }
            Change::NoteCreated { note, .. } => self.rebase_text(*note),
            Change::NoteDeleted { note } if !self.server.has(*note) => {
                self.outbox.note_was_seen(*note);
                return vec![Effect::NoteGone(*note)];
            }
            Change::MemberJoined { role } if Some(event.actor.id) == self.owner => {
                self.server.set_role(*role);
            }
            _ => {}
        }
        Vec::new()
    }

    /// Loads a snapshot, and rebases local texts onto it.
    pub fn load(&mut self, pages: Vec<BoardPage>) -> Vec<Effect> {
        self.server.replace(pages);
        self.outbox.board_loaded(|note| self.server.has(note));
        self.changes.reset();
        let notes: Vec<NoteId> = self.texts.note_ids().collect();
        for note in &notes {
            self.rebase_text(*note);
        }
        let is_created = |note: &NoteId| self.outbox.created_text(*note).is_some();
        let gone = notes.into_iter().filter(|it| !self.server.has(*it) && !is_created(it));
        gone.map(Effect::NoteGone).collect()
    }

    pub fn set_people(&mut self, people: Vec<PersonPresence>, more: u32) {
        if self.presence.set_people(people, more) {
            self.changes.people();
        }
    }

    /// The server forgets the presence with each join.
    pub fn send_presence(&mut self) {
        let message = self.presence.message(self.server.id());
        self.send(message.filter(|_| self.subscription.is_live()));
    }

    /// From now on everything belongs to `actor`: what another actor left becomes drafts.
    pub fn set_owner(&mut self, actor: ActorId) -> Vec<Effect> {
        let before = self.owner.replace(actor);
        if before.is_none_or(|owner| owner == actor) {
            return Vec::new();
        }
        let reason = Reason::other_identity();
        let abandon = |note| Effect::AbandonEdits { note, reason: reason.clone() };
        let texts = self.texts.note_ids().map(abandon);
        self.outbox.abandon_all(&reason).into_iter().chain(texts).collect()
    }

    /// Continues with what an earlier process stored.
    pub fn restore(
        &mut self,
        unsent: PersistedState,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Vec<Effect> {
        self.drafts = Drafts::new(unsent.drafts);
        for PersistedText { note, base_text, in_flight, pending } in unsent.notes {
            match NoteText::restore(base_text.clone(), in_flight, pending) {
                Ok(text) => self.texts.insert(note, text),
                Err(error) => {
                    self.add_draft(note, base_text, &Reason::unreadable(&error), clock_and_ids);
                }
            }
        }
        for command in unsent.outbox {
            match command.restore(clock_and_ids.now) {
                Ok(entry) => self.outbox.push(entry),
                Err(error) => self.changes.notice(&Reason::unreadable(&error), None),
            }
        }
        // Without its command, an edit in flight would never have an outcome.
        let in_flight = self.texts.iter().filter(|(_, text)| text.in_flight().is_some());
        let notes = in_flight.map(|(note, _)| note).filter(|it| !self.outbox.has_frozen_edit(*it));
        let reason = Reason::unreadable(&"its command is missing");
        let edits = notes.map(|note| Effect::AbandonEdits { note, reason: reason.clone() });
        let edits: Vec<Effect> = edits.collect();
        let expired = self.outbox.abandon_expired(clock_and_ids.now.wall);
        edits.into_iter().chain(expired).collect()
    }

    /// The outcome says that the edit in flight is saved, even if no event did.
    fn acknowledge_edit(&mut self, note: NoteId) {
        let is_in_flight = self.texts.get(note).is_some_and(|text| text.in_flight().is_some());
        if is_in_flight && let Some(server) = self.server.text(note) {
            let change = self.texts.update(note, |text| text.acknowledged(server));
            self.changes.text(note, change);
        }
        self.changes.touch(note);
    }

    fn rebase_text(&mut self, note: NoteId) {
        if let Some(server) = self.server.text(note) {
            let change = self.texts.update(note, |text| text.rebase_onto(server));
            self.changes.text(note, change);
        }
    }

    /// The edit is frozen again, on the present position. If that is the base that the server no
    /// longer knows, the board is joined first.
    fn requeue_edit(&mut self, note: NoteId, base: Position) -> Vec<Effect> {
        self.changes.touch(note);
        match self.server.text(note).filter(|_| self.texts.has(note)) {
            Some(server) => {
                let change = self.texts.update(note, |text| text.take_back_in_flight(server));
                self.changes.text(note, change);
                self.outbox.requeue_edit(note);
            }
            None => self.outbox.drop_first(),
        }
        let is_unknown = self.server.position() == Some(base);
        if is_unknown { self.subscription.gap(&self.server) } else { Vec::new() }
    }

    /// The note shows the server's text again; its local text becomes a draft.
    fn move_to_draft(
        &mut self,
        note: NoteId,
        reason: &Reason,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) {
        let text = self.view().text(note);
        self.texts.remove(note);
        let change = Delta::diff(&text, &self.view().text(note));
        self.changes.text(note, change);
        self.changes.touch(note);
        self.add_draft(note, text, reason, clock_and_ids);
    }

    /// Without any text there is nothing to keep: the user is notified.
    fn add_draft(
        &mut self,
        note: NoteId,
        text: Text,
        reason: &Reason,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) {
        if text.as_str().is_empty() {
            self.changes.notice(reason, Some(note));
        } else {
            self.changes.draft(self.drafts.add(note, text, reason, clock_and_ids));
        }
    }
}
