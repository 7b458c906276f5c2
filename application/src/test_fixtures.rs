//! Sample people, boards and commands, and simple ports, for the tests in this crate.

use std::sync::atomic::{AtomicU64, Ordering};

use sockbit_domain::{
    Actor, ActorId, Board, BoardId, Change, ClientId, Colour, Command, Event, EventId, MessageId,
    NoteId, Position, Rank, Seq, Text, Timestamp, Title,
};
use uuid::Uuid;

use crate::bus_messages::{Address, CommandEnvelope};
use crate::ports::{Clock, Ids, LoadedBoard};
use crate::trace_id::TraceId;

pub const NOW: Timestamp = Timestamp(1_700_000_000_000);

pub fn uuid(n: u64) -> Uuid {
    Uuid::from_u128(n.into())
}

pub fn board_id(n: u64) -> BoardId {
    BoardId(uuid(n))
}

pub fn message_id(n: u64) -> MessageId {
    MessageId(uuid(n))
}

pub fn person(n: u64) -> Actor {
    Actor { id: ActorId(uuid(n)), name: format!("Person {n}"), colour: 0 }
}

/// The address of a session at gateway 1.
pub fn address(session: u64) -> Address {
    Address::new(uuid(1), session)
}

pub fn position(seq: u64) -> Position {
    Position { seq: Seq(seq), event: EventId(uuid(seq)) }
}

/// A board of Person 1 with its head at this number.
pub fn board(n: u64, seq: u64) -> Board {
    let event = event(n, 1, Change::BoardCreated { title: Title::stored("Ideas".to_owned()) });
    let created = Board::created(&event).expect("the event creates a board");
    Board { head: position(seq), ..created }
}

pub fn found(board: Board) -> LoadedBoard {
    LoadedBoard { board: Some(board), outcomes: Vec::new() }
}

pub fn event(board: u64, seq: u64, change: Change) -> Event {
    Event {
        board: board_id(board),
        seq: Seq(seq),
        from: Seq(seq),
        id: position(seq).event,
        message: message_id(seq),
        actor: person(1),
        at: NOW,
        change,
    }
}

pub fn renamed(board: u64, seq: u64) -> Event {
    let title = Title::stored(format!("Title {seq}"));
    event(board, seq, Change::BoardRenamed { title })
}

/// A command of Person 1.
pub fn envelope(board: u64, message: u64, command: &Command) -> CommandEnvelope {
    CommandEnvelope {
        trace: TraceId(uuid(message)),
        reply_to: address(message),
        actor: person(1),
        client: ClientId(uuid(1)),
        message: message_id(message),
        board: board_id(board),
        key: None,
        body: serde_json::value::to_raw_value(command).expect("a command is JSON"),
    }
}

/// A command that always results in an event.
pub fn new_note(board: u64, message: u64) -> CommandEnvelope {
    let command = Command::CreateNote {
        note: NoteId(uuid(message)),
        text: Text::normalise("note"),
        colour: Colour::Paper,
        rank: Rank::middle(),
    };
    envelope(board, message, &command)
}

pub struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        NOW
    }
}

/// Ids that count up from one. Can be made to panic at one number.
#[derive(Default)]
pub struct CountingIds {
    minted: AtomicU64,
    panics_at: Option<u64>,
}

impl CountingIds {
    pub fn that_panic_at(number: u64) -> Self {
        Self { minted: AtomicU64::default(), panics_at: Some(number) }
    }
}

impl Ids for CountingIds {
    fn mint(&self) -> Uuid {
        let number = self.minted.fetch_add(1, Ordering::Relaxed) + 1;
        assert_ne!(Some(number), self.panics_at, "no randomness left");
        uuid(0x1d00 + number)
    }
}
