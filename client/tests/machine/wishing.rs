//! Wishes: shown at once, sent one by one, and taken back where they are not granted.

use sockbit_client::WishError;
use sockbit_domain::wire::{Refusal, RefusalCode, ServerMessage};
use sockbit_domain::{
    Change, Colour, Command, NoteState, Outcome, RejectionCode, Text, TextChange, Timestamp,
};

use crate::desk::*;

fn create(text: &str) -> Command {
    let text = Text::normalise(text);
    Command::CreateNote { note: OTHER_NOTE, text, colour: Colour::Blue, rank: rank("V") }
}

#[test]
fn a_wish_is_shown_before_it_is_granted() {
    let mut desk = Desk::live(&["one"]);
    desk.wish(Command::RecolourNote { note: NOTE, colour: Colour::Red });
    desk.wish(Command::TrashNote { note: NOTE });
    desk.wish(Command::RenameBoard { title: "Another".into() });
    let shown = desk.machine.view(NOTE).expect("a note");
    assert_eq!((shown.colour, shown.state), (Colour::Red, NoteState::Trashed));
    assert_eq!(desk.machine.title(), "Another");
}

#[test]
fn wishes_go_one_by_one_in_their_order() {
    let mut desk = Desk::live(&["one"]);
    let first = desk.wish(Command::TrashNote { note: NOTE });
    let second = desk.wish(Command::RestoreNote { note: NOTE });
    assert_eq!(desk.command().id, first);
    desk.hear(event(6, first, Change::NoteTrashed { note: NOTE }));
    desk.hear(saved(first, 6));
    assert_eq!(desk.command().id, second);
}

#[test]
fn typing_keeps_its_place_between_wishes() {
    let mut desk = Desk::live(&["one"]);
    let first = desk.wish(Command::TrashNote { note: NOTE });
    desk.typed(&insert(3, "!"));
    desk.flush();
    let last = desk.wish(Command::TrashNote { note: NOTE });
    desk.sent();
    desk.hear(outcome(first, Outcome::Unchanged { position: position(5) }));
    let (edit, ..) = desk.edit();
    desk.hear(event(6, edit, edited(insert(3, "!"))));
    desk.hear(saved(edit, 6));
    assert_eq!(desk.command().id, last);
}

#[test]
fn a_wish_that_is_not_granted_is_taken_back_and_told() {
    let mut desk = Desk::live(&["one"]);
    let id = desk.wish(Command::DeleteNote { note: NOTE });
    assert!(desk.machine.notes().is_empty());
    desk.hear(rejected(id, RejectionCode::NoteNotTrashed));
    assert_eq!(desk.machine.notes().len(), 1);
    assert_eq!(desk.notices(), ["note_not_trashed"]);
}

#[test]
fn what_happened_after_the_own_event_is_shown_before_the_outcome() {
    let mut desk = Desk::live(&["one"]);
    let id = desk.wish(Command::RecolourNote { note: NOTE, colour: Colour::Red });
    desk.hear(event(6, id, Change::NoteRecoloured { note: NOTE, colour: Colour::Red }));
    desk.others(7, Change::NoteRecoloured { note: NOTE, colour: Colour::Teal });
    assert_eq!(desk.machine.view(NOTE).map(|note| note.colour), Some(Colour::Teal));
}

#[test]
fn a_new_note_can_be_typed_in_at_once() {
    let mut desk = Desk::live(&["one"]);
    let id = desk.wish(create("new"));
    desk.machine.edit(OTHER_NOTE, &insert(3, " words")).expect("it fits");
    desk.with(|machine, moment| machine.flush(OTHER_NOTE, moment));
    assert_eq!(desk.command().id, id);
    let (note, text) = (OTHER_NOTE, Text::normalise("new"));
    let created = Change::NoteCreated { note, text, colour: Colour::Blue, rank: rank("V") };
    desk.hear(event(6, id, created));
    desk.hear(saved(id, 6));
    let (_, base, delta) = desk.edit();
    assert_eq!((base, delta), (position(6), insert(3, " words")));
}

#[test]
fn a_creation_that_is_rejected_keeps_its_words_and_those_after() {
    let mut desk = Desk::live(&["one"]);
    let id = desk.wish(create("new"));
    desk.machine.edit(OTHER_NOTE, &insert(3, " words")).expect("it fits");
    desk.with(|machine, moment| machine.flush(OTHER_NOTE, moment));
    desk.wish(Command::TrashNote { note: OTHER_NOTE });
    desk.sent();
    desk.hear(rejected(id, RejectionCode::BoardFull));
    assert_eq!(desk.drafts(), [("board_full", "new words")]);
    assert_eq!(desk.machine.notes().len(), 1);
    assert!(desk.sent().is_empty(), "nothing can be done with a note that is not there");
}

#[test]
fn an_unanswered_command_is_sent_again_to_the_byte() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let first = desk.machine.take_outgoing();
    desk.typed(&insert(7, " three"));
    desk.others(6, edited(insert(0, "zero ")));
    desk.tick(4_999);
    assert!(desk.sent().is_empty());
    desk.tick(1);
    assert_eq!(desk.machine.take_outgoing(), first);
}

#[test]
fn a_command_that_is_not_taken_now_is_sent_again_when_it_may() {
    let mut desk = Desk::live(&["one"]);
    let id = desk.wish(Command::TrashNote { note: NOTE });
    desk.sent();
    desk.hear(ServerMessage::Again { id: Some(id), board: None, after_ms: 700 });
    desk.tick(699);
    assert!(desk.sent().is_empty());
    desk.tick(1);
    assert_eq!(desk.command().id, id);
}

#[test]
fn a_command_that_cannot_be_read_is_set_aside_and_the_next_goes_on() {
    let mut desk = Desk::live(&["one"]);
    let id = desk.wish(create("new"));
    let next = desk.wish(Command::TrashNote { note: NOTE });
    desk.sent();
    let (code, detail) = (RefusalCode::Malformed, "no such command".into());
    desk.hear(ServerMessage::Refused(Refusal { id: Some(id), code, detail }));
    assert_eq!(desk.drafts(), [("malformed", "new")]);
    assert_eq!(desk.command().id, next);
}

#[test]
fn an_outcome_of_another_command_changes_nothing() {
    let mut desk = Desk::live(&["one"]);
    desk.wish(Command::TrashNote { note: NOTE });
    desk.hear(saved(SOMEBODY, 5));
    desk.hear(rejected(SOMEBODY, RejectionCode::Internal));
    assert_eq!(desk.machine.unsent(), 1);
}

#[test]
fn a_text_is_not_changed_by_a_wish() {
    let mut desk = Desk::live(&["one"]);
    let change = TextChange::Whole(Text::normalise("two"));
    let command = Command::EditNote { note: NOTE, base: position(5), change };
    assert_eq!(desk.machine.wish(command, SOMEBODY, Timestamp(0), None), Err(WishError));
    assert!(desk.sent().is_empty());
}
