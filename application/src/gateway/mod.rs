//! The gateway: holds the sessions of clients, sends their commands and queries to the core, and
//! delivers events, outcomes and presence to them. It has no database and no rule about boards.

mod board_feed;
mod close_reason;
mod command_batcher;
mod connection_limiter;
mod drain;
mod encoded_event;
mod external_command_consumer;
mod feed_members;
mod feed_memory_budget;
#[expect(clippy::module_inception, reason = "the file holds the type `Gateway`")]
mod gateway;
mod hub;
mod identity;
mod outcome_recipients;
mod outgoing_queue;
mod presence;
mod query_batcher;
mod server_message_encoding;
mod session;
mod sessionless_requests;
mod settings;
mod single_flight;
#[cfg(test)]
mod tests;
mod token_bucket;
mod transport_output;

pub use close_reason::CloseReason;
pub use connection_limiter::ConnectionRefused;
pub use gateway::{Gateway, GatewayPorts};
pub use identity::Identity;
pub use server_message_encoding::AGAIN_AFTER_MS;
pub use session::{RequestPipeline, Session};
pub use settings::GatewaySettings;
pub use transport_output::TransportOutput;
