//! Records the order in which a gateway sends its commands.

use std::sync::Arc;

use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{Commands, Confirm, SendError};
use sockbit_application::slot::Slot;

use crate::run_context::RunContext;

/// A gateway's port, observed where the gateway calls it.
pub(crate) struct ObservedCommands {
    pub context: Arc<RunContext>,
    pub inner: Arc<dyn Commands>,
}

impl Commands for ObservedCommands {
    fn send(&self, batch: Vec<CommandEnvelope>) -> Confirm<SendError> {
        locked(&self.context.observations).command_order.sent(&batch);
        self.inner.send(batch)
    }

    fn work_queue(&self, slot: Slot) -> u16 {
        self.inner.work_queue(slot)
    }
}
