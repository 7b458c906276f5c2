//! The contract of the port `Store`: every clause is a named test on every adapter.
//!
//! An adapter joins by one line: `store_contract!(its_name, open())`, where `open` gives a fresh
//! store and what has to live as long as it.

pub mod absent;
pub mod committing;
pub mod compaction;
pub mod fixtures;
pub mod forgetting;
pub mod history;
pub mod loading;
pub mod persistence;
pub mod reading;
pub mod round_trip;
pub mod saboteur;
pub mod saboteurs;
pub mod squashing;

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
            absent::nothing_is_known_of_a_board_that_does_not_exist
            absent::nothing_is_known_of_ids_that_a_board_does_not_have
            absent::an_empty_request_has_an_empty_answer
            absent::a_store_that_can_be_written_to_says_so
            absent::outcomes_are_found_by_board_client_and_message
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
            committing::a_stale_commit_changes_nothing_at_all
            committing::the_right_number_of_another_history_is_stale
            committing::a_board_that_exists_is_not_begun_again
            committing::a_board_that_does_not_exist_is_not_moved_on
            committing::one_of_many_writers_wins_each_number
            committing::a_conflict_does_not_hinder_other_boards
            committing::a_board_that_comes_twice_in_a_batch_is_changed_twice
            committing::outcomes_without_an_event_leave_the_head
            committing::outcomes_without_an_event_are_conditional_too
            committing::a_command_has_one_outcome
            committing::a_key_opens_one_link
            committing::a_log_with_a_gap_is_not_written
            committing::a_commit_given_up_half_way_is_whole_or_nothing
            committing::all_that_is_loaded_is_of_one_moment
            loading::answers_stand_in_the_order_of_the_requests
            loading::roles_are_told_of_those_asked_for_only
            loading::a_role_can_be_raised
            loading::notes_are_loaded_if_asked_for_only
            loading::edits_are_loaded_after_the_base_only
            loading::of_too_many_edits_the_latest_are_loaded
            loading::one_edit_is_loaded_however_large
            loading::only_edits_are_loaded_as_edits
            loading::bases_are_known_by_their_events
            loading::a_base_inside_a_range_is_not_known
            loading::deleted_notes_leave_a_tombstone
            reading::pages_of_notes_hold_each_once_by_id
            reading::pages_of_notes_keep_their_bound_and_use_it
            reading::a_note_over_the_bound_has_a_page_of_its_own
            reading::the_last_page_of_notes_says_so
            reading::pages_of_notes_hold_the_trash_and_no_tombstones
            reading::pages_of_notes_tell_title_and_head
            reading::pages_of_events_hold_each_once_in_order
            reading::pages_of_events_keep_their_bound_and_use_it
            reading::events_follow_any_number
            reading::a_standing_tells_role_title_and_head
            reading::a_standing_tells_what_was_missed
            reading::heads_are_told_once_of_boards_that_exist
            reading::boards_are_listed_latest_change_first
            reading::lists_hold_the_boards_that_one_is_a_member_of
            reading::lists_tell_live_notes_and_the_last_change
            history::the_history_of_a_note_holds_its_own_events
            history::history_comes_in_pages_from_the_latest
            history::history_ends_before_the_number_asked_for
            history::inverses_lead_back_to_every_text
            compaction::the_ranges_of_a_compacted_log_cover_every_number
            compaction::a_compacted_log_makes_the_same_notes
            compaction::compaction_touches_the_log_alone
            compaction::outcomes_outlive_compaction
            compaction::the_end_of_a_range_is_a_position_and_nothing_inside_is
            compaction::edits_since_a_base_are_runs_after_compaction
            compaction::the_history_of_a_note_is_one_of_sittings
            compaction::pages_of_history_fit_together_over_ranges
            compaction::what_was_missed_is_never_told_too_small
            squashing::boards_are_found_by_what_was_not_looked_at
            squashing::a_board_is_found_again_for_what_happens_later
            squashing::old_events_are_those_before_the_first_that_is_new
            squashing::old_events_come_in_parts_that_keep_their_bounds
            squashing::a_board_is_found_although_a_clock_was_ahead
            squashing::a_clock_that_was_ahead_holds_up_nothing_behind_it
            squashing::a_squash_of_what_is_no_longer_there_changes_nothing
            squashing::a_run_over_an_event_that_became_a_range_is_not_written
            squashing::what_was_settled_meanwhile_is_not_unsettled
            squashing::of_many_who_compact_at_once_one_does
            squashing::a_commit_during_compaction_is_not_disturbed
            squashing::commits_and_compaction_at_once_leave_one_log
            squashing::compaction_of_one_board_leaves_others_alone
            squashing::what_does_not_exist_is_not_compacted
            forgetting::older_outcomes_are_forgotten_and_younger_ones_kept
            forgetting::the_oldest_outcomes_are_forgotten_first_and_so_many_at_a_time
            forgetting::forgetting_touches_outcomes_alone
            forgetting::a_repeat_of_a_forgotten_command_is_decided_anew
            forgetting::of_many_who_forget_at_once_each_tells_of_its_own
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
/// [`persistence::Place`] and its keeper.
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
