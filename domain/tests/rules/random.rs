//! Commands at random, sensible and hostile, on few notes, so that they meet.

use std::ops::Range;

use proptest::prelude::*;
use sockbit_domain::{
    Colour, Command, Delta, EventId, KeyHash, NoteId, Op, Position, Rank, Role, Seq, Text,
    TextChange,
};
use uuid::Uuid;

use crate::support::{ADA, BEN, EVE, Heard, KEY, Person, Scene, WRONG_KEY, create_note};

/// Who sends what, with which key. Bases are chosen when it is sent, from what happened by then.
#[derive(Clone, Debug)]
pub struct Sending {
    pub who: Person,
    pub command: Command,
    pub key: Option<KeyHash>,
    /// How many events back an edit's base lies; `None` where the base stays as it is.
    pub behind: Option<usize>,
}

impl Sending {
    pub fn send(&self, scene: &mut Scene) -> Heard {
        let command = self.command_now(scene);
        match self.key {
            Some(key) => scene.send_with_key(self.who, &command, key),
            None => scene.send(self.who, &command),
        }
    }

    /// The same person types on in the same note, if that is where they were.
    pub fn typing(&self, delta: Delta) -> Self {
        let mut sending = Self { behind: Some(0), ..self.clone() };
        if let Command::EditNote { change, .. } = &mut sending.command {
            *change = TextChange::Delta(delta);
        }
        sending
    }

    /// The command with its base among the events that there are.
    pub fn command_now(&self, scene: &Scene) -> Command {
        let mut command = self.command.clone();
        if let (Command::EditNote { base, .. }, Some(behind)) = (&mut command, self.behind) {
            let place = scene.facts.len().saturating_sub(behind + 1);
            *base = scene.facts.get(place).map_or(*base, |fact| fact.event.position());
        }
        command
    }
}

/// A board with two notes, for histories to go on from.
pub fn scene_with_notes() -> Scene {
    let mut scene = Scene::new();
    for number in 0..2 {
        let note = NoteId(Uuid::from_u128(number));
        scene.send(ADA, &create_note(note, "the first words of a note")).event();
    }
    scene
}

/// A history: some of it is granted, and some is not.
pub fn sendings() -> impl Strategy<Value = Vec<Sending>> {
    prop::collection::vec(sending(), 1..60)
}

pub fn sending() -> impl Strategy<Value = Sending> {
    let key = prop_oneof![4 => Just(None), 1 => Just(Some(KEY)), 1 => Just(Some(WRONG_KEY))];
    let who = prop_oneof![8 => Just(ADA), 8 => Just(BEN), 1 => Just(EVE)];
    let behind = prop_oneof![16 => (0_usize..16).prop_map(Some), 1 => Just(None)];
    (who, command(), key, behind).prop_map(|(who, command, key, behind)| Sending {
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

/// Short words of characters that take one unit or two.
fn words() -> impl Strategy<Value = String> {
    prop_oneof![4 => string_of("ab é👧\n", 0..12), 1 => any_string()]
}

fn string_of(chars: &str, len: Range<usize>) -> impl Strategy<Value = String> + use<> {
    let chars: Vec<char> = chars.chars().collect();
    prop::collection::vec(prop::sample::select(chars), len).prop_map(String::from_iter)
}

/// Characters of any kind, those that texts do not have included.
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
