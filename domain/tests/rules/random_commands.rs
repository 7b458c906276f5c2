//! Random commands, valid and invalid, on few notes, so that they conflict.

use std::ops::Range;

use proptest::prelude::*;
use sockbit_domain::{
    Colour, Command, Delta, EventId, KeyHash, NoteId, Op, Position, Rank, Role, Seq, Text,
    TextChange,
};
use uuid::Uuid;

use crate::fixture::{
    ADA, BEN, BoardFixture, CommandResult, EVE, KEY, Person, WRONG_KEY, create_note,
};

/// A command with its sender and key. An edit's base is chosen when the command is sent.
#[derive(Clone, Debug)]
pub struct RandomCommand {
    pub who: Person,
    pub command: Command,
    pub key: Option<KeyHash>,
    /// How many events an edit's base is behind the head; `None` leaves the base as it is.
    pub behind: Option<usize>,
}

impl RandomCommand {
    pub fn send(&self, fixture: &mut BoardFixture) -> CommandResult {
        let command = self.command_for(fixture);
        match self.key {
            Some(key) => fixture.send_with_key(self.who, &command, key),
            None => fixture.send(self.who, &command),
        }
    }

    /// The next edit of the same sender in the same note, if this command is an edit.
    pub fn continued_with(&self, delta: Delta) -> Self {
        let mut next = Self { behind: Some(0), ..self.clone() };
        if let Command::EditNote { change, .. } = &mut next.command {
            *change = TextChange::Delta(delta);
        }
        next
    }

    /// The command with a base among the fixture's events.
    pub fn command_for(&self, fixture: &BoardFixture) -> Command {
        let mut command = self.command.clone();
        if let (Command::EditNote { base, .. }, Some(behind)) = (&mut command, self.behind) {
            let index = fixture.facts.len().saturating_sub(behind + 1);
            *base = fixture.facts.get(index).map_or(*base, |fact| fact.event.position());
        }
        command
    }
}

/// A board with two notes, on which random histories start.
pub fn fixture_with_notes() -> BoardFixture {
    let mut fixture = BoardFixture::new();
    for number in 0..2 {
        let note = NoteId(Uuid::from_u128(number));
        fixture.send(ADA, &create_note(note, "the first words of a note")).event();
    }
    fixture
}

/// A history of commands, of which some are rejected.
pub fn history() -> impl Strategy<Value = Vec<RandomCommand>> {
    prop::collection::vec(random_command(), 1..60)
}

pub fn random_command() -> impl Strategy<Value = RandomCommand> {
    let key = prop_oneof![4 => Just(None), 1 => Just(Some(KEY)), 1 => Just(Some(WRONG_KEY))];
    let who = prop_oneof![8 => Just(ADA), 8 => Just(BEN), 1 => Just(EVE)];
    let behind = prop_oneof![16 => (0_usize..16).prop_map(Some), 1 => Just(None)];
    (who, command(), key, behind).prop_map(|(who, command, key, behind)| RandomCommand {
        who,
        command,
        key,
        behind,
    })
}

fn command() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => title().prop_map(|title| Command::CreateBoard { title }),
        1 => title().prop_map(|title| Command::RenameBoard { title }),
        1 => role().prop_map(|role| Command::AddLink { role }),
        1 => Just(Command::JoinBoard {}),
        4 => (note(), text(), colour(), rank())
            .prop_map(|(note, text, colour, rank)| Command::CreateNote { note, text, colour, rank }),
        16 => (note(), position(), text_change())
            .prop_map(|(note, base, change)| Command::EditNote { note, base, change }),
        1 => (note(), rank()).prop_map(|(note, rank)| Command::MoveNote { note, rank }),
        1 => (note(), colour()).prop_map(|(note, colour)| Command::RecolourNote { note, colour }),
        2 => note().prop_map(|note| Command::TrashNote { note }),
        2 => note().prop_map(|note| Command::RestoreNote { note }),
        1 => note().prop_map(|note| Command::DeleteNote { note }),
    ]
}

fn title() -> impl Strategy<Value = String> {
    prop_oneof![string_of("abc", 1..5), any_string()]
}

fn role() -> impl Strategy<Value = Role> {
    prop_oneof![Just(Role::Editor), Just(Role::Owner)]
}

fn note() -> impl Strategy<Value = NoteId> {
    (0_u128..3).prop_map(|number| NoteId(Uuid::from_u128(number)))
}

fn text() -> impl Strategy<Value = Text> {
    words().prop_map(|text| Text::normalise(&text))
}

/// Short texts of characters of one and of two units.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![4 => string_of("ab é👧\n", 0..12), 1 => any_string()]
}

fn string_of(chars: &str, len: Range<usize>) -> impl Strategy<Value = String> + use<> {
    let chars: Vec<char> = chars.chars().collect();
    prop::collection::vec(prop::sample::select(chars), len).prop_map(String::from_iter)
}

/// Any characters, forbidden ones included.
pub fn any_string() -> impl Strategy<Value = String> {
    prop::collection::vec(any::<char>(), 0..20).prop_map(String::from_iter)
}

fn colour() -> impl Strategy<Value = Colour> {
    prop_oneof![Just(Colour::Paper), Just(Colour::Yellow), Just(Colour::Green)]
}

fn rank() -> impl Strategy<Value = Rank> {
    string_of("1Vz", 1..6).prop_map(|text| Rank::try_from(text).expect("a rank"))
}

fn position() -> impl Strategy<Value = Position> {
    let seq = prop_oneof![(0_u64..10), any::<u64>()];
    (seq, any::<u128>())
        .prop_map(|(seq, id)| Position { seq: Seq(seq), event: EventId(Uuid::from_u128(id)) })
}

fn text_change() -> impl Strategy<Value = TextChange> {
    prop_oneof![4 => delta().prop_map(TextChange::Delta), 1 => text().prop_map(TextChange::Whole)]
}

pub fn delta() -> impl Strategy<Value = Delta> {
    prop::collection::vec(op(), 0..5).prop_map(|ops| {
        ops.into_iter().fold(Delta::new(), |delta, op| match op {
            Op::Retain(units) => delta.retain(units),
            Op::Insert(text) => delta.insert(&text),
            Op::Delete(units) => delta.delete(units),
        })
    })
}

fn op() -> impl Strategy<Value = Op> {
    prop_oneof![
        16 => (0_u32..4).prop_map(Op::Retain),
        16 => words().prop_map(Op::Insert),
        16 => (0_u32..3).prop_map(Op::Delete),
        1 => any::<u32>().prop_map(Op::Retain),
        1 => any::<u32>().prop_map(Op::Delete),
    ]
}
