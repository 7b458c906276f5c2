//! The use cases of SockBit and the ports that they need. Nothing here names a technology.
//!
//! An edit passes through this crate as follows: a transport hands a client's message to its
//! [`gateway::Session`], which puts the command on the bus; [`worker::Worker`] takes it from there;
//! [`core::Core::process`] decides, commits, announces the event and sends the outcome; and the
//! [`gateway::Gateway`] delivers the event to every session that joined the board.

pub mod backoff;
pub mod bounded_inbox;
pub mod bus_message_signing;
pub mod bus_messages;
pub mod byte_batches;
pub mod column_conversions;
pub mod core;
pub mod fnv;
pub mod gateway;
pub mod hex;
pub mod history_compaction;
pub mod housekeeping;
pub mod json_size;
pub mod mutex;
pub mod page_budget;
pub mod ports;
pub mod query_batches;
pub mod slot;
#[cfg(test)]
mod test_fixtures;
pub mod trace_id;
pub mod worker;
