//! The state of a client's subscription to its board.

use serde::Serialize;
use sockbit_domain::wire::BoardPage;
use sockbit_domain::{MessageId, NoteId, Seq};

use crate::clock_and_ids::MonotonicTime;
use crate::reason::Reason;

/// Whether the board's events follow.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinState {
    /// There is no connection.
    NotJoined,
    /// The server was asked.
    Joining,
    /// They do.
    Live,
    /// The server said why not.
    Refused,
}

/// The connection, as far as this board goes.
#[derive(Clone, Debug)]
pub(crate) enum Subscription {
    Offline,
    /// A command that lets the sender in goes before the join.
    AwaitingMembership,
    Joining(Wait),
    Pulling(Pull),
    /// Caught up once everything up to `reach` is applied.
    Live {
        reach: Seq,
    },
    Refused(Reason),
}

/// When the server may be asked again, if it asked for a pause.
pub(crate) type Wait = Option<MonotonicTime>;

/// A board that is pulled page by page.
#[derive(Clone, Debug)]
pub(crate) struct Pull {
    pub query: MessageId,
    pub after: Option<NoteId>,
    pub pages: Vec<BoardPage>,
    pub wait: Wait,
}
