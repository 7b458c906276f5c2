//! The contract of the port `Store`: every clause is a named test on every adapter.
//!
//! An adapter joins by one line: `store_contract!(its_name, open())`, where `open` gives a fresh
//! store and what has to live as long as it.

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

/// A clause as a value: it panics on a store that breaks it.
pub type Clause = fn(Arc<dyn Store>) -> BoxFuture<'static, ()>;

/// Hands the list of all clauses to another macro.
#[macro_export]
macro_rules! for_each_store_clause {
    ($then:ident $arguments:tt) => {
        $crate::$then! { $arguments
            missing_data::nothing_is_known_of_a_board_that_does_not_exist
            missing_data::nothing_is_known_of_ids_that_a_board_does_not_have
            missing_data::an_empty_request_has_an_empty_answer
            missing_data::a_store_that_can_be_written_to_says_so
            missing_data::outcomes_are_found_by_board_client_and_message
            round_trip::every_kind_of_event_comes_back_as_it_was
            round_trip::every_field_of_a_note_comes_back
            round_trip::the_frame_of_a_board_comes_back
            round_trip::texts_of_every_plane_come_back
            round_trip::hostile_text_is_only_text
            round_trip::ids_come_back_whatever_they_are
            round_trip::times_come_back_whatever_they_are
            round_trip::links_come_back_with_their_hashes
            round_trip::every_kind_of_outcome_comes_back
            round_trip::edits_come_back_with_what_takes_them_back
            round_trip::several_facts_of_one_commit_keep_their_order
            round_trip::boards_with_the_same_ids_do_not_meet
            commits::a_stale_commit_changes_nothing_at_all
            commits::the_right_number_of_another_history_is_stale
            commits::a_board_that_exists_is_not_begun_again
            commits::a_board_that_does_not_exist_is_not_moved_on
            commits::one_of_many_writers_wins_each_number
            commits::a_conflict_does_not_hinder_other_boards
            commits::a_board_that_comes_twice_in_a_batch_is_changed_twice
            commits::outcomes_without_an_event_leave_the_head
            commits::outcomes_without_an_event_are_conditional_too
            commits::a_command_has_one_outcome
            commits::a_key_opens_one_link
            commits::a_log_with_a_gap_is_not_written
            commits::a_commit_given_up_half_way_is_whole_or_nothing
            commits::all_that_is_loaded_is_of_one_moment
            loads::answers_stand_in_the_order_of_the_requests
            loads::roles_are_told_of_those_asked_for_only
            loads::a_role_can_be_raised
            loads::notes_are_loaded_if_asked_for_only
            loads::edits_are_loaded_after_the_base_only
            loads::of_too_many_edits_the_latest_are_loaded
            loads::one_edit_is_loaded_however_large
            loads::only_edits_are_loaded_as_edits
            loads::bases_are_known_by_their_events
            loads::a_base_inside_a_range_is_not_known
            loads::deleted_notes_leave_a_tombstone
            reads::pages_of_notes_hold_each_once_by_id
            reads::pages_of_notes_keep_their_bound_and_use_it
            reads::a_note_over_the_bound_has_a_page_of_its_own
            reads::the_last_page_of_notes_says_so
            reads::pages_of_notes_hold_the_trash_and_no_tombstones
            reads::pages_of_notes_tell_title_and_head
            reads::pages_of_events_hold_each_once_in_order
            reads::pages_of_events_keep_their_bound_and_use_it
            reads::events_follow_any_number
            reads::a_standing_tells_role_title_and_head
            reads::a_standing_tells_what_was_missed
            reads::heads_are_told_once_of_boards_that_exist
            reads::boards_are_listed_latest_change_first
            reads::lists_hold_the_boards_that_one_is_a_member_of
            reads::lists_tell_live_notes_and_the_last_change
            note_history::the_history_of_a_note_holds_its_own_events
            note_history::history_comes_in_pages_from_the_latest
            note_history::history_ends_before_the_number_asked_for
            note_history::inverses_lead_back_to_every_text
            compacted_logs::the_ranges_of_a_compacted_log_cover_every_number
            compacted_logs::a_compacted_log_makes_the_same_notes
            compacted_logs::compaction_touches_the_log_alone
            compacted_logs::outcomes_outlive_compaction
            compacted_logs::the_end_of_a_range_is_a_position_and_nothing_inside_is
            compacted_logs::edits_since_a_base_are_runs_after_compaction
            compacted_logs::the_history_of_a_note_is_one_of_sittings
            compacted_logs::pages_of_history_fit_together_over_ranges
            compacted_logs::what_was_missed_is_never_told_too_small
            compaction_store::boards_are_found_by_what_was_not_looked_at
            compaction_store::a_board_is_found_again_for_what_happens_later
            compaction_store::old_events_are_those_before_the_first_that_is_new
            compaction_store::old_events_come_in_parts_that_keep_their_bounds
            compaction_store::a_board_is_found_although_a_clock_was_ahead
            compaction_store::a_clock_that_was_ahead_holds_up_nothing_behind_it
            compaction_store::a_squash_of_what_is_no_longer_there_changes_nothing
            compaction_store::a_run_over_an_event_that_became_a_range_is_not_written
            compaction_store::what_was_settled_meanwhile_is_not_unsettled
            compaction_store::of_many_who_compact_at_once_one_does
            compaction_store::a_commit_during_compaction_is_not_disturbed
            compaction_store::commits_and_compaction_at_once_leave_one_log
            compaction_store::compaction_of_one_board_leaves_others_alone
            compaction_store::what_does_not_exist_is_not_compacted
            outcome_retention::older_outcomes_are_forgotten_and_younger_ones_kept
            outcome_retention::the_oldest_outcomes_are_forgotten_first_and_so_many_at_a_time
            outcome_retention::forgetting_touches_outcomes_alone
            outcome_retention::a_repeat_of_a_forgotten_command_is_decided_anew
            outcome_retention::of_many_who_forget_at_once_each_tells_of_its_own
        }
    };
}

/// Makes every clause a test of an adapter: `$open` is a future of a fresh store and its keeper.
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
                    let (store, _keeper) = $open.await;
                    $crate::contracts::store::$module::$clause(store).await;
                }
            )*
        }
    };
}

/// Makes every clause about reopening a test of an adapter with a disk: `$place` is a
/// [`persistence::Reopenable`] and its keeper.
#[macro_export]
macro_rules! persistent_store_contract {
    ($adapter:ident, $place:expr) => {
        $crate::persistent_store_contract! { @ $adapter, $place,
            a_reopened_store_has_everything
            a_reopened_store_goes_on_where_it_was
            a_reopened_store_stays_compacted
        }
    };
    (@ $adapter:ident, $place:expr, $($clause:ident)*) => {
        mod $adapter {
            $(
                #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
                async fn $clause() {
                    use super::*;
                    let place = $place;
                    $crate::contracts::store::persistence::$clause(place).await;
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
        /// All clauses by name.
        #[must_use]
        pub fn clauses() -> Vec<(&'static str, Clause)> {
            vec![$((stringify!($clause), |store| Box::pin($module::$clause(store)))),*]
        }
    };
}

for_each_store_clause! { store_clauses () }
