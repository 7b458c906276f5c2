//! Stores that compact their log, or delete outcomes, wrongly.

use sockbit_application::ports::CommitResult;
use sockbit_domain::{Change, Delta, Seq, Timestamp};

use super::super::faulty_store::{NO_FAULTS, StoreFaults};
use super::saboteur::Saboteur;

pub const COMPACTION: &[Saboteur] = &[
    Saboteur {
        name: "returns squashed events without their ranges",
        breaks: &[
            "the_ranges_of_a_compacted_log_cover_every_seq",
            "concurrent_commits_and_compaction_leave_a_complete_log",
        ],
        faults: StoreFaults {
            events: |events| events.iter_mut().for_each(|event| event.from = event.seq),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "squashes edits into empty deltas",
        breaks: &["a_compacted_log_gives_the_same_notes"],
        faults: StoreFaults {
            squash: |squash| {
                for change in squash.runs.iter_mut().map(|run| &mut run.event.change) {
                    if let Change::NoteEdited { delta, .. } = change {
                        *delta = Delta::new();
                    }
                }
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "drops outcomes when it squashes",
        breaks: &["compaction_keeps_outcomes", "compaction_changes_only_the_log"],
        faults: StoreFaults { loaded_after_squash: |loaded| loaded.outcomes.clear(), ..NO_FAULTS },
    },
    Saboteur {
        name: "reports every squash as done",
        breaks: &[
            "a_squash_of_changed_events_is_a_conflict",
            "a_run_over_an_event_that_became_a_range_is_a_conflict",
            "a_stale_squash_does_not_lower_the_settled_position",
            "exactly_one_of_many_concurrent_squashes_succeeds",
            "a_missing_board_is_not_compacted",
        ],
        faults: StoreFaults { squashed: |_| CommitResult::Done, ..NO_FAULTS },
    },
    Saboteur {
        name: "returns candidates in reverse order",
        breaks: &["boards_with_uncompacted_old_events_are_candidates"],
        faults: StoreFaults { candidates: |found| found.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "ignores events after a compaction",
        breaks: &[
            "a_board_is_a_candidate_again_after_later_events",
            "a_commit_during_compaction_succeeds",
        ],
        faults: StoreFaults { squash: |squash| squash.seen = Seq(u64::MAX), ..NO_FAULTS },
    },
    Saboteur {
        name: "drops the last compactable event",
        breaks: &["compactable_events_end_before_the_first_new_event"],
        faults: StoreFaults { compactable: |old| _ = old.events.pop(), ..NO_FAULTS },
    },
    Saboteur {
        name: "waits for a time that is ahead",
        breaks: &[
            "a_clock_ahead_does_not_hide_a_candidate",
            "a_clock_ahead_does_not_delay_later_events",
        ],
        faults: StoreFaults {
            candidates: |found| found.iter_mut().for_each(|it| it.since = Timestamp(i64::MAX)),
            compactable: |old| {
                let in_order = old.events.is_sorted_by_key(|(event, _)| event.at);
                old.events.truncate(if in_order { usize::MAX } else { 1 });
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "deletes outcomes of any age",
        breaks: &["only_outcomes_before_the_limit_are_deleted"],
        faults: StoreFaults { delete_before: |_| Timestamp(i64::MAX), ..NO_FAULTS },
    },
    Saboteur {
        name: "never deletes outcomes",
        breaks: &[
            "only_outcomes_before_the_limit_are_deleted",
            "a_command_can_be_committed_again_without_its_outcome",
        ],
        faults: StoreFaults { delete_max: |_| 0, ..NO_FAULTS },
    },
    Saboteur {
        name: "ignores the maximum of a deletion",
        breaks: &["the_oldest_outcomes_are_deleted_first_up_to_the_maximum"],
        faults: StoreFaults { delete_max: |_| u32::MAX, ..NO_FAULTS },
    },
    Saboteur {
        name: "reports one deleted outcome too many",
        breaks: &[
            "the_oldest_outcomes_are_deleted_first_up_to_the_maximum",
            "concurrent_deletions_report_what_each_deleted",
        ],
        faults: StoreFaults { deleted: |number| number + 1, ..NO_FAULTS },
    },
    Saboteur {
        name: "deletes events with their outcomes",
        breaks: &["deleting_outcomes_changes_nothing_else"],
        faults: StoreFaults { events_after_deletion: |events| _ = events.pop(), ..NO_FAULTS },
    },
];
