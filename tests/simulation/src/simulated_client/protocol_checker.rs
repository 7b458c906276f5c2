//! Checks the messages that a client receives: each outcome for its sender, and after a join every
//! event in order and without a gap.

use std::collections::VecDeque;

use sockbit_domain::wire::{ClientMessage, ServerMessage};
use sockbit_domain::{Event, MessageId, Position, Seq};

use crate::observations::Observations;

/// The messages of one connection.
#[derive(Default)]
pub(crate) struct ProtocolChecker {
    /// The positions of joins that have no reply yet.
    pending_joins: VecDeque<Option<Position>>,
    /// The last event that the client has, once joined.
    last: Option<Seq>,
}

impl ProtocolChecker {
    /// Records an outgoing frame. Returns the command's id, if it is one.
    pub fn sent(&mut self, frame: &str) -> Option<MessageId> {
        match ClientMessage::parse(frame) {
            Ok(ClientMessage::Join { position, .. }) => {
                self.pending_joins.push_back(position);
                None
            }
            Ok(ClientMessage::Command(sent)) => Some(sent.id),
            _ => None,
        }
    }

    /// Checks an incoming message.
    pub fn received(
        &mut self,
        client: usize,
        message: &ServerMessage,
        observations: &mut Observations,
    ) -> Result<(), String> {
        match message {
            ServerMessage::Joined { .. } => {
                self.last = self.pending_joins.pop_front().flatten().map(|it| it.seq);
            }
            ServerMessage::BaseGone { .. }
            | ServerMessage::Left { .. }
            | ServerMessage::Again { id: None, board: Some(_), .. } => {
                self.pending_joins.pop_front();
                self.last = None;
            }
            ServerMessage::Event { event } => {
                observations.received_event(event)?;
                if self.last.is_none_or(|last| !follows(event, last)) {
                    let (from, seq) = (event.from, event.seq);
                    return Err(format!(
                        "client {client} had {:?} and got {from}..{seq}",
                        self.last
                    ));
                }
                self.last = Some(event.seq);
            }
            ServerMessage::Outcome { id, outcome, .. } => {
                observations.received_outcome(client, *id, outcome)?;
            }
            _ => {}
        }
        Ok(())
    }
}

/// Whether an event may follow. A range may overlap events that the client has already applied.
fn follows(event: &Event, last: Seq) -> bool {
    let is_range = event.from < event.seq;
    event.seq > last && (event.from == last.next() || (is_range && event.from <= last))
}
