//! The bus of one process: bounded queues for commands, queries and the messages to each gateway.

mod announcement_inbox;
mod bus_state;
mod command_queue;
mod gateway_endpoint;
mod presence_inbox;
mod query_channel;
mod subscriber;
#[cfg(test)]
mod tests;
mod worker_endpoint;

use std::sync::Arc;

use sockbit_application::bus_messages::CommandEnvelope;

use bus_state::BusState;

pub use gateway_endpoint::GatewayEndpoint;
pub use worker_endpoint::WorkerEndpoint;

/// Connects any number of gateways and workers of one process.
#[derive(Clone)]
pub struct MemoryBus {
    state: Arc<BusState>,
}

impl MemoryBus {
    /// A bus without gateways and workers.
    #[must_use]
    pub fn new() -> Self {
        Self { state: Arc::new(BusState::new()) }
    }

    /// The ports of one gateway.
    #[must_use]
    pub fn gateway(&self) -> Arc<GatewayEndpoint> {
        Arc::new(GatewayEndpoint::new(Arc::clone(&self.state)))
    }

    /// The ports of one worker.
    #[must_use]
    pub fn worker(&self) -> Arc<WorkerEndpoint> {
        Arc::new(WorkerEndpoint::new(Arc::clone(&self.state)))
    }

    /// The latest dead letters, each with its reason, oldest first.
    #[must_use]
    pub fn dead_letters(&self) -> Vec<(CommandEnvelope, String)> {
        self.state.dead_letters()
    }

    /// Closes the bus: pending calls return. Closing twice has no effect.
    pub fn close(&self) {
        self.state.close();
    }
}

impl Default for MemoryBus {
    fn default() -> Self {
        Self::new()
    }
}
