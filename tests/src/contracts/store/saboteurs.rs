//! Broken stores, and the clauses that must notice: proof that each clause can fail.

use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use sockbit_application::ports::{BoardChanges, CommitResult, ReadStore, Store};
use sockbit_domain::{
    Change, Colour, Delta, KeyHash, LinkId, NoteState, Role, Seq, Text, Timestamp,
};
use sockbit_memory::MemoryStore;
use uuid::Uuid;

use super::faulty_store::{Committing, Loading, NO_FAULTS, StoreFaults};
use super::fixtures::{actor, board_id, note_id};
use super::persistence::Reopenable;

/// One way to be wrong.
pub struct Saboteur {
    /// What it does.
    pub name: &'static str,
    /// Clauses that must fail on it; others may.
    pub breaks: &'static [&'static str],
    /// How it does it.
    pub faults: StoreFaults,
}

/// All of them. Together they break every clause.
pub const SABOTEURS: &[Saboteur] = &[
    Saboteur {
        name: "forgets outcomes",
        breaks: &[
            "outcomes_are_found_by_board_client_and_message",
            "every_kind_of_outcome_comes_back",
            "outcomes_without_an_event_leave_the_head",
            "a_command_has_one_outcome",
        ],
        faults: StoreFaults { changes: |_, changes| changes.outcomes.clear(), ..NO_FAULTS },
    },
    Saboteur {
        name: "ignores what was expected",
        breaks: &[
            "a_stale_commit_changes_nothing_at_all",
            "the_right_number_of_another_history_is_stale",
            "a_board_that_exists_is_not_begun_again",
            "a_board_that_does_not_exist_is_not_moved_on",
            "one_of_many_writers_wins_each_number",
            "a_board_that_comes_twice_in_a_batch_is_changed_twice",
            "outcomes_without_an_event_are_conditional_too",
            "a_log_with_a_gap_is_not_written",
        ],
        faults: StoreFaults { changes: follow_whatever_is_there, ..NO_FAULTS },
    },
    Saboteur {
        name: "gives up a batch at the first conflict",
        breaks: &["a_conflict_does_not_hinder_other_boards"],
        faults: StoreFaults { committing: Committing::UntilTheFirstConflict, ..NO_FAULTS },
    },
    Saboteur {
        name: "commits outcomes after events",
        breaks: &["a_commit_given_up_half_way_is_whole_or_nothing"],
        faults: StoreFaults { committing: Committing::InTwoGoes, ..NO_FAULTS },
    },
    Saboteur {
        name: "loads notes after the frame",
        breaks: &["all_that_is_loaded_is_of_one_moment"],
        faults: StoreFaults { loading: Loading::InTwoGoes, ..NO_FAULTS },
    },
    Saboteur {
        name: "loses the last fact",
        breaks: &[
            "every_kind_of_event_comes_back_as_it_was",
            "pages_of_events_hold_each_once_in_order",
        ],
        faults: StoreFaults { events: |events| _ = events.pop(), ..NO_FAULTS },
    },
    Saboteur {
        name: "tells the latest event first",
        breaks: &["several_facts_of_one_commit_keep_their_order"],
        faults: StoreFaults { events: |events| events.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "begins a page with the event that was asked to be left behind",
        breaks: &["events_follow_any_number"],
        faults: StoreFaults { after: |seq| Seq(seq.0.saturating_sub(1)), ..NO_FAULTS },
    },
    Saboteur {
        name: "mixes boards",
        breaks: &[
            "compaction_of_one_board_leaves_others_alone",
            "nothing_is_known_of_a_board_that_does_not_exist",
            "boards_with_the_same_ids_do_not_meet",
        ],
        faults: StoreFaults { board: |_| board_id(1), ..NO_FAULTS },
    },
    Saboteur {
        name: "takes the nil id for none",
        breaks: &["ids_come_back_whatever_they_are"],
        faults: StoreFaults {
            board: |board| if board.0.is_nil() { board_id(1) } else { board },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "answers the latest request first",
        breaks: &["answers_stand_in_the_order_of_the_requests"],
        faults: StoreFaults { answers: |answers| answers.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "answers what nobody asked",
        breaks: &[
            "an_empty_request_has_an_empty_answer",
            "heads_are_told_once_of_boards_that_exist",
        ],
        faults: StoreFaults {
            heads: |heads| {
                let head = sockbit_domain::Position {
                    seq: Seq(1),
                    event: sockbit_domain::EventId(Uuid::nil()),
                };
                heads.push((board_id(3), head));
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "cannot be written to",
        breaks: &["a_store_that_can_be_written_to_says_so"],
        faults: StoreFaults { check: Err("the disk is full"), ..NO_FAULTS },
    },
    Saboteur {
        name: "makes up bases",
        breaks: &[
            "the_end_of_a_range_is_a_position_and_nothing_inside_is",
            "nothing_is_known_of_ids_that_a_board_does_not_have",
            "bases_are_known_by_their_events",
            "a_base_inside_a_range_is_not_known",
        ],
        faults: StoreFaults {
            loaded: |wanted, loaded| {
                if let Some(board) = &mut loaded.board {
                    let head = board.head.event;
                    board.bases.extend(wanted.bases.iter().map(|seq| (*seq, head)));
                }
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "tells everybody's role",
        breaks: &["roles_are_told_of_those_asked_for_only"],
        faults: StoreFaults {
            wanted: |wanted| wanted.actors.extend((1..=4).map(|n| actor(n).id)),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "keeps the first role",
        breaks: &["a_role_can_be_raised"],
        faults: StoreFaults { changes: keep_the_first_role, ..NO_FAULTS },
    },
    Saboteur {
        name: "loads every note",
        breaks: &["notes_are_loaded_if_asked_for_only"],
        faults: StoreFaults {
            wanted: |wanted| wanted.notes.extend((1..=4).map(|n| (note_id(n), None))),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "loads edits from the beginning",
        breaks: &["edits_are_loaded_after_the_base_only"],
        faults: StoreFaults {
            wanted: |wanted| wanted.notes.values_mut().for_each(|base| *base = Some(Seq(0))),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "loads every edit whatever the bound",
        breaks: &["of_too_many_edits_the_latest_are_loaded", "one_edit_is_loaded_however_large"],
        faults: StoreFaults { wanted: |wanted| wanted.edits_bytes_max = usize::MAX, ..NO_FAULTS },
    },
    Saboteur {
        name: "loads the latest edit first",
        breaks: &[
            "edits_since_a_base_are_runs_after_compaction",
            "only_edits_are_loaded_as_edits",
            "edits_come_back_with_what_takes_them_back",
        ],
        faults: StoreFaults {
            loaded: |_, loaded| {
                let boards = loaded.board.iter_mut();
                boards.flat_map(|board| board.edits.values_mut()).for_each(|it| it.reverse());
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "takes deleting for trashing",
        breaks: &[
            "deleted_notes_leave_a_tombstone",
            "pages_of_notes_hold_the_trash_and_no_tombstones",
        ],
        faults: StoreFaults {
            changes: |_, changes| {
                let deleted = |state| state == NoteState::Deleted;
                let notes = changes.notes.iter_mut().filter(|note| deleted(note.state));
                notes.for_each(|note| note.state = NoteState::Trashed);
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "knows one colour",
        breaks: &["every_field_of_a_note_comes_back"],
        faults: StoreFaults {
            changes: |_, changes| {
                changes.notes.iter_mut().for_each(|note| note.colour = Colour::Paper);
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "counts no notes",
        breaks: &["the_frame_of_a_board_comes_back"],
        faults: StoreFaults { changes: |_, changes| changes.note_count = 0, ..NO_FAULTS },
    },
    Saboteur {
        name: "keeps the basic plane",
        breaks: &["texts_of_every_plane_come_back", "hostile_text_is_only_text"],
        faults: StoreFaults {
            changes: |_, changes| {
                for note in &mut changes.notes {
                    let basic = |c: &char| u32::from(*c) < 0x1_0000;
                    let kept: String = note.text.as_str().chars().filter(basic).collect();
                    note.text = Text::normalise(&kept);
                }
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "knows no time before 1970",
        breaks: &["times_come_back_whatever_they_are"],
        faults: StoreFaults {
            changes: |_, changes| {
                let events = changes.facts.iter_mut().map(|fact| &mut fact.event);
                events.for_each(|event| event.at = event.at.max(Timestamp(0)));
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "files links under keys of its own",
        breaks: &["links_come_back_with_their_hashes", "a_key_opens_one_link"],
        faults: StoreFaults {
            changes: |_, changes| {
                for (n, link) in (changes.head.seq.0 * 100..).zip(&mut changes.links) {
                    let id = Uuid::from_u128(n.into());
                    link.id = LinkId(id);
                    link.hash = KeyHash(std::array::from_fn(|i| id.as_bytes()[i % 16]));
                }
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "leaves a note out of each page",
        breaks: &["pages_of_notes_hold_each_once_by_id"],
        faults: StoreFaults { notes: |page| _ = page.notes.pop(), ..NO_FAULTS },
    },
    Saboteur {
        name: "puts everything on one page",
        breaks: &[
            "old_events_come_in_parts_that_keep_their_bounds",
            "pages_of_notes_keep_their_bound_and_use_it",
            "a_note_over_the_bound_has_a_page_of_its_own",
            "pages_of_events_keep_their_bound_and_use_it",
        ],
        faults: StoreFaults { bytes_max: |_| usize::MAX, ..NO_FAULTS },
    },
    Saboteur {
        name: "puts one thing on each page",
        breaks: &[
            "pages_of_notes_keep_their_bound_and_use_it",
            "pages_of_events_keep_their_bound_and_use_it",
        ],
        faults: StoreFaults { bytes_max: |_| 0, ..NO_FAULTS },
    },
    Saboteur {
        name: "promises a page after the last",
        breaks: &["the_last_page_of_notes_says_so"],
        faults: StoreFaults {
            notes: |page| page.next = page.notes.last().map(|note| note.id),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "tells an old head with the notes",
        breaks: &["pages_of_notes_tell_title_and_head"],
        faults: StoreFaults { notes: |page| page.head.seq = Seq(1), ..NO_FAULTS },
    },
    Saboteur {
        name: "takes everybody for the owner",
        breaks: &["a_standing_tells_role_title_and_head"],
        faults: StoreFaults { standing: |standing| standing.role = Some(Role::Owner), ..NO_FAULTS },
    },
    Saboteur {
        name: "says that nothing was missed",
        breaks: &["what_was_missed_is_never_told_too_small", "a_standing_tells_what_was_missed"],
        faults: StoreFaults { standing: |standing| standing.bytes_since = 0, ..NO_FAULTS },
    },
    Saboteur {
        name: "lists the oldest change first",
        breaks: &["boards_are_listed_latest_change_first"],
        faults: StoreFaults { list: |list| list.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "lists somebody else's boards",
        breaks: &["lists_hold_the_boards_that_one_is_a_member_of"],
        faults: StoreFaults { lister: |_| actor(2).id, ..NO_FAULTS },
    },
    Saboteur {
        name: "counts the trash",
        breaks: &["lists_tell_live_notes_and_the_last_change"],
        faults: StoreFaults {
            list: |list| list.iter_mut().for_each(|board| board.notes += 1),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "tells only edits",
        breaks: &[
            "the_history_of_a_note_is_one_of_sittings",
            "the_history_of_a_note_holds_its_own_events",
        ],
        faults: StoreFaults {
            history: |history| {
                let is_edit = |change: &Change| matches!(change, Change::NoteEdited { .. });
                history.events.retain(|(event, _)| is_edit(&event.change));
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "always promises more history",
        breaks: &["history_comes_in_pages_from_the_latest"],
        faults: StoreFaults { history: |history| history.more = true, ..NO_FAULTS },
    },
    Saboteur {
        name: "tells the latest history whatever was asked",
        breaks: &[
            "pages_of_history_fit_together_over_ranges",
            "history_ends_before_the_number_asked_for",
        ],
        faults: StoreFaults { before: |_| None, ..NO_FAULTS },
    },
    Saboteur {
        name: "takes back the latest edits in the wrong order",
        breaks: &["inverses_lead_back_to_every_text"],
        faults: StoreFaults { history: |history| history.later_inverses.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "tells only the ends of ranges",
        breaks: &[
            "the_ranges_of_a_compacted_log_cover_every_number",
            "commits_and_compaction_at_once_leave_one_log",
        ],
        faults: StoreFaults {
            events: |events| events.iter_mut().for_each(|event| event.from = event.seq),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "squashes edits into nothing",
        breaks: &["a_compacted_log_makes_the_same_notes"],
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
        name: "throws away outcomes with what it squashes",
        breaks: &["outcomes_outlive_compaction", "compaction_touches_the_log_alone"],
        faults: StoreFaults { loaded_then: |loaded| loaded.outcomes.clear(), ..NO_FAULTS },
    },
    Saboteur {
        name: "calls every squash done",
        breaks: &[
            "a_squash_of_what_is_no_longer_there_changes_nothing",
            "a_run_over_an_event_that_became_a_range_is_not_written",
            "what_was_settled_meanwhile_is_not_unsettled",
            "of_many_who_compact_at_once_one_does",
            "what_does_not_exist_is_not_compacted",
        ],
        faults: StoreFaults { squashed: |_| CommitResult::Done, ..NO_FAULTS },
    },
    Saboteur {
        name: "finds the latest board first",
        breaks: &["boards_are_found_by_what_was_not_looked_at"],
        faults: StoreFaults { uncompacted: |found| found.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "overlooks what comes after compaction",
        breaks: &[
            "a_board_is_found_again_for_what_happens_later",
            "a_commit_during_compaction_is_not_disturbed",
        ],
        faults: StoreFaults { squash: |squash| squash.seen = Seq(u64::MAX), ..NO_FAULTS },
    },
    Saboteur {
        name: "tells too little of what is old",
        breaks: &["old_events_are_those_before_the_first_that_is_new"],
        faults: StoreFaults { old: |old| _ = old.events.pop(), ..NO_FAULTS },
    },
    Saboteur {
        name: "waits until a time that was ahead has come",
        breaks: &[
            "a_board_is_found_although_a_clock_was_ahead",
            "a_clock_that_was_ahead_holds_up_nothing_behind_it",
        ],
        faults: StoreFaults {
            uncompacted: |found| found.iter_mut().for_each(|it| it.since = Timestamp(i64::MAX)),
            old: |old| {
                let in_order = old.events.is_sorted_by_key(|(event, _)| event.at);
                old.events.truncate(if in_order { usize::MAX } else { 1 });
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "forgets outcomes however young they are",
        breaks: &["older_outcomes_are_forgotten_and_younger_ones_kept"],
        faults: StoreFaults { forget_before: |_| Timestamp(i64::MAX), ..NO_FAULTS },
    },
    Saboteur {
        name: "keeps outcomes for ever",
        breaks: &[
            "older_outcomes_are_forgotten_and_younger_ones_kept",
            "a_repeat_of_a_forgotten_command_is_decided_anew",
        ],
        faults: StoreFaults { forget_max: |_| 0, ..NO_FAULTS },
    },
    Saboteur {
        name: "forgets more than it was asked to",
        breaks: &["the_oldest_outcomes_are_forgotten_first_and_so_many_at_a_time"],
        faults: StoreFaults { forget_max: |_| u32::MAX, ..NO_FAULTS },
    },
    Saboteur {
        name: "tells of one outcome more than it forgot",
        breaks: &[
            "the_oldest_outcomes_are_forgotten_first_and_so_many_at_a_time",
            "of_many_who_forget_at_once_each_tells_of_its_own",
        ],
        faults: StoreFaults { forgotten: |number| number + 1, ..NO_FAULTS },
    },
    Saboteur {
        name: "forgets events with their outcomes",
        breaks: &["forgetting_touches_outcomes_alone"],
        faults: StoreFaults { events_then: |events| _ = events.pop(), ..NO_FAULTS },
    },
];

fn follow_whatever_is_there(store: &MemoryStore, changes: &mut BoardChanges) {
    let heads = store.heads(&[changes.board]).now_or_never().and_then(Result::ok);
    changes.expected = heads.unwrap_or_default().first().map(|(_, head)| *head);
    let first = changes.expected.map_or(1, |head| head.seq.0 + 1);
    for (number, fact) in (first..).zip(&mut changes.facts) {
        fact.event.board = changes.board;
        (fact.event.from, fact.event.seq) = (Seq(number), Seq(number));
    }
    let last = changes.facts.last().map(|fact| fact.event.position());
    changes.head = last.or(changes.expected).unwrap_or(changes.head);
}

fn keep_the_first_role(store: &MemoryStore, changes: &mut BoardChanges) {
    let board = changes.board;
    changes.members.retain(|(actor, _)| {
        let standing = store.board_status(board, *actor, None).now_or_never().and_then(Result::ok);
        standing.flatten().is_none_or(|it| it.role.is_none())
    });
}

/// A place where nothing stays.
pub struct Sieve;

#[async_trait]
impl Reopenable for Sieve {
    async fn reopen(&self) -> Arc<dyn Store> {
        Arc::new(MemoryStore::new())
    }
}
