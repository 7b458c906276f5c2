//! What a client is sent, looked at from outside: each answer where it belongs, and after a join
//! every event, in order and without a gap.

use std::collections::VecDeque;

use sockbit_domain::wire::{ClientMessage, ServerMessage};
use sockbit_domain::{Event, MessageId, Position, Seq};

use crate::observations::Observations;

/// One connection's conversation.
#[derive(Default)]
pub(crate) struct ProtocolChecker {
    /// The positions of joins that were not answered yet.
    asked: VecDeque<Option<Position>>,
    /// The last event that the client has, once joined.
    last: Option<Seq>,
}

impl ProtocolChecker {
    /// Takes note of a frame that goes out. The command's id, if it is one.
    pub fn sent(&mut self, frame: &str) -> Option<MessageId> {
        match ClientMessage::parse(frame) {
            Ok(ClientMessage::Join { position, .. }) => {
                self.asked.push_back(position);
                None
            }
            Ok(ClientMessage::Command(sent)) => Some(sent.id),
            _ => None,
        }
    }

    /// Checks a message that comes in.
    pub fn came(
        &mut self,
        client: usize,
        message: &ServerMessage,
        observations: &mut Observations,
    ) -> Result<(), String> {
        match message {
            ServerMessage::Joined { .. } => {
                self.last = self.asked.pop_front().flatten().map(|it| it.seq);
            }
            ServerMessage::BaseGone { .. }
            | ServerMessage::Left { .. }
            | ServerMessage::Again { id: None, board: Some(_), .. } => {
                self.asked.pop_front();
                self.last = None;
            }
            ServerMessage::Event { event } => {
                observations.saw_event(event)?;
                if self.last.is_none_or(|last| !follows(event, last)) {
                    let (from, seq) = (event.from, event.seq);
                    return Err(format!("seat {client} had {:?} and got {from}..{seq}", self.last));
                }
                self.last = Some(event.seq);
            }
            ServerMessage::Outcome { id, outcome, .. } => {
                observations.saw_outcome(client, *id, outcome)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether an event stands where the next one has to. One that stands for several may stand for some
/// that the client has: that is for the client to see.
fn follows(event: &Event, last: Seq) -> bool {
    let is_range = event.from < event.seq;
    event.seq > last && (event.from == last.next() || (is_range && event.from <= last))
}
