//! Stores that load wrongly for decisions.

use sockbit_domain::Seq;

use super::super::faulty_store::{Loading, NO_FAULTS, StoreFaults};
use super::super::fixtures::{actor, board_id, note_id};
use super::saboteur::Saboteur;

pub const LOADS: &[Saboteur] = &[
    Saboteur {
        name: "loads notes after the header",
        breaks: &["a_load_is_a_consistent_snapshot"],
        faults: StoreFaults { loading: Loading::NotesAfterHeader, ..NO_FAULTS },
    },
    Saboteur {
        name: "mixes boards",
        breaks: &[
            "compaction_of_one_board_does_not_change_others",
            "a_missing_board_has_no_data",
            "boards_with_equal_note_ids_are_independent",
        ],
        faults: StoreFaults { board: |_| board_id(1), ..NO_FAULTS },
    },
    Saboteur {
        name: "treats the nil id as another id",
        breaks: &["extreme_ids_are_stored_unchanged"],
        faults: StoreFaults {
            board: |board| if board.0.is_nil() { board_id(1) } else { board },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "returns loads in reverse order",
        breaks: &["results_are_in_the_order_of_the_requests"],
        faults: StoreFaults { results: |results| results.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "invents bases",
        breaks: &[
            "only_the_end_of_a_range_is_a_position",
            "unknown_ids_of_a_board_have_no_data",
            "bases_are_loaded_with_their_event_ids",
            "a_base_inside_a_squashed_range_is_not_loaded",
        ],
        faults: StoreFaults {
            loaded: |request, loaded| {
                if let Some(board) = &mut loaded.board {
                    let head = board.head.event;
                    board.bases.extend(request.bases.iter().map(|seq| (*seq, head)));
                }
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "loads the roles of all members",
        breaks: &["only_requested_roles_are_loaded"],
        faults: StoreFaults {
            request: |request| request.actors.extend((1..=4).map(|n| actor(n).id)),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "loads every note",
        breaks: &["only_requested_notes_are_loaded"],
        faults: StoreFaults {
            request: |request| request.notes.extend((1..=4).map(|n| (note_id(n), None))),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "loads edits from the beginning",
        breaks: &["only_edits_after_the_base_are_loaded"],
        faults: StoreFaults {
            request: |request| request.notes.values_mut().for_each(|base| *base = Some(Seq(0))),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "ignores the size limit of edits",
        breaks: &[
            "if_edits_exceed_the_limit_the_latest_are_loaded",
            "the_latest_edit_is_loaded_even_if_it_exceeds_the_limit",
        ],
        faults: StoreFaults {
            request: |request| request.edits_bytes_max = usize::MAX,
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "loads edits in reverse order",
        breaks: &[
            "edits_after_a_base_are_runs_after_compaction",
            "other_events_are_not_loaded_as_edits",
            "edits_are_stored_with_their_inverses",
        ],
        faults: StoreFaults {
            loaded: |_, loaded| {
                let boards = loaded.board.iter_mut();
                boards.flat_map(|board| board.edits.values_mut()).for_each(|it| it.reverse());
            },
            ..NO_FAULTS
        },
    },
];
