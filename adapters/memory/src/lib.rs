//! A bus and a store in the memory of one process: the default for tests, and enough for one
//! process that need not outlive itself.

mod bus;
mod store;

pub use bus::{GatewayEnd, MemoryBus, WorkerEnd};
pub use store::MemoryStore;
