//! The view model, and its changes.

use sockbit_client::{MonotonicTime, SaveState, SaveStatus, ViewChange};
use sockbit_domain::{Change, Command, NoteId, Rank, RejectionCode, Seq, Text, Timestamp};
use uuid::Uuid;

use crate::fixture::*;

fn state(fixture: &Fixture) -> SaveState {
    fixture.machine.save_status(NOTE).state
}

#[test]
fn the_save_status_follows_an_edit() {
    let mut fixture = Fixture::live(&["one"]);
    assert_eq!(state(&fixture), SaveState::Saved);
    fixture.edit(&insert(3, "!"));
    assert_eq!(state(&fixture), SaveState::Editing);
    fixture.time = 10;
    fixture.flush();
    let saving =
        SaveStatus { state: SaveState::Saving, since: Some(MonotonicTime(10)), reason: None };
    assert_eq!(fixture.machine.save_status(NOTE), saving);
    let (id, _, delta) = fixture.sent_edit();
    fixture.receive(event(6, id, edited(delta)));
    assert_eq!(state(&fixture), SaveState::Saving, "the event does not replace the outcome");
    fixture.time = 20;
    fixture.receive(saved(id, 6));
    let save_status = fixture.machine.save_status(NOTE);
    assert_eq!((save_status.state, save_status.since), (SaveState::Saved, Some(MonotonicTime(20))));
}

#[test]
fn the_save_status_has_the_reason_of_a_rejection_until_the_draft_is_dismissed() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, "!"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.receive(rejected(id, RejectionCode::BoardTextFull));
    let reason = fixture.machine.save_status(NOTE).reason.expect("a reason");
    assert_eq!((state(&fixture), reason.code.as_str()), (SaveState::Rejected, "board_text_full"));
    let draft = fixture.machine.drafts()[0].id;
    fixture.machine.dismiss_draft(draft);
    assert_eq!(state(&fixture), SaveState::Saved);
}

#[test]
fn notes_are_ordered_by_rank_and_then_by_id() {
    let mut fixture = Fixture::live(&["one", "two", "three"]);
    fixture.submit(Command::MoveNote { note: NOTE, rank: rank("C") });
    let ids: Vec<NoteId> = fixture.machine.notes().into_iter().map(|note| note.id).collect();
    let [last, first] = [12, 11].map(|id| NoteId(Uuid::from_u128(id)));
    assert_eq!(ids, [first, NOTE, last]);
}

#[test]
fn there_is_a_rank_between_any_two_notes() {
    let mut fixture = Fixture::live(&["one", "two", "three"]);
    fixture.remote_event(6, Change::NoteMoved { note: OTHER_NOTE, rank: rank("A") });
    let last = NoteId(Uuid::from_u128(12));
    let between = |after, before| fixture.machine.rank_between(after, before);
    let tied = between(Some(NOTE), Some(OTHER_NOTE));
    assert!(rank("A") < tied && tied < rank("C"), "after both of equal rank, and before the next");
    assert!(between(None, Some(NOTE)) < rank("A"));
    assert!(between(Some(last), None) > rank("C"));
    assert_eq!(Fixture::live(&[]).machine.rank_between(None, None), Rank::middle());
}

#[test]
fn added_and_removed_notes_are_view_changes() {
    let mut fixture = Fixture::live(&["one"]);
    let (note, text, colour) = (OTHER_NOTE, Text::normalise("two"), sockbit_domain::Colour::Red);
    fixture.remote_event(6, Change::NoteCreated { note, text, colour, rank: rank("B") });
    assert_eq!(fixture.machine.take_changes(), [ViewChange::Added { note }]);
    fixture.remote_event(7, Change::NoteTrashed { note });
    assert_eq!(fixture.machine.take_changes(), [ViewChange::Note { note }]);
    fixture.remote_event(8, Change::NoteDeleted { note });
    assert_eq!(fixture.machine.take_changes(), [ViewChange::Removed { note }]);
}

#[test]
fn a_note_added_and_removed_between_two_views_is_no_change() {
    let mut fixture = Fixture::live(&["one"]);
    let (note, text, colour) = (OTHER_NOTE, Text::normalise("two"), sockbit_domain::Colour::Red);
    fixture.remote_event(6, Change::NoteCreated { note, text, colour, rank: rank("B") });
    fixture.remote_event(7, Change::NoteDeleted { note });
    assert!(fixture.machine.take_changes().is_empty());
}

#[test]
fn a_snapshot_is_one_reset() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.reconnect();
    fixture.pull(9, &["two", "three"]);
    let changes = fixture.machine.take_changes();
    assert_eq!(changes, [ViewChange::Board, ViewChange::Reset]);
}

#[test]
fn a_new_note_is_shown_with_its_author_and_without_a_seq() {
    let mut fixture = Fixture::live(&[]);
    fixture.time = 30;
    let (note, text) = (NOTE, Text::normalise("new"));
    let colour = sockbit_domain::Colour::Red;
    fixture.submit(Command::CreateNote { note, text, colour, rank: rank("V") });
    let shown = fixture.machine.view(NOTE).expect("a note");
    assert_eq!((shown.is_new, shown.seq, shown.edited_at), (true, Seq(0), Timestamp(30)));
    assert_eq!(shown.edited_by, Some(actor(1)));
}

#[test]
fn unsent_commands_and_texts_are_counted() {
    let mut fixture = Fixture::live(&["one", "two"]);
    fixture.edit(&insert(0, "x"));
    fixture.machine.edit(OTHER_NOTE, &insert(0, "y")).expect("it fits");
    fixture.flush();
    fixture.submit(Command::TrashNote { note: OTHER_NOTE });
    assert_eq!(fixture.machine.unsent_count(), 3);
}
