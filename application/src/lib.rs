//! What SockBit does: use cases and the ports that they need, and no word about what is behind them.
//!
//! The way of one edit through here: [`gateway::Session::receive`] puts a command on the bus,
//! [`worker::Worker`] takes it off, [`core::Core::process`] decides, commits, announces and answers,
//! and the [`gateway::Gateway`] brings the news to every session that looks.

mod backoff;
pub mod compaction;
pub mod core;
pub mod envelope;
pub mod gateway;
mod hex;
pub mod housekeeping;
pub mod ports;
pub mod seal;
pub mod slot;
#[cfg(test)]
mod testing;
pub mod trace;
pub mod worker;
