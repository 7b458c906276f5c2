//! The input and the result of a decision.

use alloc::format;

use crate::{
    Actor, Board, BoardId, Change, Delta, Event, EventId, KeyHash, Limits, LinkId, MessageId,
    Rejection, RejectionCode, Role, Seq, Timestamp,
};

/// A command's envelope, with the ids, the time and the limits that the core adds: they are
/// arguments, so that a decision is deterministic.
#[derive(Clone, Debug)]
pub struct Context<'a> {
    /// The board that the command is addressed to.
    pub board: BoardId,
    /// The sender.
    pub actor: &'a Actor,
    /// The hash of the link key that came with the command.
    pub key: Option<KeyHash>,
    /// The command's id.
    pub message: MessageId,
    /// The id of the event, if the command causes one.
    pub event: EventId,
    /// The id of the link, if the command adds one.
    pub link: LinkId,
    /// The time of the event.
    pub now: Timestamp,
    /// The limits of the board.
    pub limits: &'a Limits,
}

/// The result of a command that was not rejected.
#[expect(clippy::large_enum_variant, reason = "short-lived, and nearly always a fact")]
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Decision {
    /// The command changes the board.
    Happened(Fact),
    /// The board already is as requested.
    Unchanged,
}

/// An event, with the data that is stored beside it and never sent to clients.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Fact {
    /// The event.
    pub event: Event,
    /// For an edit: its inverse.
    pub inverse: Option<Delta>,
    /// For a new link: the hash of its key.
    pub key: Option<KeyHash>,
}

pub(super) fn forbidden(role: Role, action: &str) -> Rejection {
    let role = match role {
        Role::Editor => "an editor",
        Role::Owner => "an owner",
    };
    Rejection::new(RejectionCode::Forbidden, format!("{role} may not {action}"))
}

impl Context<'_> {
    /// The decision to append this change after the board's head.
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
