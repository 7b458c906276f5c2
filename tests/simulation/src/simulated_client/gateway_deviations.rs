//! Faults that a real gateway does not have and a machine must tolerate all the same: repeated and
//! delayed events, and refused frames. The protocol checker sees the messages before this.

use std::collections::VecDeque;
use std::sync::Arc;

use sockbit_application::mutex::locked;
use sockbit_domain::wire::{ClientMessage, Refusal, RefusalCode, ServerMessage};

use crate::random::Random;
use crate::run_context::RunContext;

/// Alters the messages between one machine and its gateway.
pub(crate) struct GatewayDeviations {
    context: Arc<RunContext>,
    random: Random,
    /// Delivered after the next message, or on the next tick.
    delayed: VecDeque<ServerMessage>,
}

impl GatewayDeviations {
    pub fn new(context: &Arc<RunContext>, random: Random) -> Self {
        Self { context: Arc::clone(context), random, delayed: VecDeque::new() }
    }

    /// Whether a frame is refused instead of sent.
    pub fn refuses(&mut self, frame: &str) -> bool {
        if !self.random.per_mille(self.context.rates().frame_refused) {
            return false;
        }
        let (id, code) = match ClientMessage::parse(frame) {
            Ok(ClientMessage::Command(command)) => (Some(command.id), RefusalCode::Malformed),
            Ok(ClientMessage::Query { id, .. }) => (Some(id), RefusalCode::Malformed),
            Ok(ClientMessage::Join { .. }) => (None, RefusalCode::TooManyBoards),
            _ => return false,
        };
        locked(&self.context.observations).counts.refused_frames += 1;
        let detail = "refused by the simulation".to_owned();
        self.delayed.push_back(ServerMessage::Refused(Refusal { id, code, detail }));
        true
    }

    /// The messages that the machine receives instead of one.
    pub fn received(&mut self, message: ServerMessage) -> Vec<ServerMessage> {
        let rates = self.context.rates();
        let mut messages = Vec::new();
        match message {
            ServerMessage::Event { .. } if self.random.per_mille(rates.event_delayed) => {
                locked(&self.context.observations).counts.delayed_events += 1;
                let before = std::mem::take(&mut self.delayed);
                self.delayed.push_back(message);
                messages.extend(before);
                return messages;
            }
            ServerMessage::Event { .. } if self.random.per_mille(rates.event_repeated) => {
                locked(&self.context.observations).counts.repeated_events += 1;
                messages.extend([message.clone(), message]);
            }
            ServerMessage::Presence { board, people, more } if rates.event_repeated > 0 => {
                let more = more + u32::from(self.random.percent(5));
                messages.push(ServerMessage::Presence { board, people, more });
            }
            message => messages.push(message),
        }
        messages.extend(self.take_delayed());
        messages
    }

    pub fn take_delayed(&mut self) -> VecDeque<ServerMessage> {
        std::mem::take(&mut self.delayed)
    }
}
