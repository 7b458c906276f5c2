//! Joining a board: at a position, or by pulling all of its pages.

use sockbit_domain::wire::{ClientMessage, Query};
use sockbit_domain::{MessageId, NoteId, Role};

use crate::board_client::BoardClient;
use crate::clock_and_ids::ClockAndIds;
use crate::reason::Reason;
use crate::subscription::{JoinState, Pull, Subscription};

impl BoardClient {
    /// The client was asleep, or has another reason to doubt that it has everything: asks for what happened
    /// since its position, and goes on meanwhile.
    pub fn check(&mut self) {
        if let Subscription::Live { .. } = self.subscription {
            self.ask_to_join();
        }
    }

    pub(crate) fn set_subscription(&mut self, subscription: Subscription) {
        let before = self.join_state();
        self.subscription = subscription;
        if matches!(self.join_state(), JoinState::NotJoined | JoinState::Refused) {
            self.forget_people();
        }
        if self.join_state() != before {
            self.changes.board();
        }
    }

    pub(crate) fn set_role(&mut self, role: Role) {
        if self.known.role != Some(role) {
            self.known.role = Some(role);
            self.changes.board();
        }
    }

    /// Asks for the board's events from where this client stands.
    pub(crate) fn join(&mut self) {
        self.set_subscription(Subscription::Joining(None));
        self.ask_to_join();
    }

    pub(crate) fn ask_to_join(&mut self) {
        self.send(&ClientMessage::Join { board: self.board, position: self.known.position });
    }

    /// Whether commands may go out: everything that the server had at the join is applied.
    pub(crate) fn is_caught_up(&self) -> bool {
        match (&self.subscription, self.known.position) {
            (Subscription::Live { reach }, Some(position)) => position.seq >= *reach,
            _ => false,
        }
    }

    pub(crate) fn send(&mut self, message: &ClientMessage) {
        let frame = message.to_json();
        self.outgoing.push(frame.expect("a message is plain data, which always has a JSON form"));
    }

    pub(crate) fn refuse(&mut self, reason: Reason) {
        self.set_subscription(Subscription::Refused(reason));
    }

    pub(crate) fn pull(&mut self, clock_and_ids: &mut ClockAndIds<'_>) {
        if matches!(self.subscription, Subscription::Offline) {
            return;
        }
        let query = clock_and_ids.message_id();
        self.set_subscription(Subscription::Pulling(Pull {
            query,
            after: None,
            pages: Vec::new(),
            wait: None,
        }));
        self.ask_page(query, None);
    }

    pub(crate) fn ask_page(&mut self, id: MessageId, after: Option<NoteId>) {
        let query = Query::BoardPage { board: self.board, after };
        self.send(&ClientMessage::Query { id, query });
    }
}
