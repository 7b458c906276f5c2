//! The contract of the port `Store`: every clause is a named test of every store.
//!
//! One line tests a store: `store_contract!(its_name, open())`, where `open` is a future of a fresh
//! store and a guard that lives as long as the test.

pub mod batched_reads;
pub mod commits;
pub mod compacted_logs;
pub mod compaction_store;
pub mod faulty_store;
pub mod fixtures;
pub mod loads;
pub mod missing_data;
pub mod note_history;
pub mod outcome_retention;
pub mod persistence;
pub mod reads;
pub mod round_trip;
pub mod saboteurs;

use std::sync::Arc;

use futures::future::BoxFuture;
use sockbit_application::ports::Store;

/// A clause of the contract. It panics if the store breaks it.
pub type Clause = fn(Arc<dyn Store>) -> BoxFuture<'static, ()>;

/// Passes the list of all clauses to another macro.
#[macro_export]
macro_rules! for_each_store_clause {
    ($then:ident $arguments:tt) => {
        $crate::$then! { $arguments
            missing_data::a_missing_board_has_no_data
            missing_data::unknown_ids_of_a_board_have_no_data
            missing_data::an_empty_request_has_an_empty_result
            missing_data::the_health_check_of_a_writable_store_succeeds
            missing_data::outcomes_are_found_by_board_client_and_message
            round_trip::every_kind_of_event_is_stored_unchanged
            round_trip::every_field_of_a_note_is_stored
            round_trip::the_header_of_a_board_is_stored
            round_trip::texts_of_every_unicode_plane_are_stored_unchanged
            round_trip::hostile_text_is_stored_as_text
            round_trip::extreme_ids_are_stored_unchanged
            round_trip::extreme_times_are_stored_unchanged
            round_trip::links_are_stored_with_their_hashes
            round_trip::every_kind_of_outcome_is_stored_unchanged
            round_trip::edits_are_stored_with_their_inverses
            round_trip::facts_of_one_commit_keep_their_order
            round_trip::boards_with_equal_note_ids_are_independent
            commits::a_stale_commit_changes_nothing
            commits::a_head_of_another_history_is_stale
            commits::an_existing_board_is_not_created_again
            commits::a_missing_board_is_not_changed
            commits::exactly_one_of_many_writers_wins_each_seq
            commits::a_conflict_does_not_affect_other_boards
            commits::a_board_that_is_twice_in_a_batch_is_changed_twice
            commits::outcomes_without_an_event_do_not_move_the_head
            commits::outcomes_without_an_event_are_conditional_on_the_head
            commits::a_command_has_one_outcome
            commits::a_key_belongs_to_one_link
            commits::a_commit_with_a_gap_is_a_conflict
            commits::a_cancelled_commit_is_atomic
            commits::a_load_is_a_consistent_snapshot
            loads::results_are_in_the_order_of_the_requests
            loads::only_requested_roles_are_loaded
            loads::a_role_can_be_raised
            loads::only_requested_notes_are_loaded
            loads::only_edits_after_the_base_are_loaded
            loads::if_edits_exceed_the_limit_the_latest_are_loaded
            loads::the_latest_edit_is_loaded_even_if_it_exceeds_the_limit
            loads::other_events_are_not_loaded_as_edits
            loads::bases_are_loaded_with_their_event_ids
            loads::a_base_inside_a_squashed_range_is_not_loaded
            loads::deleted_notes_leave_a_tombstone
            reads::pages_of_notes_contain_each_note_once_ordered_by_id
            reads::pages_of_notes_fill_their_size_limit
            reads::a_note_over_the_size_limit_has_its_own_page
            reads::the_last_page_of_notes_has_no_next
            reads::pages_of_notes_contain_trashed_notes_and_no_tombstones
            reads::pages_of_notes_have_title_and_head
            reads::pages_of_events_contain_each_event_once_in_order
            reads::pages_of_events_fill_their_size_limit
            reads::events_can_be_read_after_any_seq
            reads::a_board_status_has_role_title_and_head
            reads::a_board_status_has_the_size_of_later_events
            reads::heads_contain_each_existing_board_once
            batched_reads::board_statuses_are_in_the_order_of_the_requests
            batched_reads::board_statuses_of_one_batch_are_those_of_single_requests
            batched_reads::event_pages_are_in_the_order_of_the_requests
            batched_reads::each_event_page_of_a_batch_has_the_size_limit
            reads::boards_are_listed_latest_change_first
            reads::lists_contain_the_boards_of_the_member
            reads::lists_have_the_live_note_count_and_the_last_change
            note_history::the_history_of_a_note_contains_exactly_its_events
            note_history::history_pages_start_with_the_latest
            note_history::a_history_page_ends_before_the_requested_seq
            note_history::inverses_restore_every_earlier_text
            compacted_logs::the_ranges_of_a_compacted_log_cover_every_seq
            compacted_logs::a_compacted_log_gives_the_same_notes
            compacted_logs::compaction_changes_only_the_log
            compacted_logs::compaction_keeps_outcomes
            compacted_logs::only_the_end_of_a_range_is_a_position
            compacted_logs::edits_after_a_base_are_runs_after_compaction
            compacted_logs::the_history_of_a_note_has_an_entry_per_run
            compacted_logs::history_pages_are_consistent_over_ranges
            compacted_logs::the_size_of_later_events_is_never_underestimated
            compaction_store::boards_with_uncompacted_old_events_are_candidates
            compaction_store::a_board_is_a_candidate_again_after_later_events
            compaction_store::compactable_events_end_before_the_first_new_event
            compaction_store::compactable_events_are_paged_within_their_limits
            compaction_store::a_clock_ahead_does_not_hide_a_candidate
            compaction_store::a_clock_ahead_does_not_delay_later_events
            compaction_store::a_squash_of_changed_events_is_a_conflict
            compaction_store::a_run_over_an_event_that_became_a_range_is_a_conflict
            compaction_store::a_stale_squash_does_not_lower_the_settled_position
            compaction_store::exactly_one_of_many_concurrent_squashes_succeeds
            compaction_store::a_commit_during_compaction_succeeds
            compaction_store::concurrent_commits_and_compaction_leave_a_complete_log
            compaction_store::compaction_of_one_board_does_not_change_others
            compaction_store::a_missing_board_is_not_compacted
            outcome_retention::only_outcomes_before_the_limit_are_deleted
            outcome_retention::the_oldest_outcomes_are_deleted_first_up_to_the_maximum
            outcome_retention::deleting_outcomes_changes_nothing_else
            outcome_retention::a_command_can_be_committed_again_without_its_outcome
            outcome_retention::concurrent_deletions_report_what_each_deleted
        }
    };
}

/// Defines a test for every clause: `$open` is a future of a fresh store and its guard.
#[macro_export]
macro_rules! store_contract {
    ($adapter:ident, $open:expr) => {
        $crate::for_each_store_clause! { store_tests ($adapter, $open) }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! store_tests {
    (($adapter:ident, $open:expr) $($module:ident :: $clause:ident)*) => {
        mod $adapter {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $clause() {
                    use super::*;
                    let (store, _guard) = $open.await;
                    $crate::contracts::store::$module::$clause(store).await;
                }
            )*
        }
    };
}

/// Defines a test for every clause about reopening: `$database` is a [`persistence::Reopenable`].
#[macro_export]
macro_rules! persistent_store_contract {
    ($adapter:ident, $database:expr) => {
        $crate::persistent_store_contract! { @ $adapter, $database,
            a_reopened_store_has_everything
            a_reopened_store_continues_at_its_head
            a_reopened_store_stays_compacted
        }
    };
    (@ $adapter:ident, $database:expr, $($clause:ident)*) => {
        mod $adapter {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $clause() {
                    use super::*;
                    let database = $database;
                    $crate::contracts::store::persistence::$clause(database).await;
                }
            )*

            pub const CLAUSES: &[&str] = &[$(stringify!($clause)),*];
        }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! store_clauses {
    (() $($module:ident :: $clause:ident)*) => {
        /// All clauses, by name.
        #[must_use]
        pub fn clauses() -> Vec<(&'static str, Clause)> {
            vec![$((stringify!($clause), |store| Box::pin($module::$clause(store)))),*]
        }
    };
}

for_each_store_clause! { store_clauses () }
