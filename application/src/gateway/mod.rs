//! The gateway: holds the sessions of clients, sends their commands and queries to the core, and
//! delivers events, outcomes and presence to them. It has no database and no rule about boards.

mod board_feed;
mod command_sender;
mod connection_limiter;
mod drain;
mod encoded_event;
#[expect(clippy::module_inception, reason = "the file holds the type `Gateway`")]
mod gateway;
mod hub;
mod identity;
mod intake_consumer;
mod memory_budget;
mod outcome_recipients;
mod outgoing_queue;
mod presence;
mod requests;
mod server_messages;
mod session;
mod session_output;
mod settings;
mod single_flight;
#[cfg(test)]
mod tests;
mod token_bucket;

pub use connection_limiter::ConnectionRefused;
pub use gateway::{Gateway, GatewayPorts};
pub use identity::Identity;
pub use server_messages::AGAIN_AFTER_MS;
pub use session::{RequestPipeline, Session};
pub use session_output::{CloseReason, SessionOutput};
pub use settings::GatewaySettings;
