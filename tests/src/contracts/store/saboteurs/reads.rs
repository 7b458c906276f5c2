//! Stores that answer queries wrongly.

use sockbit_domain::{Change, EventId, Position, Role, Seq};
use uuid::Uuid;

use super::super::faulty_store::{NO_FAULTS, StoreFaults};
use super::super::fixtures::{actor, board_id};
use super::saboteur::Saboteur;

pub const READS: &[Saboteur] = &[
    Saboteur {
        name: "drops the last event of a page",
        breaks: &[
            "every_kind_of_event_is_stored_unchanged",
            "pages_of_events_contain_each_event_once_in_order",
        ],
        faults: StoreFaults { events: |events| _ = events.pop(), ..NO_FAULTS },
    },
    Saboteur {
        name: "returns events in reverse order",
        breaks: &["facts_of_one_commit_keep_their_order"],
        faults: StoreFaults { events: |events| events.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "starts a page of events one event too early",
        breaks: &["events_can_be_read_after_any_seq"],
        faults: StoreFaults { after: |seq| Seq(seq.0.saturating_sub(1)), ..NO_FAULTS },
    },
    Saboteur {
        name: "returns heads of missing boards",
        breaks: &["an_empty_request_has_an_empty_result", "heads_contain_each_existing_board_once"],
        faults: StoreFaults {
            heads: |heads| {
                let head = Position { seq: Seq(1), event: EventId(Uuid::nil()) };
                heads.push((board_id(3), head));
            },
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "drops the last note of each page",
        breaks: &["pages_of_notes_contain_each_note_once_ordered_by_id"],
        faults: StoreFaults { notes: |page| _ = page.notes.pop(), ..NO_FAULTS },
    },
    Saboteur {
        name: "puts everything on one page",
        breaks: &[
            "compactable_events_are_paged_within_their_limits",
            "pages_of_notes_fill_their_size_limit",
            "a_note_over_the_size_limit_has_its_own_page",
            "pages_of_events_fill_their_size_limit",
        ],
        faults: StoreFaults { bytes_max: |_| usize::MAX, ..NO_FAULTS },
    },
    Saboteur {
        name: "puts one item on each page",
        breaks: &["pages_of_notes_fill_their_size_limit", "pages_of_events_fill_their_size_limit"],
        faults: StoreFaults { bytes_max: |_| 0, ..NO_FAULTS },
    },
    Saboteur {
        name: "has a next page after the last one",
        breaks: &["the_last_page_of_notes_has_no_next"],
        faults: StoreFaults {
            notes: |page| page.next = page.notes.last().map(|note| note.id),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "returns an old head with notes",
        breaks: &["pages_of_notes_have_title_and_head"],
        faults: StoreFaults { notes: |page| page.head.seq = Seq(1), ..NO_FAULTS },
    },
    Saboteur {
        name: "reports every actor as the owner",
        breaks: &["a_board_status_has_role_title_and_head"],
        faults: StoreFaults { status: |status| status.role = Some(Role::Owner), ..NO_FAULTS },
    },
    Saboteur {
        name: "reports no later events",
        breaks: &[
            "the_size_of_later_events_is_never_underestimated",
            "a_board_status_has_the_size_of_later_events",
        ],
        faults: StoreFaults { status: |status| status.bytes_since = 0, ..NO_FAULTS },
    },
    Saboteur {
        name: "returns board statuses in reverse order",
        breaks: &[
            "board_statuses_are_in_the_order_of_the_requests",
            "board_statuses_of_one_batch_are_those_of_single_requests",
        ],
        faults: StoreFaults { statuses: |statuses| statuses.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "returns pages of events in reverse order",
        breaks: &["event_pages_are_in_the_order_of_the_requests"],
        faults: StoreFaults { pages: |pages| pages.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "shares the size limit among the pages of a batch",
        breaks: &["each_event_page_of_a_batch_has_the_size_limit"],
        faults: StoreFaults {
            pages: |pages| pages.iter_mut().skip(1).for_each(|page| page.truncate(1)),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "lists the oldest change first",
        breaks: &["boards_are_listed_latest_change_first"],
        faults: StoreFaults { list: |list| list.reverse(), ..NO_FAULTS },
    },
    Saboteur {
        name: "lists the boards of another actor",
        breaks: &["lists_contain_the_boards_of_the_member"],
        faults: StoreFaults { list_actor: |_| actor(2).id, ..NO_FAULTS },
    },
    Saboteur {
        name: "counts trashed notes in lists",
        breaks: &["lists_have_the_live_note_count_and_the_last_change"],
        faults: StoreFaults {
            list: |list| list.iter_mut().for_each(|board| board.notes += 1),
            ..NO_FAULTS
        },
    },
    Saboteur {
        name: "returns only edits as history",
        breaks: &[
            "the_history_of_a_note_has_an_entry_per_run",
            "the_history_of_a_note_contains_exactly_its_events",
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
        name: "always reports more history",
        breaks: &["history_pages_start_with_the_latest"],
        faults: StoreFaults { history: |history| history.more = true, ..NO_FAULTS },
    },
    Saboteur {
        name: "ignores the requested end of a history page",
        breaks: &[
            "history_pages_are_consistent_over_ranges",
            "a_history_page_ends_before_the_requested_seq",
        ],
        faults: StoreFaults { before: |_| None, ..NO_FAULTS },
    },
    Saboteur {
        name: "returns later inverses in reverse order",
        breaks: &["inverses_restore_every_earlier_text"],
        faults: StoreFaults { history: |history| history.later_inverses.reverse(), ..NO_FAULTS },
    },
];
