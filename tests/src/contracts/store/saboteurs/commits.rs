//! Stores that commit wrongly.

use futures::FutureExt;
use sockbit_application::ports::{BoardChanges, ReadStore, SingleReads};
use sockbit_domain::{Colour, KeyHash, LinkId, NoteState, Seq, Text, Timestamp};
use sockbit_memory::MemoryStore;
use uuid::Uuid;

use super::super::faulty_store::{Committing, NO_FAULTS, StoreFaults};
use super::saboteur::Saboteur;

pub const COMMITS: &[Saboteur] = &[
    Saboteur {
        name: "drops outcomes",
        breaks: &[
            "outcomes_are_found_by_board_client_and_message",
            "every_kind_of_outcome_is_stored_unchanged",
            "outcomes_without_an_event_do_not_move_the_head",
            "a_command_has_one_outcome",
        ],
        faults: StoreFaults { changes: |_, changes| changes.outcomes.clear(), ..NO_FAULTS },
    },
    Saboteur {
        name: "ignores the expected head",
        breaks: &[
            "a_stale_commit_changes_nothing",
            "a_head_of_another_history_is_stale",
            "an_existing_board_is_not_created_again",
            "a_missing_board_is_not_changed",
            "exactly_one_of_many_writers_wins_each_seq",
            "a_board_that_is_twice_in_a_batch_is_changed_twice",
            "outcomes_without_an_event_are_conditional_on_the_head",
            "a_commit_with_a_gap_is_a_conflict",
        ],
        faults: StoreFaults { changes: ignore_the_expected_head, ..NO_FAULTS },
    },
    Saboteur {
        name: "stops a batch at the first conflict",
        breaks: &["a_conflict_does_not_affect_other_boards"],
        faults: StoreFaults { committing: Committing::StopsAtTheFirstConflict, ..NO_FAULTS },
    },
    Saboteur {
        name: "commits outcomes after events",
        breaks: &["a_cancelled_commit_is_atomic"],
        faults: StoreFaults { committing: Committing::OutcomesAfterEvents, ..NO_FAULTS },
    },
    Saboteur {
        name: "is not writable",
        breaks: &["the_health_check_of_a_writable_store_succeeds"],
        faults: StoreFaults { check: Err("the disk is full"), ..NO_FAULTS },
    },
    Saboteur {
        name: "never raises a role",
        breaks: &["a_role_can_be_raised"],
        faults: StoreFaults { changes: keep_the_first_role, ..NO_FAULTS },
    },
    Saboteur {
        name: "trashes notes instead of deleting them",
        breaks: &[
            "deleted_notes_leave_a_tombstone",
            "pages_of_notes_contain_trashed_notes_and_no_tombstones",
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
        name: "stores one colour",
        breaks: &["every_field_of_a_note_is_stored"],
        faults: StoreFaults {
            changes: |_, changes| {
                changes.notes.iter_mut().for_each(|note| note.colour = Colour::Paper);
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "stores no note count",
        breaks: &["the_header_of_a_board_is_stored"],
        faults: StoreFaults { changes: |_, changes| changes.note_count = 0, ..NO_FAULTS },
    },
    Saboteur {
        name: "stores only characters of the basic plane",
        breaks: &[
            "texts_of_every_unicode_plane_are_stored_unchanged",
            "hostile_text_is_stored_as_text",
        ],
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
        name: "stores no time before 1970",
        breaks: &["extreme_times_are_stored_unchanged"],
        faults: StoreFaults {
            changes: |_, changes| {
                let events = changes.facts.iter_mut().map(|fact| &mut fact.event);
                events.for_each(|event| event.at = event.at.max(Timestamp(0)));
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "stores links under other keys",
        breaks: &["links_are_stored_with_their_hashes", "a_key_belongs_to_one_link"],
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
];

fn ignore_the_expected_head(store: &MemoryStore, changes: &mut BoardChanges) {
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
        let status = store.board_status(board, *actor, None).now_or_never().and_then(Result::ok);
        status.flatten().is_none_or(|it| it.role.is_none())
    });
}
