//! The contract of the ports between gateways and workers: every clause is a named test of every bus.
//!
//! One line tests a bus: `bus_contract!(its_name, (start_paused = true), open())`, where `open` is a
//! future of a fresh [`Bus`] and the parentheses hold the arguments of `tokio::test`. Time can be
//! paused only if the bus waits for nothing but timers.

pub mod announcements;
pub mod commands;
pub mod deliveries;
pub mod faulty_bus;
pub mod fixtures;
pub mod ports;
pub mod presence;
pub mod queries;
pub mod saboteurs;
pub mod shutdown;

use std::sync::Arc;

use futures::future::BoxFuture;

pub use ports::{Bus, GatewayPorts, InMemoryBus, WorkerPorts};

/// A clause of the contract. It panics if the bus breaks it.
pub type Clause = fn(Arc<dyn Bus>) -> BoxFuture<'static, ()>;

/// Passes the list of all clauses to another macro.
#[macro_export]
macro_rules! for_each_bus_clause {
    ($then:ident $arguments:tt) => {
        $crate::$then! { $arguments
            commands::a_batch_arrives_unchanged
            commands::a_batch_of_many_boards_arrives_completely_and_in_order_per_board
            commands::hostile_bytes_arrive_unchanged
            commands::commands_arrive_once_and_in_order
            commands::commands_arrive_in_the_order_of_the_calls
            commands::commands_whose_confirm_is_dropped_arrive
            commands::commands_without_a_worker_stay_queued
            commands::every_gateway_reaches_a_worker
            commands::a_full_queue_refuses_commands_and_keeps_accepted_ones
            deliveries::queued_deliveries_are_taken_together
            deliveries::a_worker_takes_no_delivery_beyond_its_limit
            deliveries::each_command_goes_to_exactly_one_worker
            deliveries::unacknowledged_deliveries_of_a_dead_worker_are_redelivered
            deliveries::a_waiting_worker_receives_redeliveries
            deliveries::a_redelivery_is_unchanged
            deliveries::acknowledged_deliveries_are_not_redelivered
            deliveries::each_delivery_is_acknowledged_individually
            deliveries::a_cancelled_take_loses_no_delivery
            deliveries::a_dead_letter_is_kept_with_its_reason
            announcements::an_announcement_arrives_unchanged
            announcements::an_announcement_reaches_exactly_the_subscribers
            announcements::a_subscription_is_active_when_subscribe_returns
            announcements::subscribing_twice_is_idempotent
            announcements::no_announcement_arrives_after_unsubscribing
            announcements::announcements_of_a_slot_arrive_in_order
            announcements::announcements_and_outcomes_arrive_in_the_order_of_the_calls
            announcements::an_announcement_whose_confirm_is_dropped_arrives
            announcements::outcomes_reach_exactly_the_gateway_that_sent_the_command
            announcements::events_and_outcomes_of_one_call_reach_their_receivers
            announcements::every_worker_reaches_every_gateway
            announcements::a_gateway_that_does_not_read_is_interrupted_and_then_resumes
            announcements::a_gateway_that_does_not_read_does_not_block_other_gateways
            presence::a_presence_update_arrives_unchanged
            presence::a_presence_update_reaches_exactly_the_other_subscribers
            presence::no_presence_update_arrives_after_unsubscribing
            presence::a_flood_of_presence_loses_no_announcement
            presence::unread_presence_is_reduced_to_the_latest_updates
            queries::a_query_arrives_unchanged_and_gets_its_reply
            queries::concurrent_queries_get_their_own_replies
            queries::each_query_goes_to_exactly_one_worker
            queries::a_query_without_a_reply_fails_in_time
            queries::a_query_whose_worker_is_gone_fails_in_time
            queries::cancelled_queries_do_not_block_later_ones
            queries::a_late_reply_does_not_answer_another_query
            queries::a_batch_has_one_reply_for_each_query_in_their_order
            shutdown::closing_ends_all_pending_calls
            shutdown::closing_ends_a_send_that_waits_for_room
            shutdown::a_closed_bus_refuses_everything
            shutdown::closing_twice_is_idempotent
        }
    };
}

/// Defines a test for every clause: `$open` is a future of a fresh bus.
#[macro_export]
macro_rules! bus_contract {
    ($bus:ident, ($($flavour:tt)*), $open:expr) => {
        $crate::for_each_bus_clause! { bus_tests ($bus, ($($flavour)*), $open) }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! bus_tests {
    (($bus:ident, $flavour:tt, $open:expr) $($module:ident :: $clause:ident)*) => {
        mod $bus {
            $($crate::bus_test! { $flavour, $open, $module::$clause })*
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! bus_test {
    (($($flavour:tt)*), $open:expr, $module:ident :: $clause:ident) => {
        #[tokio::test($($flavour)*)]
        async fn $clause() {
            use super::*;
            $crate::contracts::bus::$module::$clause($open.await).await;
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! bus_clauses {
    (() $($module:ident :: $clause:ident)*) => {
        /// All clauses, by name.
        #[must_use]
        pub fn clauses() -> Vec<(&'static str, Clause)> {
            vec![$((stringify!($clause), |bus| Box::pin($module::$clause(bus)))),*]
        }
    };
}

for_each_bus_clause! { bus_clauses () }
