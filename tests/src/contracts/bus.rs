//! The contract of the ports between gateways and workers: every clause is a named test on every
//! bus.
//!
//! A bus joins by one line: `bus_contract!(its_name, (start_paused = true), open())`, where `open`
//! is a future of a fresh [`Bus`], and the parentheses hold what `tokio::test` needs. Time can be
//! paused only where nothing but timers makes the bus wait.

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

/// A clause as a value: it panics on a bus that breaks it.
pub type Clause = fn(Arc<dyn Bus>) -> BoxFuture<'static, ()>;

/// Hands the list of all clauses to another macro.
#[macro_export]
macro_rules! for_each_bus_clause {
    ($then:ident $arguments:tt) => {
        $crate::$then! { $arguments
            commands::a_batch_arrives_as_it_was_sent
            commands::a_batch_about_many_boards_arrives_whole_and_in_order_on_each
            commands::hostile_bytes_arrive_as_they_were_sent
            commands::commands_arrive_once_and_in_order
            commands::commands_wait_where_no_worker_is
            commands::every_gateway_reaches_a_worker
            commands::a_full_queue_refuses_and_keeps_what_it_accepted
            deliveries::what_waits_is_taken_at_one_go
            deliveries::no_more_is_taken_once_there_is_enough
            deliveries::each_command_goes_to_one_of_many_workers
            deliveries::what_was_not_acknowledged_comes_again_when_its_worker_goes
            deliveries::a_worker_that_waits_already_gets_what_comes_again
            deliveries::what_comes_again_is_as_it_was
            deliveries::what_was_acknowledged_does_not_come_again
            deliveries::each_delivery_is_acknowledged_for_itself
            deliveries::who_gave_up_waiting_takes_nothing_away
            deliveries::what_is_buried_is_kept_with_its_reason
            announcements::an_announcement_arrives_as_it_was_made
            announcements::an_announcement_reaches_all_who_listen_and_nobody_else
            announcements::listening_holds_when_it_returns
            announcements::listening_twice_is_once
            announcements::after_unlistening_nothing_more_arrives
            announcements::news_of_a_slot_arrive_in_order
            announcements::answers_reach_the_gateway_that_sent_and_no_other
            announcements::every_worker_reaches_every_gateway
            announcements::who_does_not_read_is_interrupted_and_then_goes_on
            announcements::who_does_not_read_hinders_nobody
            presence::presence_arrives_as_it_was_told
            presence::presence_reaches_all_others_who_listen_and_nobody_else
            presence::after_unlistening_no_presence_arrives
            presence::a_flood_of_presence_costs_no_news
            presence::who_does_not_hear_presence_has_only_the_latest
            queries::a_query_arrives_unchanged_and_gets_its_reply
            queries::concurrent_queries_get_their_own_replies
            queries::each_query_goes_to_exactly_one_worker
            queries::a_query_without_a_reply_fails_in_time
            queries::a_query_whose_worker_is_gone_fails_in_time
            queries::cancelled_queries_do_not_block_later_ones
            queries::a_late_reply_does_not_answer_another_query
            shutdown::whoever_waits_is_told_that_the_bus_is_closed
            shutdown::a_sender_who_waits_for_room_is_told_too
            shutdown::a_closed_bus_takes_nothing_more
            shutdown::closing_twice_is_once
        }
    };
}

/// Makes every clause a test of a bus: `$open` is a future of a fresh one.
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
        /// All clauses by name.
        #[must_use]
        pub fn clauses() -> Vec<(&'static str, Clause)> {
            vec![$((stringify!($clause), |bus| Box::pin($module::$clause(bus)))),*]
        }
    };
}

for_each_bus_clause! { bus_clauses () }
