//! Messages from clients.

use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::format;
use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Query, VERSION};
use crate::{BoardId, MessageId, NoteId, Position};

/// One message from a client.
#[derive(Clone, Debug)]
pub enum ClientMessage {
    /// A request to change a board; its result is one outcome.
    Command(SentCommand),
    /// A query; gets one reply.
    Query {
        /// The reply carries the same id.
        id: MessageId,
        /// The query.
        query: Query,
    },
    /// Subscribe to a board's events.
    Join {
        /// Which board.
        board: BoardId,
        /// What the client has applied of it.
        position: Option<Position>,
    },
    /// Unsubscribe from a board's events.
    Leave {
        /// Which board.
        board: BoardId,
    },
    /// The user is on this board, which the client has joined, and perhaps in a note.
    Presence {
        /// Which board.
        board: BoardId,
        /// The note that the user is in.
        note: Option<NoteId>,
    },
    /// Checks the connection. The reply is a pong.
    Ping,
}

/// A command as received: only the core parses its body.
#[derive(Clone, Debug)]
pub struct SentCommand {
    /// The message id.
    pub id: MessageId,
    /// The board to change.
    pub board: BoardId,
    /// A link key, for commands that need one. The gateway forwards only its hash.
    pub key: Option<String>,
    /// The JSON of a [`crate::Command`].
    pub body: Box<RawValue>,
}

/// Why a message could not be read or accepted. Unlike a rejection it is not about a board.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize, thiserror::Error)]
#[error("{detail}")]
pub struct Refusal {
    /// The id of the message, if it could be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<MessageId>,
    /// The stable code.
    pub code: RefusalCode,
    /// A sentence for people.
    pub detail: String,
}

/// The refusal codes of the protocol.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalCode {
    /// Not JSON, or a field is missing or has the wrong type.
    Malformed,
    /// A protocol version that this server does not support.
    UnsupportedVersion,
    /// An unknown message type.
    UnknownType,
    /// More joined boards than one connection may have.
    TooManyBoards,
    /// The message carries no valid identification of its sender.
    Unauthenticated,
}

#[derive(Serialize, Deserialize)]
struct Frame<'a> {
    v: Option<u32>,
    #[serde(borrow, rename = "type")]
    kind: Option<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    id: Option<MessageId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    board: Option<BoardId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    position: Option<Position>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    note: Option<NoteId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<Cow<'a, str>>,
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct OnlyId {
    id: MessageId,
}

impl ClientMessage {
    /// Reads one message from its JSON.
    pub fn parse(json: &str) -> Result<Self, Refusal> {
        // serde would also accept an array of the fields, whose order would then be part of the
        // protocol.
        if !json.trim_start().starts_with('{') {
            let detail = "the message is not a JSON object".to_owned();
            return Err(Refusal { id: None, code: RefusalCode::Malformed, detail });
        }
        let frame: Frame<'_> = serde_json::from_str(json).map_err(|error| {
            let id = serde_json::from_str::<OnlyId>(json).ok().map(|it| it.id);
            Refusal { id, code: RefusalCode::Malformed, detail: error.to_string() }
        })?;
        let id = frame.id;
        frame.read().map_err(|(code, detail)| Refusal { id, code, detail })
    }

    /// The message's JSON.
    pub fn to_json(&self) -> Result<String, serde_json::Error> {
        let query = match self {
            Self::Query { query, .. } => Some(serde_json::value::to_raw_value(query)?),
            _ => None,
        };
        serde_json::to_string(&self.frame(query.as_deref()))
    }

    fn frame<'a>(&'a self, query: Option<&'a RawValue>) -> Frame<'a> {
        let frame = |kind| Frame {
            v: Some(VERSION),
            kind: Some(Cow::Borrowed(kind)),
            id: None,
            board: None,
            position: None,
            note: None,
            key: None,
            body: None,
        };
        match self {
            Self::Command(sent) => Frame {
                id: Some(sent.id),
                board: Some(sent.board),
                key: sent.key.as_deref().map(Cow::Borrowed),
                body: Some(&sent.body),
                ..frame("command")
            },
            Self::Query { id, .. } => Frame { id: Some(*id), body: query, ..frame("query") },
            Self::Join { board, position } => {
                Frame { board: Some(*board), position: *position, ..frame("join") }
            }
            Self::Leave { board } => Frame { board: Some(*board), ..frame("leave") },
            Self::Presence { board, note } => {
                Frame { board: Some(*board), note: *note, ..frame("presence") }
            }
            Self::Ping => frame("ping"),
        }
    }
}

type FrameError = (RefusalCode, String);

impl Frame<'_> {
    fn read(self) -> Result<ClientMessage, FrameError> {
        let v = self.v.ok_or_else(|| missing("v"))?;
        if v != VERSION {
            let detail =
                format!("version {v} is not supported; this server supports version {VERSION}");
            return Err((RefusalCode::UnsupportedVersion, detail));
        }
        let kind = self.kind.clone().ok_or_else(|| missing("type"))?;
        match kind.as_ref() {
            "command" => Ok(ClientMessage::Command(SentCommand {
                id: self.id.ok_or_else(|| missing("id"))?,
                board: self.board.ok_or_else(|| missing("board"))?,
                key: self.key.map(Cow::into_owned),
                body: self.body.ok_or_else(|| missing("body"))?.to_owned(),
            })),
            "query" => Ok(ClientMessage::Query {
                id: self.id.ok_or_else(|| missing("id"))?,
                query: serde_json::from_str(self.body.ok_or_else(|| missing("body"))?.get())
                    .map_err(|error| (RefusalCode::Malformed, format!("in `body`: {error}")))?,
            }),
            "join" => Ok(ClientMessage::Join {
                board: self.board.ok_or_else(|| missing("board"))?,
                position: self.position,
            }),
            "leave" => {
                Ok(ClientMessage::Leave { board: self.board.ok_or_else(|| missing("board"))? })
            }
            "presence" => Ok(ClientMessage::Presence {
                board: self.board.ok_or_else(|| missing("board"))?,
                note: self.note,
            }),
            "ping" => Ok(ClientMessage::Ping),
            other => {
                let shown: String = other.chars().take(40).collect();
                Err((RefusalCode::UnknownType, format!("there is no message of type {shown:?}")))
            }
        }
    }
}

fn missing(field: &str) -> FrameError {
    (RefusalCode::Malformed, format!("missing field `{field}`"))
}
