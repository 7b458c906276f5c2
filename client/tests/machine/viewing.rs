//! What a view shows.

use sockbit_client::{Receipt, ReceiptState, ViewChange};
use sockbit_domain::{Change, Command, NoteId, Rank, RejectionCode, Seq, Text, Timestamp};
use uuid::Uuid;

use crate::desk::*;

fn state(desk: &Desk) -> ReceiptState {
    desk.machine.receipt(NOTE).state
}

#[test]
fn a_receipt_says_where_the_words_are() {
    let mut desk = Desk::live(&["one"]);
    assert_eq!(state(&desk), ReceiptState::Saved);
    desk.typed(&insert(3, "!"));
    assert_eq!(state(&desk), ReceiptState::Editing);
    desk.now = 10;
    desk.flush();
    let saving = Receipt { state: ReceiptState::Saving, since: Some(Timestamp(10)), reason: None };
    assert_eq!(desk.machine.receipt(NOTE), saving);
    let (id, _, delta) = desk.edit();
    desk.hear(event(6, id, edited(delta)));
    assert_eq!(state(&desk), ReceiptState::Saving, "an event is no outcome");
    desk.now = 20;
    desk.hear(saved(id, 6));
    let receipt = desk.machine.receipt(NOTE);
    assert_eq!((receipt.state, receipt.since), (ReceiptState::Saved, Some(Timestamp(20))));
}

#[test]
fn a_receipt_says_why_words_were_rejected_until_the_draft_is_dismissed() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, "!"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.hear(rejected(id, RejectionCode::BoardTextFull));
    let reason = desk.machine.receipt(NOTE).reason.expect("a reason");
    assert_eq!((state(&desk), reason.code.as_str()), (ReceiptState::Rejected, "board_text_full"));
    let draft = desk.machine.drafts()[0].id;
    desk.machine.dismiss_draft(draft);
    assert_eq!(state(&desk), ReceiptState::Saved);
}

#[test]
fn notes_stand_by_rank_and_then_by_id() {
    let mut desk = Desk::live(&["one", "two", "three"]);
    desk.wish(Command::MoveNote { note: NOTE, rank: rank("C") });
    let ids: Vec<NoteId> = desk.machine.notes().into_iter().map(|note| note.id).collect();
    let [last, first] = [12, 11].map(|id| NoteId(Uuid::from_u128(id)));
    assert_eq!(ids, [first, NOTE, last]);
}

#[test]
fn there_is_a_rank_between_any_two_notes() {
    let mut desk = Desk::live(&["one", "two", "three"]);
    desk.others(6, Change::NoteMoved { note: OTHER_NOTE, rank: rank("A") });
    let last = NoteId(Uuid::from_u128(12));
    let between = |after, before| desk.machine.rank_for(after, before);
    let tied = between(Some(NOTE), Some(OTHER_NOTE));
    assert!(rank("A") < tied && tied < rank("C"), "after both of equal rank, but not farther");
    assert!(between(None, Some(NOTE)) < rank("A"));
    assert!(between(Some(last), None) > rank("C"));
    assert_eq!(Desk::live(&[]).machine.rank_for(None, None), Rank::middle());
}

#[test]
fn a_view_hears_of_notes_that_come_and_go() {
    let mut desk = Desk::live(&["one"]);
    let (note, text, colour) = (OTHER_NOTE, Text::normalise("two"), sockbit_domain::Colour::Red);
    desk.others(6, Change::NoteCreated { note, text, colour, rank: rank("B") });
    assert_eq!(desk.machine.take_changes(), [ViewChange::Added { note }]);
    desk.others(7, Change::NoteTrashed { note });
    assert_eq!(desk.machine.take_changes(), [ViewChange::Note { note }]);
    desk.others(8, Change::NoteDeleted { note });
    assert_eq!(desk.machine.take_changes(), [ViewChange::Removed { note }]);
}

#[test]
fn a_note_that_a_view_never_saw_need_not_be_removed() {
    let mut desk = Desk::live(&["one"]);
    let (note, text, colour) = (OTHER_NOTE, Text::normalise("two"), sockbit_domain::Colour::Red);
    desk.others(6, Change::NoteCreated { note, text, colour, rank: rank("B") });
    desk.others(7, Change::NoteDeleted { note });
    assert!(desk.machine.take_changes().is_empty());
}

#[test]
fn a_snapshot_is_one_reset() {
    let mut desk = Desk::live(&["one"]);
    desk.reconnect();
    desk.pull(9, &["two", "three"]);
    let changes = desk.machine.take_changes();
    assert_eq!(changes, [ViewChange::Board, ViewChange::Reset]);
}

#[test]
fn a_new_note_is_shown_as_its_sender_s_with_no_seq() {
    let mut desk = Desk::live(&[]);
    desk.now = 30;
    let (note, text) = (NOTE, Text::normalise("new"));
    let colour = sockbit_domain::Colour::Red;
    desk.wish(Command::CreateNote { note, text, colour, rank: rank("V") });
    let shown = desk.machine.view(NOTE).expect("a note");
    assert_eq!((shown.is_new, shown.seq, shown.edited_at), (true, Seq(0), Timestamp(30)));
    assert_eq!(shown.edited_by, Some(actor(1)));
}

#[test]
fn what_is_unsent_is_counted() {
    let mut desk = Desk::live(&["one", "two"]);
    desk.typed(&insert(0, "x"));
    desk.machine.edit(OTHER_NOTE, &insert(0, "y")).expect("it fits");
    desk.flush();
    desk.wish(Command::TrashNote { note: OTHER_NOTE });
    assert_eq!(desk.machine.unsent(), 3);
}
