//! The messages between gateways and workers, the same on every bus.

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
use crate::trace_id::TraceId;

/// A command on its way to the core, with what the gateway vouches for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CommandEnvelope {
    /// The command's trace id.
    pub trace: TraceId,
    /// The address for the outcome.
    pub reply_to: Address,
    /// The sender, as authenticated by the gateway.
    pub actor: Actor,
    /// The sender's installation; together with the message id the key of the outcome.
    pub client: ClientId,
    /// The command's id.
    pub message: MessageId,
    /// The board to change.
    pub board: BoardId,
    /// The hash of the link key beside the body.
    #[serde(default, skip_serializing_if = "Option::is_none", with = "key_hash")]
    pub key: Option<KeyHash>,
    /// The command's JSON, byte for byte as received.
    pub body: Box<RawValue>,
}

impl CommandEnvelope {
    /// Its approximate size in memory and on the bus.
    #[must_use]
    pub fn bytes(&self) -> usize {
        size_of::<Self>() + self.actor.name.len() + self.body.get().len()
    }

    /// The message to its sender; `None` means `again`: not accepted now, retry later.
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

/// The address of one connection of one gateway.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub struct Address {
    /// The gateway process.
    pub gateway: Uuid,
    /// The connection, numbered by the gateway.
    pub session: u64,
    /// Whether the gateway reads outcomes that are sent in one message with events. Gateways of
    /// earlier versions do not, and do not say so.
    #[serde(default)]
    pub reads_outcomes_with_events: bool,
}

impl Address {
    /// The address of a connection of a gateway of this version.
    #[must_use]
    pub fn new(gateway: Uuid, session: u64) -> Self {
        Self { gateway, session, reads_outcomes_with_events: true }
    }
}

/// The outcome of one command, on its way to the sender.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct OutcomeEnvelope {
    /// The command's trace id.
    pub trace: TraceId,
    /// The sender.
    pub to: Address,
    /// The command's board.
    pub board: BoardId,
    /// The command's id.
    pub message: MessageId,
    /// The outcome; `None` means `again`: not accepted now, retry later.
    pub outcome: Option<Outcome>,
}

/// Events of boards in one slot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Announcement {
    /// The slot of all the boards.
    pub slot: Slot,
    /// In the order of their numbers for each board.
    pub events: Vec<AnnouncedEvent>,
}

/// One event with the trace id of its command.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AnnouncedEvent {
    /// The command's trace id.
    pub trace: TraceId,
    /// The id of the event right before this one, which detects a diverged history; `None` for a
    /// board's first event, and if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<EventId>,
    /// The event.
    pub event: Event,
}

/// The presence of one gateway's clients on boards in one slot.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct PresenceUpdate {
    /// The sending gateway.
    pub gateway: Uuid,
    /// The slot of all the boards.
    pub slot: Slot,
    /// The current presence on each board; it replaces what this gateway sent before.
    pub boards: Vec<BoardPresence>,
}

/// The presence of one gateway's clients on one board.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct BoardPresence {
    /// The board.
    pub board: BoardId,
    /// Ordered by id and bounded in number; empty after the last one left.
    pub people: Vec<PersonPresence>,
    /// How many more there are.
    #[serde(default)]
    pub more: u32,
    /// Whether the sender has no presence of other gateways yet and requests it.
    #[serde(default)]
    pub asks: bool,
}

/// A query of a client, or of a gateway on its own behalf.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoreQuery {
    /// A client's query; the reply holds what the actor may know.
    Client {
        /// The sender.
        actor: ActorId,
        /// The query.
        query: Query,
    },
    /// May this actor join, and can the client resume from this position?
    Admission(AdmissionQuery),
    /// Many of these at once. Workers of earlier versions do not read it.
    Admissions(Vec<AdmissionQuery>),
    /// One page of a board's events. For the gateway itself, which sends them only to clients that
    /// were admitted.
    Events(EventsQuery),
    /// Many of these at once. Workers of earlier versions do not read it.
    EventPages(Vec<EventsQuery>),
    /// The heads of boards. For the gateway itself.
    Heads {
        /// The boards.
        boards: Vec<BoardId>,
    },
}

/// The query of an actor that wants to join a board.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AdmissionQuery {
    /// The actor that wants to join.
    pub actor: ActorId,
    /// The board.
    pub board: BoardId,
    /// The client's position.
    pub position: Option<Position>,
}

/// The query for one page of a board's events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct EventsQuery {
    /// The board.
    pub board: BoardId,
    /// The number after which events are requested.
    pub after: Seq,
    /// The id of the event with that number. If the log has another one there, the history has
    /// diverged.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<EventId>,
}

/// The reply to a [`CoreQuery`].
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CoreReply {
    /// The reply to a client's query.
    Client(Reply),
    /// The reply to `Admission`.
    Admission(Result<Admission, Rejection>),
    /// The reply to `Admissions`: one for each query, in the same order, and `None` for each that
    /// could not be answered. Retrying those later may succeed.
    Admissions(Vec<Option<Result<Admission, Rejection>>>),
    /// The reply to `Events`.
    Events(Vec<Event>),
    /// The reply to `EventPages`: one for each query, in the same order, and `None` for each that
    /// could not be answered. Retrying those later may succeed.
    EventPages(Vec<Option<EventPage>>),
    /// The reply to `Events` if the log does not have the event with the given id, as after a
    /// restored backup.
    #[serde(rename = "another_history")]
    HistoryDiverged,
    /// The reply to `Heads`: one for each board that exists.
    Heads(Vec<(BoardId, Position)>),
    /// The store is unavailable. Retrying later may succeed.
    Unavailable,
}

/// One page of a board's events.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventPage {
    /// The events in order; none if the log has no later ones.
    Events(Vec<Event>),
    /// The log does not have the event with the given id, as after a restored backup.
    HistoryDiverged,
}

/// How an actor may join a board.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Admission {
    /// The actor's role.
    pub role: Role,
    /// The board's last event.
    pub head: Position,
    /// Whether the missing events can be sent; otherwise the client pulls a snapshot.
    pub resumable: bool,
}

/// A message that is encoded once for all its receivers.
pub type EncodedMessage = Bytes;

/// Serialises a key's hash as hexadecimal digits.
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
            hex::decode(&digits)
                .map(KeyHash)
                .ok_or_else(|| D::Error::custom("not a SHA-256 hash in hexadecimal digits"))
        };
        digits.map(hash).transpose()
    }
}
