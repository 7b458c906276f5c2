//! What travels between gateways and workers, whatever the bus.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use sockbit_domain::wire::{PersonPresence, Query, Reply};
use sockbit_domain::{
    Actor, ActorId, BoardId, ClientId, Event, EventId, KeyHash, MessageId, Outcome, Position,
    Rejection, Role, Seq,
};
use uuid::Uuid;

use crate::hex;
use crate::slot::Slot;
use crate::trace::TraceId;

/// A command on its way to the core, with everything that the core may not ask the sender for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandEnvelope {
    /// Follows the command from transport to transport.
    pub trace: TraceId,
    /// Where the outcome goes.
    pub reply_to: Address,
    /// Who sends, as the gateway authenticated them.
    pub actor: Actor,
    /// The installation that it came from; with the message id it is the key of the outcome.
    pub client: ClientId,
    /// The command's id.
    pub message: MessageId,
    /// The board to change.
    pub board: BoardId,
    /// The hash of the link key that came beside the body.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "key_hash")]
    pub key: Option<KeyHash>,
    /// The JSON of the command, byte for byte as received.
    pub body: Box<RawValue>,
}

impl CommandEnvelope {
    /// About what it takes in memory and on the way.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.actor.name.len() + self.body.get().len()
    }

    /// What its sender is told; `None` means not taken now, send it again.
    #[must_use]
    pub fn with_outcome(&self, outcome: Option<Outcome>) -> OutcomeEnvelope {
        OutcomeEnvelope {
            trace: self.trace,
            to: self.reply_to,
            board: self.board,
            message: self.message,
            outcome,
        }
    }
}

/// One connection at one gateway.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Address {
    /// The gateway process.
    pub gateway: Uuid,
    /// The connection, numbered by the gateway.
    pub session: u64,
}

/// The outcome of one command, on its way to the sender.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OutcomeEnvelope {
    /// Follows the command from transport to transport.
    pub trace: TraceId,
    /// The sender.
    pub to: Address,
    /// The board that it was for.
    pub board: BoardId,
    /// The command's id.
    pub message: MessageId,
    /// What became of it; `None` means not taken now, send it again.
    pub outcome: Option<Outcome>,
}

/// What happened on the boards of one slot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Announcement {
    /// The slot of all the boards.
    pub slot: Slot,
    /// In order, for each board.
    pub events: Vec<AnnouncedEvent>,
}

/// One event with the trace of the command that made it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AnnouncedEvent {
    /// Follows the command from transport to transport.
    pub trace: TraceId,
    /// The event that this one comes right after, by which another history is told from this one;
    /// `None` for the first of a board, and where it is not known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<EventId>,
    /// What happened.
    pub event: Event,
}

/// Who is at boards of one slot, as one gateway has its own clients.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PresenceUpdate {
    /// The gateway that tells.
    pub gateway: Uuid,
    /// The slot of all the boards.
    pub slot: Slot,
    /// Each as it is now, in the place of whatever this gateway told of it before.
    pub boards: Vec<BoardPresence>,
}

/// Who is at one board, as one gateway has its own clients.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BoardPresence {
    /// Which board.
    pub board: BoardId,
    /// As many as are told, by id. Nobody where the last one left.
    pub people: Vec<PersonPresence>,
    /// How many there are besides.
    #[serde(default)]
    pub more: u32,
    /// Whether the gateway knows nobody else's people yet, and wants to be told.
    #[serde(default)]
    pub asks: bool,
}

/// A query of a client, or of a gateway in its own name.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoreQuery {
    /// A client's query; answered as far as the actor may know.
    Client {
        /// Who asks.
        actor: ActorId,
        /// What.
        query: Query,
    },
    /// May this actor join, and can they resume from this position?
    Admission {
        /// Who wants to join.
        actor: ActorId,
        /// Which board.
        board: BoardId,
        /// What they have seen of it.
        position: Option<Position>,
    },
    /// A board's events after a number, as many as fit a page. For the gateway itself, which
    /// shows them only to those whom it admitted.
    Events {
        /// Which board.
        board: BoardId,
        /// The number of the last event that the gateway has.
        after: Seq,
        /// Which event that is. Where the log has another one there, so is the history.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        id: Option<EventId>,
    },
    /// The heads of boards. For the gateway itself.
    Heads {
        /// Which boards.
        boards: Vec<BoardId>,
    },
}

/// The answer to a [`CoreQuery`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoreReply {
    /// To a client's query.
    Client(Reply),
    /// To an admission.
    Admission(Result<Admission, Rejection>),
    /// To a query for events.
    Events(Vec<Event>),
    /// To a query for events: the log does not hold the event that they were to follow, as after a
    /// restored backup.
    #[serde(rename = "another_history")]
    HistoryDiverged,
    /// To a query for heads: one for each board that exists.
    Heads(Vec<(BoardId, Position)>),
    /// The store could not be asked. Asking again later may help.
    Unavailable,
}

/// How somebody may join.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Admission {
    /// What they may do.
    pub role: Role,
    /// The last event.
    pub head: Position,
    /// Whether the missing events can be sent; otherwise the board is pulled anew.
    pub resumable: bool,
}

/// A message encoded once for all who get it.
pub type EncodedMessage = Bytes;

/// A key's hash as hexadecimal digits, where there is one.
mod key_hash {
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{KeyHash, hex};

    #[expect(clippy::ref_option, reason = "serde calls it so")]
    pub fn serialize<S: Serializer>(key: &Option<KeyHash>, to: S) -> Result<S::Ok, S::Error> {
        match key {
            Some(KeyHash(hash)) => to.serialize_some(&hex::encode(hash)),
            None => to.serialize_none(),
        }
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Option<KeyHash>, D::Error> {
        let digits: Option<String> = Option::deserialize(from)?;
        let hash = |digits: String| {
            hex::decode(&digits).map(KeyHash).ok_or_else(|| D::Error::custom("this is no hash"))
        };
        digits.map(hash).transpose()
    }
}
