//! Tests of RabbitMQ beyond the contract: many processes, network failures and broker failures.

mod broker_failures;
mod connect_errors;
mod dead_letters;
mod endpoint_helpers;
mod intake;
mod network_failures;
mod presence;
mod queries;
mod query_batches;
mod queue_handover;
mod result_messages;
mod unreadable_messages;
