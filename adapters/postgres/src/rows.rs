//! The rows of tables, and their conversion to the domain.

use sockbit_application::column_conversions::{parse_name, seq};
use sockbit_application::ports::{StoreError, StoredOutcome};
use sockbit_domain::{
    Actor, ActorId, BoardId, Change, ClientId, Delta, Event, EventId, KeyHash, Link, LinkId,
    MessageId, Note, NoteId, PastEdit, Position, Rank, Text, Timestamp,
};
use uuid::Uuid;

#[derive(sqlx::FromRow)]
pub(crate) struct NoteRow {
    pub board: Uuid,
    pub id: Uuid,
    pub text: String,
    pub colour: String,
    pub rank: String,
    pub state: String,
    pub seq: i64,
    pub edited_by_id: Uuid,
    pub edited_by_name: String,
    pub edited_by_colour: i16,
    pub edited_at: i64,
}

impl NoteRow {
    pub fn read(self) -> Result<Note, StoreError> {
        let key = format!("board {}, id {}", self.board, self.id);
        Ok(Note {
            id: NoteId(self.id),
            text: Text::normalise(&self.text),
            colour: parse_name(&self.colour)
                .map_err(|it| StoreError::unreadable_row("notes", &key, it))?,
            rank: Rank::try_from(self.rank)
                .map_err(|it| StoreError::unreadable_row("notes", &key, it))?,
            state: parse_name(&self.state)
                .map_err(|it| StoreError::unreadable_row("notes", &key, it))?,
            seq: seq(self.seq),
            edited_by: Actor {
                id: ActorId(self.edited_by_id),
                name: self.edited_by_name,
                colour: colour(self.edited_by_colour),
            },
            edited_at: Timestamp(self.edited_at),
        })
    }
}

#[derive(sqlx::FromRow)]
pub(crate) struct EventRow {
    board: Uuid,
    seq: i64,
    from_seq: i64,
    id: Uuid,
    message: Uuid,
    actor_id: Uuid,
    actor_name: String,
    actor_colour: i16,
    at: i64,
    change: String,
}

impl EventRow {
    pub fn read(self) -> Result<Event, StoreError> {
        let key = event_key(self.board, self.seq);
        Ok(Event {
            board: BoardId(self.board),
            seq: seq(self.seq),
            from: seq(self.from_seq),
            id: EventId(self.id),
            message: MessageId(self.message),
            actor: Actor {
                id: ActorId(self.actor_id),
                name: self.actor_name,
                colour: colour(self.actor_colour),
            },
            at: Timestamp(self.at),
            change: serde_json::from_str(&self.change)
                .map_err(|it| StoreError::unreadable_row("events", key, it))?,
        })
    }
}

/// An event, and its inverse if it is an edit.
#[derive(sqlx::FromRow)]
pub(crate) struct HistoryRow {
    #[sqlx(flatten)]
    event: EventRow,
    inverse: Option<String>,
}

impl HistoryRow {
    pub fn read(self) -> Result<(Event, Option<Delta>), StoreError> {
        let inverse = self
            .inverse
            .map(|json| inverse(self.event.board, self.event.seq, &json))
            .transpose()?;
        Ok((self.event.read()?, inverse))
    }
}

/// Parses the inverse of the edit with this number.
pub(crate) fn inverse(board: Uuid, seq: i64, json: &str) -> Result<Delta, StoreError> {
    serde_json::from_str(json)
        .map_err(|it| StoreError::unreadable_row("events", event_key(board, seq), it))
}

/// Parses an edit, which is stored with its inverse.
pub(crate) fn past_edit(
    board: Uuid,
    number: i64,
    change: &str,
    inverse_json: &str,
) -> Result<PastEdit, StoreError> {
    let key = || event_key(board, number);
    let change = serde_json::from_str(change)
        .map_err(|it| StoreError::unreadable_row("events", key(), it))?;
    let Change::NoteEdited { delta, .. } = change else {
        let cause = "it has an inverse and is not an edit";
        return Err(StoreError::unreadable_row("events", key(), cause));
    };
    Ok(PastEdit { seq: seq(number), delta, inverse: inverse(board, number, inverse_json)? })
}

pub(crate) struct OutcomeRow {
    pub board: Uuid,
    pub client: Uuid,
    pub message: Uuid,
    pub body_hash: Vec<u8>,
    pub outcome: String,
    pub at: i64,
}

impl OutcomeRow {
    pub fn read(self) -> Result<StoredOutcome, StoreError> {
        let key = format!("board {}, client {}, message {}", self.board, self.client, self.message);
        Ok(StoredOutcome {
            client: ClientId(self.client),
            message: MessageId(self.message),
            body_hash: hash(&self.body_hash)
                .map_err(|it| StoreError::unreadable_row("outcomes", &key, it))?,
            outcome: serde_json::from_str(&self.outcome)
                .map_err(|it| StoreError::unreadable_row("outcomes", &key, it))?,
            at: Timestamp(self.at),
        })
    }
}

pub(crate) struct LinkRow {
    pub board: Uuid,
    pub id: Uuid,
    pub role: String,
    pub hash: Vec<u8>,
}

impl LinkRow {
    pub fn read(&self) -> Result<Link, StoreError> {
        let key = format!("board {}, id {}", self.board, self.id);
        Ok(Link {
            id: LinkId(self.id),
            role: parse_name(&self.role)
                .map_err(|it| StoreError::unreadable_row("links", &key, it))?,
            hash: KeyHash(
                hash(&self.hash).map_err(|it| StoreError::unreadable_row("links", &key, it))?,
            ),
        })
    }
}

/// The position of an event, for example of a board's head.
#[derive(sqlx::FromRow)]
pub(crate) struct PositionRow {
    pub board: Uuid,
    pub seq: i64,
    pub event: Uuid,
}

impl PositionRow {
    pub fn position(&self) -> Position {
        Position { seq: seq(self.seq), event: EventId(self.event) }
    }
}

fn hash(bytes: &[u8]) -> Result<[u8; 32], std::array::TryFromSliceError> {
    bytes.try_into()
}

fn event_key(board: Uuid, seq: i64) -> String {
    format!("board {board}, seq {seq}")
}

/// The colour of an actor, which the schema keeps in the range of `u8`.
pub(crate) fn colour(column: i16) -> u8 {
    u8::try_from(column).unwrap_or_default()
}
