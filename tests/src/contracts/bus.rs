//! The contract of the ports between gateways and workers: every clause is a named test on every
//! bus.
//!
//! A bus joins by one line: `bus_contract!(its_name, (start_paused = true), open())`, where `open`
//! is a future of a fresh [`Bus`], and the parentheses hold what `tokio::test` needs. Time can be
//! paused only where nothing but timers makes the bus wait.

pub mod closing;
pub mod delivering;
pub mod ends;
pub mod fixtures;
pub mod news;
pub mod presence;
pub mod questions;
pub mod sabotaged;
pub mod saboteurs;
pub mod sending;

use std::sync::Arc;

use futures::future::BoxFuture;

pub use ends::{Bus, GatewayEnds, InMemory, WorkerEnds};

/// A clause as a value: it panics on a bus that breaks it.
pub type Clause = fn(Arc<dyn Bus>) -> BoxFuture<'static, ()>;

/// Hands the list of all clauses to another macro.
#[macro_export]
macro_rules! for_each_bus_clause {
    ($then:ident $arguments:tt) => {
        $crate::$then! { $arguments
            sending::a_batch_arrives_as_it_was_sent
            sending::a_batch_about_many_boards_arrives_whole_and_in_order_on_each
            sending::hostile_bytes_arrive_as_they_were_sent
            sending::commands_arrive_once_and_in_order
            sending::commands_wait_where_no_worker_is
            sending::every_gateway_reaches_a_worker
            sending::a_full_queue_refuses_and_keeps_what_it_accepted
            delivering::what_waits_is_taken_at_one_go
            delivering::no_more_is_taken_once_there_is_enough
            delivering::each_command_goes_to_one_of_many_workers
            delivering::what_was_not_acknowledged_comes_again_when_its_worker_goes
            delivering::a_worker_that_waits_already_gets_what_comes_again
            delivering::what_comes_again_is_as_it_was
            delivering::what_was_acknowledged_does_not_come_again
            delivering::each_delivery_is_acknowledged_for_itself
            delivering::who_gave_up_waiting_takes_nothing_away
            delivering::what_is_buried_is_kept_with_its_reason
            news::an_announcement_arrives_as_it_was_made
            news::an_announcement_reaches_all_who_listen_and_nobody_else
            news::listening_holds_when_it_returns
            news::listening_twice_is_once
            news::after_unlistening_nothing_more_arrives
            news::news_of_a_slot_arrive_in_order
            news::answers_reach_the_gateway_that_sent_and_no_other
            news::every_worker_reaches_every_gateway
            news::who_does_not_read_is_interrupted_and_then_goes_on
            news::who_does_not_read_hinders_nobody
            presence::presence_arrives_as_it_was_told
            presence::presence_reaches_all_others_who_listen_and_nobody_else
            presence::after_unlistening_no_presence_arrives
            presence::a_flood_of_presence_costs_no_news
            presence::who_does_not_hear_presence_has_only_the_latest
            questions::a_question_arrives_as_it_was_asked_and_gets_its_answer
            questions::many_questions_at_once_get_their_own_answers
            questions::each_question_goes_to_one_of_many_workers
            questions::a_question_that_nobody_answers_ends_in_time
            questions::a_question_whose_worker_goes_ends_in_time
            questions::who_gave_up_asking_hinders_nobody
            questions::a_late_answer_goes_to_nobody_else
            closing::whoever_waits_is_told_that_the_bus_is_closed
            closing::a_sender_who_waits_for_room_is_told_too
            closing::a_closed_bus_takes_nothing_more
            closing::closing_twice_is_once
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
