//! A bus and a store in the memory of one process. Nothing survives the process.

mod bus;
mod store;

pub use bus::{GatewayEndpoint, MemoryBus, WorkerEndpoint};
pub use store::MemoryStore;
