//! The rules of SockBit: commands in, events out. No async, no I/O, no clock, no randomness.
//!
//! Read [`decide()`] first: from a [`Command`] and the state of its [`Board`] it makes an [`Event`]
//! or a [`Rejection`]. [`Board::apply`] then applies the event to the state.
#![no_std]

extern crate alloc;

pub mod delta;
pub mod text;
pub mod wire;

mod actor;
mod apply;
mod board;
mod colour;
mod command;
mod decide;
mod event;
mod id;
mod key_hash;
mod limits;
mod note;
mod note_fields;
mod outcome;
mod position;
mod rank;
mod rejection;
mod role;
mod single_line;
mod squash;
mod title;

pub use actor::{Actor, PERSON_COLOURS, person_name};
pub use board::{Board, Link, PastEdit};
pub use colour::Colour;
pub use command::{Command, TextChange};
pub use decide::{Context, Decision, Fact, decide};
pub use delta::{Delta, DeltaError, Op};
pub use event::{Change, Event};
pub use id::{ActorId, BoardId, ClientId, EventId, LinkId, MessageId, NoteId};
pub use key_hash::KeyHash;
pub use limits::Limits;
pub use note::Note;
pub use note_fields::{NoteFields, NoteState};
pub use outcome::Outcome;
pub use position::{Position, Seq, Timestamp};
pub use rank::{Rank, RankError};
pub use rejection::{Rejection, RejectionCode};
pub use role::Role;
pub use squash::{Run, Squashed, squash};
pub use text::Text;
pub use title::Title;
