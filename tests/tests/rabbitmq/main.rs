//! What only RabbitMQ can be asked for: many processes, a network that fails, and a broker that goes
//! away and comes back.

mod broker_failures;
mod connect_errors;
mod dead_letters;
mod intake;
mod network_failures;
mod presence;
mod queries;
mod queue_handover;
mod support;
mod unreadable_messages;
