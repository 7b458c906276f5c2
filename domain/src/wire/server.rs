//! What gateways send.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{PersonPresence, Refusal, Reply, VERSION};
use crate::{Actor, BoardId, ClientId, Event, MessageId, Outcome, Position, Rejection, Role};

/// One message to a client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The first message: whom the gateway takes the client for.
    Welcome {
        /// Who sends over this connection.
        actor: Actor,
        /// The installation it comes from.
        client: ClientId,
    },
    /// The board's events after the client's position follow, then news as it happens.
    Joined {
        /// Which board.
        board: BoardId,
        /// What the actor may do there.
        role: Role,
        /// The last event when that was found.
        head: Position,
    },
    /// The client's position cannot be resumed from: pull the board in pages, then join with the
    /// position of the first.
    BaseGone {
        /// Which board.
        board: BoardId,
        /// What the actor may do there.
        role: Role,
        /// The last event when that was found.
        head: Position,
    },
    /// The board's events do not, or no longer, follow.
    Left {
        /// Which board.
        board: BoardId,
        /// Why, unless the client itself left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rejection: Option<Rejection>,
    },
    /// What happened on a joined board.
    Event {
        /// The event.
        event: Event,
    },
    /// The one answer to a command.
    Outcome {
        /// The command's message id.
        id: MessageId,
        /// The board that it was for.
        board: BoardId,
        /// What became of it.
        outcome: Outcome,
    },
    /// Not taken now: send the same message again, under the same id, after a while.
    Again {
        /// The id of the command or query; a join that has to wait carries none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<MessageId>,
        /// The board of a join that has to wait.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        board: Option<BoardId>,
        /// Milliseconds to wait first.
        after_ms: u64,
    },
    /// The answer to a query.
    Reply {
        /// The query's id.
        id: MessageId,
        /// The answer.
        body: Reply,
    },
    /// Who is at a joined board now, in the place of whatever was told of it before.
    Presence {
        /// Which board.
        board: BoardId,
        /// As many as are told, by id; the client's own person among them.
        people: Vec<PersonPresence>,
        /// About how many there are besides.
        #[serde(default)]
        more: u32,
    },
    /// A message could not be taken; sending it again would not help.
    Refused(Refusal),
    /// The answer to a ping.
    Pong {},
}

#[derive(Serialize)]
struct Versioned<'a> {
    v: u32,
    #[serde(flatten)]
    message: &'a ServerMessage,
}

impl ServerMessage {
    /// The message's JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        serde_json::to_string(&Versioned { v: VERSION, message: self })
    }

    /// Reads one message from its JSON.
    pub fn parse(json: &str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(json)
    }
}
