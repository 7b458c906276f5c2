//! Messages from gateways.

use alloc::string::String;
use alloc::vec::Vec;

use serde::{Deserialize, Serialize};

use super::{PersonPresence, Refusal, Reply, VERSION};
use crate::{Actor, BoardId, ClientId, Event, MessageId, Outcome, Position, Rejection, Role};

/// One message to a client.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerMessage {
    /// The first message: the identity that the gateway found for the client.
    Welcome {
        /// The actor of this connection.
        actor: Actor,
        /// The client of this connection.
        client: ClientId,
    },
    /// The join succeeded. The events after the client's position follow, then new ones as they happen.
    Joined {
        /// Which board.
        board: BoardId,
        /// The actor's role.
        role: Role,
        /// The board's head at the join.
        head: Position,
    },
    /// The client cannot resume from its position. It pulls the board in pages, then joins with the
    /// position of the first page.
    BaseGone {
        /// Which board.
        board: BoardId,
        /// The actor's role.
        role: Role,
        /// The board's head at the join.
        head: Position,
    },
    /// The client is not, or no longer, subscribed to the board.
    Left {
        /// Which board.
        board: BoardId,
        /// The reason, unless the client itself left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        rejection: Option<Rejection>,
    },
    /// An event of a joined board.
    Event {
        /// The event.
        event: Event,
    },
    /// The outcome of a command.
    Outcome {
        /// The command's message id.
        id: MessageId,
        /// The command's board.
        board: BoardId,
        /// The outcome.
        outcome: Outcome,
    },
    /// Not accepted now: the client sends the same message again, with the same id, after a delay.
    Again {
        /// The id of the command or query; none for a join.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<MessageId>,
        /// The board of a join.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        board: Option<BoardId>,
        /// The delay in milliseconds.
        after_ms: u64,
    },
    /// The reply to a query.
    Reply {
        /// The query's id.
        id: MessageId,
        /// The reply.
        body: Reply,
    },
    /// The users on a joined board now. It replaces the previous presence of that board.
    Presence {
        /// Which board.
        board: BoardId,
        /// The users, ordered by id, the client's own included. The list is bounded.
        people: Vec<PersonPresence>,
        /// The approximate number of further users.
        #[serde(default)]
        more: u32,
    },
    /// A message was refused; sending it again would not help.
    Refused(Refusal),
    /// The response to a ping.
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
