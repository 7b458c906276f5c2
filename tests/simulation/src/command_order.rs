//! The order of commands between a gateway and the broker.

use std::collections::{BTreeMap, HashMap};

use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::trace_id::TraceId;
use sockbit_domain::BoardId;
use uuid::Uuid;

/// When each command was sent and arrived. Each has a trace id of its own, also if it is repeated.
#[derive(Default)]
pub(crate) struct CommandOrder {
    sent: HashMap<TraceId, u64>,
    /// The number of the last command of each gateway that arrived for a board.
    arrived: BTreeMap<(Uuid, BoardId), u64>,
}

impl CommandOrder {
    /// A gateway sends a batch.
    pub fn sent(&mut self, batch: &[CommandEnvelope]) {
        for command in batch {
            let number = self.sent.len() as u64;
            self.sent.insert(command.trace, number);
        }
    }

    /// A batch arrives in time: none of its commands may have been sent before one that arrived.
    pub fn arrived(&mut self, batch: &[CommandEnvelope]) -> Result<(), String> {
        for command in batch {
            let number = self.sent.get(&command.trace).copied().unwrap_or_default();
            let sender = (command.reply_to.gateway, command.board);
            if self.arrived.insert(sender, number).is_some_and(|last| last > number) {
                return Err(format!("a command for {} overtook an earlier one", command.board));
            }
        }
        Ok(())
    }
}
