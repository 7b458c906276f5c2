//! Wishes: shown at once, sent one by one, and taken back where they are not granted.

use sockbit_client::SubmitError;
use sockbit_domain::wire::{Refusal, RefusalCode, ServerMessage};
use sockbit_domain::{
    Change, Colour, Command, NoteState, Outcome, RejectionCode, Text, TextChange,
};

use crate::fixture::*;

const DAY: i64 = 24 * 60 * 60 * 1000;

fn create(text: &str) -> Command {
    let text = Text::normalise(text);
    Command::CreateNote { note: OTHER_NOTE, text, colour: Colour::Blue, rank: rank("V") }
}

#[test]
fn a_wish_is_shown_before_it_is_granted() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.submit(Command::RecolourNote { note: NOTE, colour: Colour::Red });
    fixture.submit(Command::TrashNote { note: NOTE });
    fixture.submit(Command::RenameBoard { title: "Another".into() });
    let shown = fixture.machine.view(NOTE).expect("a note");
    assert_eq!((shown.colour, shown.state), (Colour::Red, NoteState::Trashed));
    assert_eq!(fixture.machine.title(), "Another");
}

#[test]
fn wishes_go_one_by_one_in_their_order() {
    let mut fixture = Fixture::live(&["one"]);
    let first = fixture.submit(Command::TrashNote { note: NOTE });
    let second = fixture.submit(Command::RestoreNote { note: NOTE });
    assert_eq!(fixture.command().id, first);
    fixture.hear(event(6, first, Change::NoteTrashed { note: NOTE }));
    fixture.hear(saved(first, 6));
    assert_eq!(fixture.command().id, second);
}

#[test]
fn typing_keeps_its_place_between_wishes() {
    let mut fixture = Fixture::live(&["one"]);
    let first = fixture.submit(Command::TrashNote { note: NOTE });
    fixture.typed(&insert(3, "!"));
    fixture.flush();
    let last = fixture.submit(Command::TrashNote { note: NOTE });
    fixture.sent();
    fixture.hear(outcome(first, Outcome::Unchanged { position: position(5) }));
    let (edit, ..) = fixture.edit();
    fixture.hear(event(6, edit, edited(insert(3, "!"))));
    fixture.hear(saved(edit, 6));
    assert_eq!(fixture.command().id, last);
}

#[test]
fn a_wish_that_is_not_granted_is_taken_back_and_told() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(Command::DeleteNote { note: NOTE });
    assert!(fixture.machine.notes().is_empty());
    fixture.hear(rejected(id, RejectionCode::NoteNotTrashed));
    assert_eq!(fixture.machine.notes().len(), 1);
    assert_eq!(fixture.notices(), ["note_not_trashed"]);
}

#[test]
fn what_happened_after_the_own_event_is_shown_before_the_outcome() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(Command::RecolourNote { note: NOTE, colour: Colour::Red });
    fixture.hear(event(6, id, Change::NoteRecoloured { note: NOTE, colour: Colour::Red }));
    fixture.others(7, Change::NoteRecoloured { note: NOTE, colour: Colour::Teal });
    assert_eq!(fixture.machine.view(NOTE).map(|note| note.colour), Some(Colour::Teal));
}

#[test]
fn a_new_note_can_be_typed_in_at_once() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(create("new"));
    fixture.machine.edit(OTHER_NOTE, &insert(3, " words")).expect("it fits");
    fixture.with(|machine, clock_and_ids| machine.flush(OTHER_NOTE, clock_and_ids));
    assert_eq!(fixture.command().id, id);
    let (note, text) = (OTHER_NOTE, Text::normalise("new"));
    let created = Change::NoteCreated { note, text, colour: Colour::Blue, rank: rank("V") };
    fixture.hear(event(6, id, created));
    fixture.hear(saved(id, 6));
    let (_, base, delta) = fixture.edit();
    assert_eq!((base, delta), (position(6), insert(3, " words")));
}

#[test]
fn a_creation_that_is_rejected_keeps_its_words_and_those_after() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(create("new"));
    fixture.machine.edit(OTHER_NOTE, &insert(3, " words")).expect("it fits");
    fixture.with(|machine, clock_and_ids| machine.flush(OTHER_NOTE, clock_and_ids));
    fixture.submit(Command::TrashNote { note: OTHER_NOTE });
    fixture.sent();
    fixture.hear(rejected(id, RejectionCode::BoardFull));
    assert_eq!(fixture.drafts(), [("board_full", "new words")]);
    assert_eq!(fixture.machine.notes().len(), 1);
    assert!(fixture.sent().is_empty(), "nothing can be done with a note that is not there");
}

#[test]
fn an_unanswered_command_is_sent_again_to_the_byte() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.typed(&insert(3, " two"));
    fixture.flush();
    let first = fixture.machine.take_outgoing();
    fixture.typed(&insert(7, " three"));
    fixture.others(6, edited(insert(0, "zero ")));
    fixture.tick(4_999);
    assert!(fixture.sent().is_empty());
    fixture.tick(1);
    assert_eq!(fixture.machine.take_outgoing(), first);
}

#[test]
fn an_unanswered_command_is_sent_again_though_the_wall_clock_was_set_back() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(Command::TrashNote { note: NOTE });
    assert_eq!(fixture.command().id, id);
    fixture.wall_ahead -= DAY;
    fixture.tick(5_000);
    assert_eq!(fixture.command().id, id);
}

#[test]
fn a_command_is_not_sent_again_early_though_the_wall_clock_was_set_forward() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.submit(Command::TrashNote { note: NOTE });
    fixture.sent();
    fixture.wall_ahead += DAY;
    fixture.tick(4_999);
    assert!(fixture.sent().is_empty());
}

#[test]
fn a_requested_pause_ends_though_the_wall_clock_was_set_back() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(Command::TrashNote { note: NOTE });
    fixture.sent();
    fixture.hear(ServerMessage::Again { id: Some(id), board: None, after_ms: 300 });
    fixture.wall_ahead -= DAY;
    fixture.tick(300);
    assert_eq!(fixture.command().id, id);
}

#[test]
fn a_command_that_is_not_taken_now_is_sent_again_when_it_may() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(Command::TrashNote { note: NOTE });
    fixture.sent();
    fixture.hear(ServerMessage::Again { id: Some(id), board: None, after_ms: 700 });
    fixture.tick(699);
    assert!(fixture.sent().is_empty());
    fixture.tick(1);
    assert_eq!(fixture.command().id, id);
}

#[test]
fn a_command_that_cannot_be_read_is_set_aside_and_the_next_goes_on() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(create("new"));
    let next = fixture.submit(Command::TrashNote { note: NOTE });
    fixture.sent();
    let (code, detail) = (RefusalCode::Malformed, "no such command".into());
    fixture.hear(ServerMessage::Refused(Refusal { id: Some(id), code, detail }));
    assert_eq!(fixture.drafts(), [("malformed", "new")]);
    assert_eq!(fixture.command().id, next);
}

#[test]
fn an_outcome_of_another_command_changes_nothing() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.submit(Command::TrashNote { note: NOTE });
    fixture.hear(saved(SOMEBODY, 5));
    fixture.hear(rejected(SOMEBODY, RejectionCode::Internal));
    assert_eq!(fixture.machine.unsent_count(), 1);
}

#[test]
fn a_text_is_not_changed_by_a_wish() {
    let mut fixture = Fixture::live(&["one"]);
    let change = TextChange::Whole(Text::normalise("two"));
    let command = Command::EditNote { note: NOTE, base: position(5), change };
    assert_eq!(fixture.machine.submit(command, SOMEBODY, fixture.now(), None), Err(SubmitError));
    assert!(fixture.sent().is_empty());
}
