//! The ids of the golden files. The first digit tells the kind of id.

use sockbit_domain::{
    Actor, ActorId, BoardId, ClientId, EventId, LinkId, MessageId, NoteId, Position, Rank, Seq,
    Text, Timestamp,
};
use uuid::Uuid;

pub const BOARD: BoardId = BoardId(id(0xb, 1));
pub const CLIENT: ClientId = ClientId(id(0xc, 1));
pub const NOTE: NoteId = NoteId(id(0xd, 1));
pub const LINK: LinkId = LinkId(id(0xf, 1));

/// `number` appears in the id as two decimal digits.
const fn id(letter: u128, number: u128) -> Uuid {
    let digits = number / 10 * 16 + number % 10;
    Uuid::from_u128((letter << 124) | 0x4000_8000_0000_0000_0000 | digits)
}

pub const fn message(number: u64) -> MessageId {
    MessageId(id(1, number as u128))
}

pub fn position(seq: u64) -> Position {
    Position { seq: Seq(seq), event: EventId(id(0xe, u128::from(seq))) }
}

/// The time of an event: one second after the previous one.
pub fn time(seq: u64) -> Timestamp {
    Timestamp(1_790_000_000_000 + 1_000 * i64::try_from(seq).expect("a small number"))
}

pub fn ada() -> Actor {
    Actor { id: ActorId(id(0xa, 1)), name: "Ada".into(), colour: 3 }
}

pub fn ben() -> Actor {
    Actor { id: ActorId(id(0xa, 2)), name: "Ben".into(), colour: 8 }
}

pub fn rank(text: &str) -> Rank {
    Rank::try_from(text.to_owned()).expect("a rank")
}

pub fn text(text: &str) -> Text {
    Text::normalise(text)
}
