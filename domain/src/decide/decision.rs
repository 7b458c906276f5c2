//! The input and the result of a decision.

use alloc::format;

use crate::{
    Actor, Board, BoardId, Change, Delta, Event, EventId, KeyHash, Limits, LinkId, MessageId,
    Rejection, RejectionCode, Role, Seq, Timestamp,
};

/// What travels beside a command, and what the core adds to it: the ids and the time are arguments,
/// so that the same input always decides the same.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The board that the command is addressed to.
    pub board: BoardId,
    /// Who sends.
    pub actor: &'a Actor,
    /// The hash of the link key that came with the command.
    pub key: Option<KeyHash>,
    /// The command's id.
    pub message: MessageId,
    /// The id for the event, should one be made.
    pub event: EventId,
    /// The id for a link, should one be made.
    pub link: LinkId,
    /// The time for the event.
    pub now: Timestamp,
    /// What the board is held to.
    pub limits: &'a Limits,
}

/// What became of a command that was not rejected.
#[expect(clippy::large_enum_variant, reason = "one lives for a moment, and nearly all are facts")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// It happened.
    Happened(Fact),
    /// The board already was as wished.
    Unchanged,
}

/// An event with what is stored beside it and never shown.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// The event that all members see.
    pub event: Event,
    /// For an edit: what takes it back.
    pub inverse: Option<Delta>,
    /// For a new link: the hash of its key.
    pub key: Option<KeyHash>,
}

pub(super) fn forbidden(role: Role, wish: &str) -> Rejection {
    let role = match role {
        Role::Editor => "an editor",
        Role::Owner => "an owner",
    };
    Rejection::new(RejectionCode::Forbidden, format!("{role} may not {wish}"))
}

impl Context<'_> {
    /// The change as the event that follows the board's head.
    pub(super) fn happened(&self, board: &Board, change: Change) -> Decision {
        Decision::Happened(self.fact(board.head.seq.next(), change))
    }

    pub(super) fn fact(&self, seq: Seq, change: Change) -> Fact {
        let event = Event {
            board: self.board,
            seq,
            from: seq,
            id: self.event,
            message: self.message,
            actor: self.actor.clone(),
            at: self.now,
            change,
        };
        Fact { event, inverse: None, key: None }
    }
}
