//! The subscription to the board's events: joining at a position, or pulling the whole board first.

use serde::Serialize;
use sockbit_domain::wire::{BoardPage, ClientMessage, Query, Refusal, RefusalCode, Reply};
use sockbit_domain::{MessageId, NoteId, Rejection, Seq};

use crate::clock_and_ids::{ClockAndIds, MonotonicTime};
use crate::effect::Effect;
use crate::reason::Reason;
use crate::server_board::ServerBoard;

/// Whether the client receives the board's events.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinState {
    /// There is no connection.
    #[default]
    NotJoined,
    /// The client requested to join.
    Joining,
    /// It does.
    Live,
    /// The server rejected the join.
    Refused,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct Subscription {
    state: SubscriptionState,
}

#[derive(Clone, Debug, Default)]
enum SubscriptionState {
    #[default]
    Offline,
    /// A command that makes the user a member is sent before the join.
    AwaitingMembership,
    Joining {
        retry_at: RetryAt,
    },
    Pulling(Pull),
    /// Caught up once the board is at `head`, the server's head at the join.
    Live {
        head: Seq,
    },
    Refused(Reason),
}

/// When to send the request again, if the server asked for a pause.
type RetryAt = Option<MonotonicTime>;

/// A pull of the board, page by page.
#[derive(Clone, Debug)]
struct Pull {
    query: MessageId,
    after: Option<NoteId>,
    pages: Vec<BoardPage>,
    retry_at: RetryAt,
}

impl Subscription {
    pub fn join_state(&self) -> JoinState {
        match self.state {
            SubscriptionState::Offline => JoinState::NotJoined,
            SubscriptionState::AwaitingMembership
            | SubscriptionState::Joining { .. }
            | SubscriptionState::Pulling(_) => JoinState::Joining,
            SubscriptionState::Live { .. } => JoinState::Live,
            SubscriptionState::Refused(_) => JoinState::Refused,
        }
    }

    pub fn refusal(&self) -> Option<&Reason> {
        match &self.state {
            SubscriptionState::Refused(reason) => Some(reason),
            _ => None,
        }
    }

    pub fn is_live(&self) -> bool {
        matches!(self.state, SubscriptionState::Live { .. })
    }

    pub fn is_connected(&self) -> bool {
        !matches!(self.state, SubscriptionState::Offline)
    }

    /// Whether commands may be sent: everything that the server had at the join is applied.
    pub fn is_caught_up(&self, server: &ServerBoard) -> bool {
        match self.state {
            SubscriptionState::Live { head } => server.head().is_some_and(|it| it >= head),
            _ => false,
        }
    }

    pub fn connected(&mut self, is_for_membership: bool, server: &ServerBoard) -> Vec<Effect> {
        if is_for_membership {
            self.state = SubscriptionState::AwaitingMembership;
            return Vec::new();
        }
        self.join(server)
    }

    pub fn disconnected(&mut self) {
        self.state = SubscriptionState::Offline;
    }

    /// Joins at the board's position.
    pub fn join(&mut self, server: &ServerBoard) -> Vec<Effect> {
        self.state = SubscriptionState::Joining { retry_at: None };
        vec![Effect::Send(join_message(server))]
    }

    /// The command that makes the user a member has its outcome.
    pub fn membership_decided(&mut self, server: &ServerBoard) -> Vec<Effect> {
        match self.state {
            SubscriptionState::AwaitingMembership | SubscriptionState::Refused(_) => {
                self.join(server)
            }
            _ => Vec::new(),
        }
    }

    /// Joins again while live, to receive the events that may be missing.
    pub fn check(&self, server: &ServerBoard) -> Option<ClientMessage> {
        self.is_live().then(|| join_message(server))
    }

    /// An event is missing. The next join brings it, so a gap during a join needs no other one.
    pub fn gap(&mut self, server: &ServerBoard) -> Vec<Effect> {
        if self.is_live() { self.join(server) } else { Vec::new() }
    }

    pub fn joined(
        &mut self,
        head: Seq,
        server: &ServerBoard,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Vec<Effect> {
        match self.state {
            SubscriptionState::Offline | SubscriptionState::Pulling(_) => Vec::new(),
            _ if !server.can_resume(head) => self.pull(server, clock_and_ids),
            _ => {
                self.state = SubscriptionState::Live { head };
                vec![Effect::Joined(head)]
            }
        }
    }

    /// The server can no longer verify the position: pulls the whole board.
    pub fn pull(
        &mut self,
        server: &ServerBoard,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Vec<Effect> {
        if !self.is_connected() {
            return Vec::new();
        }
        let query = clock_and_ids.message_id();
        let pull = Pull { query, after: None, pages: Vec::new(), retry_at: None };
        let request = pull.request(server);
        self.state = SubscriptionState::Pulling(pull);
        vec![request]
    }

    pub fn left(&mut self, rejection: Option<Rejection>) {
        self.state = match rejection {
            Some(rejection) => SubscriptionState::Refused(Reason::from(rejection)),
            None => SubscriptionState::Offline,
        };
    }

    pub fn reply(
        &mut self,
        id: MessageId,
        reply: Reply,
        server: &ServerBoard,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Vec<Effect> {
        let SubscriptionState::Pulling(pull) = &mut self.state else { return Vec::new() };
        match reply {
            _ if pull.query != id => Vec::new(),
            Reply::BoardPage(page) => {
                pull.after = page.next;
                pull.pages.push(page);
                if pull.after.is_none() {
                    return vec![Effect::Load(std::mem::take(&mut pull.pages))];
                }
                pull.query = clock_and_ids.message_id();
                vec![pull.request(server)]
            }
            Reply::Rejected(rejection) => {
                self.state = SubscriptionState::Refused(Reason::from(rejection));
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    /// The server asked for a pause. After that the join, or the query with this id, is sent again.
    pub fn postpone(&mut self, id: Option<MessageId>, is_join: bool, until: MonotonicTime) {
        match &mut self.state {
            // A check that is postponed ends the join before it.
            SubscriptionState::Joining { .. } | SubscriptionState::Live { .. } if is_join => {
                self.state = SubscriptionState::Joining { retry_at: Some(until) };
            }
            SubscriptionState::Pulling(pull) if Some(pull.query) == id => {
                pull.retry_at = Some(until);
            }
            _ => {}
        }
    }

    /// Returns whether the refused message was sent for the subscription.
    pub fn refused(&mut self, refusal: &Refusal) -> bool {
        let is_own = match &self.state {
            SubscriptionState::Joining { .. } => {
                refusal.id.is_none() && refusal.code == RefusalCode::TooManyBoards
            }
            SubscriptionState::Pulling(pull) => refusal.id == Some(pull.query),
            _ => false,
        };
        if is_own {
            self.state = SubscriptionState::Refused(Reason::from(refusal.clone()));
        }
        is_own
    }

    pub fn tick(
        &mut self,
        server: &ServerBoard,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Vec<Effect> {
        let now = clock_and_ids.now.monotonic;
        let is_over = |retry_at: RetryAt| retry_at.is_some_and(|time| time <= now);
        match &mut self.state {
            SubscriptionState::Joining { retry_at } if is_over(*retry_at) => self.join(server),
            SubscriptionState::Pulling(pull) if is_over(pull.retry_at) => {
                pull.retry_at = None;
                pull.query = clock_and_ids.message_id();
                vec![pull.request(server)]
            }
            _ => Vec::new(),
        }
    }
}

impl Pull {
    fn request(&self, server: &ServerBoard) -> Effect {
        let query = Query::BoardPage { board: server.id(), after: self.after };
        Effect::Send(ClientMessage::Query { id: self.query, query })
    }
}

fn join_message(server: &ServerBoard) -> ClientMessage {
    ClientMessage::Join { board: server.id(), position: server.position() }
}
