//! What the machine does with a connection, a server message and a tick of the clock.

use sockbit_domain::wire::{BoardPage, Refusal, RefusalCode, Reply, ServerMessage};
use sockbit_domain::{Actor, MessageId, NoteId, Rejection, Seq};

use crate::board_client::BoardClient;
use crate::clock_and_ids::{ClockAndIds, MonotonicTime};
use crate::outbox::Frozen;
use crate::reason::Reason;
use crate::subscription::{Subscription, Wait};

impl BoardClient {
    /// A connection stands, and the server said for whom it takes the client.
    pub fn connected(&mut self, actor: Actor, clock_and_ids: &mut ClockAndIds<'_>) {
        self.outbox.disconnected();
        self.outgoing.clear();
        self.set_aside_old(clock_and_ids);
        self.adopt(actor.id, clock_and_ids);
        self.me = Some(actor);
        // New notes are shown as the sender's.
        self.outbox
            .commands()
            .filter_map(|(entry, _)| entry.note())
            .for_each(|note| self.changes.touch(note));
        if self.outbox.open().is_some_and(Frozen::opens_board) {
            self.set_subscription(Subscription::AwaitingMembership);
        } else {
            self.join();
        }
        self.advance(clock_and_ids);
    }

    /// The connection is gone. What was in the air is sent again over the next one.
    pub fn disconnected(&mut self) {
        self.outbox.disconnected();
        self.outgoing.clear();
        self.set_subscription(Subscription::Offline);
        self.settle_changes();
    }

    /// One message from the server.
    pub fn receive(&mut self, message: ServerMessage, clock_and_ids: &mut ClockAndIds<'_>) {
        match message {
            ServerMessage::Joined { board, role, head } if board == self.board => {
                self.set_role(role);
                self.on_joined(head.seq, clock_and_ids);
            }
            ServerMessage::BaseGone { board, role, .. } if board == self.board => {
                self.set_role(role);
                self.pull(clock_and_ids);
            }
            ServerMessage::Left { board, rejection } if board == self.board => {
                self.on_left(rejection);
            }
            ServerMessage::Event { event } if event.board == self.board => {
                self.on_event(&event, clock_and_ids);
            }
            ServerMessage::Outcome { id, board, outcome } if board == self.board => {
                self.on_outcome(id, outcome, clock_and_ids);
            }
            ServerMessage::Presence { board, people, more } if board == self.board => {
                self.on_presence(people, more);
            }
            ServerMessage::Again { id, board, after_ms } => {
                let for_join = id.is_none() && board == Some(self.board);
                let after = i64::try_from(after_ms).unwrap_or(i64::MAX);
                self.on_again(id, for_join, clock_and_ids.now.monotonic.plus(after));
            }
            ServerMessage::Reply { id, body } => self.on_reply(id, body, clock_and_ids),
            ServerMessage::Refused(refusal) => self.on_refused(&refusal, clock_and_ids),
            _ => {}
        }
        self.advance(clock_and_ids);
    }

    /// Time passed: about once a second is enough.
    pub fn tick(&mut self, clock_and_ids: &mut ClockAndIds<'_>) {
        let now = clock_and_ids.now.monotonic;
        self.outbox.tick(now);
        let is_over = |wait: Wait| wait.is_some_and(|time| time <= now);
        match &mut self.subscription {
            Subscription::Joining(wait) if is_over(*wait) => self.join(),
            Subscription::Pulling(pull) if is_over(pull.wait) => {
                let after = pull.after;
                let query = clock_and_ids.message_id();
                pull.wait = None;
                pull.query = query;
                self.ask_page(query, after);
            }
            _ => {}
        }
        self.advance(clock_and_ids);
    }

    fn on_joined(&mut self, head: Seq, clock_and_ids: &mut ClockAndIds<'_>) {
        match self.subscription {
            Subscription::Offline | Subscription::Pulling(_) => {}
            _ if self.known.position.is_none() => self.pull(clock_and_ids),
            _ if self.known.was_pulled_beyond(head) => self.pull(clock_and_ids),
            _ => {
                self.outbox.forget_outcome_beyond(head);
                self.set_subscription(Subscription::Live { reach: head });
                self.say_presence();
            }
        }
    }

    fn on_left(&mut self, rejection: Option<Rejection>) {
        match rejection {
            Some(rejection) => self.refuse(Reason::from(rejection)),
            None => self.set_subscription(Subscription::Offline),
        }
    }

    fn on_reply(&mut self, id: MessageId, reply: Reply, clock_and_ids: &mut ClockAndIds<'_>) {
        let Subscription::Pulling(pull) = &mut self.subscription else { return };
        if pull.query != id {
            return;
        }
        match reply {
            Reply::BoardPage(page) => {
                let next = page.next;
                pull.pages.push(page);
                if next.is_some() {
                    pull.after = next;
                    let query = clock_and_ids.message_id();
                    pull.query = query;
                    self.ask_page(query, next);
                } else {
                    let pages = std::mem::take(&mut pull.pages);
                    self.replace(pages, clock_and_ids);
                }
            }
            Reply::Rejected(rejection) => self.refuse(Reason::from(rejection)),
            _ => {}
        }
    }

    /// Takes a pulled board and joins at its position.
    fn replace(&mut self, pages: Vec<BoardPage>, clock_and_ids: &mut ClockAndIds<'_>) {
        self.load(pages, clock_and_ids);
        self.join();
    }

    /// Replaces the known board by a snapshot and rebases local edits onto its texts.
    pub(crate) fn load(&mut self, pages: Vec<BoardPage>, clock_and_ids: &mut ClockAndIds<'_>) {
        self.known.replace(pages);
        self.outbox.forget_outcome();
        self.outbox.forget_creations();
        self.known.notes.keys().for_each(|note| self.outbox.note_was_seen(*note));
        let notes: Vec<NoteId> = self.texts.keys().copied().collect();
        for note in notes {
            let server = self.known.notes.get(&note).map(|note| note.text.clone());
            match (server, self.texts.get_mut(&note)) {
                (Some(server), Some(text)) => {
                    text.land(&server);
                    self.drop_if_clean(note);
                }
                _ if self.outbox.creation(note).is_some() => {}
                _ => self.lose_note(note, clock_and_ids),
            }
        }
        self.changes.reset();
        self.changes.board();
    }

    fn on_again(&mut self, id: Option<MessageId>, for_join: bool, time: MonotonicTime) {
        if let Some(open) = self.outbox.open_mut()
            && Some(open.id) == id
        {
            open.sent_at = None;
            open.not_before = Some(time);
        }
        match &mut self.subscription {
            // A join that is put off takes back the one before it.
            Subscription::Joining(_) | Subscription::Live { .. } if for_join => {
                self.set_subscription(Subscription::Joining(Some(time)));
            }
            Subscription::Pulling(pull) if Some(pull.query) == id => pull.wait = Some(time),
            _ => {}
        }
    }

    fn on_refused(&mut self, refusal: &Refusal, clock_and_ids: &mut ClockAndIds<'_>) {
        let reason = Reason::from(refusal.clone());
        let is_join = refusal.id.is_none() && refusal.code == RefusalCode::TooManyBoards;
        match (&self.subscription, refusal.id) {
            (Subscription::Joining(_), None) if is_join => self.refuse(reason),
            (Subscription::Pulling(pull), Some(id)) if pull.query == id => self.refuse(reason),
            (_, Some(id)) => self.reject(id, &reason, clock_and_ids),
            (_, None) => {}
        }
    }
}
