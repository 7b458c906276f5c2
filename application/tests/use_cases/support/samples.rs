//! Sample ids, identities and commands, and assertions on outcomes.

use std::time::Duration;

use sockbit_application::gateway::Identity;
use sockbit_domain::wire::ServerMessage;
use sockbit_domain::{
    Actor, ActorId, BoardId, Change, ClientId, Colour, Command, Delta, Event, EventId, NoteId,
    Outcome, Position, Rank, RejectionCode, Seq, Text, TextChange,
};
use uuid::Uuid;

/// Longer than anything takes here. With paused time it passes at once.
pub const DEADLINE: Duration = Duration::from_mins(1);

pub fn uuid(n: u64) -> Uuid {
    Uuid::from_u128(n.into())
}

pub fn board_id(n: u64) -> BoardId {
    BoardId(uuid(n))
}

pub fn note_id(n: u64) -> NoteId {
    NoteId(uuid(n))
}

/// A person on an installation of their own.
pub fn person(n: u64) -> Identity {
    let actor = Actor { id: ActorId(uuid(n)), name: format!("Person {n}"), colour: 0 };
    Identity { actor, client: ClientId(uuid(1_000 + n)) }
}

pub fn create_board(title: &str) -> Command {
    Command::CreateBoard { title: title.to_owned() }
}

pub fn create_note(note: NoteId, text: &str) -> Command {
    Command::CreateNote {
        note,
        text: Text::normalise(text),
        colour: Colour::Paper,
        rank: Rank::middle(),
    }
}

pub fn edit(note: NoteId, base: Position, delta: Delta) -> Command {
    Command::EditNote { note, base, change: TextChange::Delta(delta) }
}

pub fn write(note: NoteId, base: Position, text: &str) -> Command {
    Command::EditNote { note, base, change: TextChange::Whole(Text::normalise(text)) }
}

pub fn insert(at: u32, text: &str) -> Delta {
    Delta::new().retain(at).insert(text)
}

/// A position of another history.
pub fn foreign(seq: u64) -> Position {
    Position { seq: Seq(seq), event: EventId(uuid(0xdead_beef)) }
}

#[track_caller]
pub fn saved(outcome: &Outcome) -> Position {
    match outcome {
        Outcome::Saved { position } => *position,
        other => panic!("not saved: {other:?}"),
    }
}

#[track_caller]
pub fn rejected(outcome: &Outcome) -> RejectionCode {
    match outcome {
        Outcome::Rejected(rejection) => rejection.code,
        other => panic!("not rejected: {other:?}"),
    }
}

/// The text of a note after these events, which start with its creation.
pub fn replay(events: &[Event], note: NoteId) -> Text {
    let of_note = events.iter().filter(|it| it.change.note() == Some(note));
    of_note.fold(Text::default(), |text, event| replayed(text, &event.change))
}

/// The text of a note after one more change.
pub fn replayed(text: Text, change: &Change) -> Text {
    match change {
        Change::NoteCreated { text, .. } => text.clone(),
        Change::NoteEdited { delta, .. } => delta.apply(&text).expect("the log is consistent"),
        _ => text,
    }
}

pub fn event_of(message: &ServerMessage) -> Option<&Event> {
    match message {
        ServerMessage::Event { event } => Some(event),
        _ => None,
    }
}

pub fn numbers(events: &[Event]) -> Vec<u64> {
    events.iter().map(|it| it.seq.0).collect()
}
