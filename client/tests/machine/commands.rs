//! Commands: shown before their outcome, sent one by one, and undone if they are rejected.

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
fn a_submitted_command_is_shown_before_its_outcome() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.submit(Command::RecolourNote { note: NOTE, colour: Colour::Red });
    fixture.submit(Command::TrashNote { note: NOTE });
    fixture.submit(Command::RenameBoard { title: "Another".into() });
    let shown = fixture.machine.view(NOTE).expect("a note");
    assert_eq!((shown.colour, shown.state), (Colour::Red, NoteState::Trashed));
    assert_eq!(fixture.machine.title(), "Another");
}

#[test]
fn commands_are_sent_one_by_one_in_order() {
    let mut fixture = Fixture::live(&["one"]);
    let first = fixture.submit(Command::TrashNote { note: NOTE });
    let second = fixture.submit(Command::RestoreNote { note: NOTE });
    assert_eq!(fixture.sent_command().id, first);
    fixture.receive(event(6, first, Change::NoteTrashed { note: NOTE }));
    fixture.receive(saved(first, 6));
    assert_eq!(fixture.sent_command().id, second);
}

#[test]
fn an_edit_keeps_its_place_between_other_commands() {
    let mut fixture = Fixture::live(&["one"]);
    let first = fixture.submit(Command::TrashNote { note: NOTE });
    fixture.edit(&insert(3, "!"));
    fixture.flush();
    let last = fixture.submit(Command::TrashNote { note: NOTE });
    fixture.sent();
    fixture.receive(outcome(first, Outcome::Unchanged { position: position(5) }));
    let (edit, ..) = fixture.sent_edit();
    fixture.receive(event(6, edit, edited(insert(3, "!"))));
    fixture.receive(saved(edit, 6));
    assert_eq!(fixture.sent_command().id, last);
}

#[test]
fn a_rejected_command_is_undone_and_notified() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(Command::DeleteNote { note: NOTE });
    assert!(fixture.machine.notes().is_empty());
    fixture.receive(rejected(id, RejectionCode::NoteNotTrashed));
    assert_eq!(fixture.machine.notes().len(), 1);
    assert_eq!(fixture.notices(), ["note_not_trashed"]);
}

#[test]
fn events_after_the_own_event_are_shown_before_the_outcome() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(Command::RecolourNote { note: NOTE, colour: Colour::Red });
    fixture.receive(event(6, id, Change::NoteRecoloured { note: NOTE, colour: Colour::Red }));
    fixture.remote_event(7, Change::NoteRecoloured { note: NOTE, colour: Colour::Teal });
    assert_eq!(fixture.machine.view(NOTE).map(|note| note.colour), Some(Colour::Teal));
}

#[test]
fn a_new_note_can_be_edited_before_its_outcome() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(create("new"));
    fixture.machine.edit(OTHER_NOTE, &insert(3, " words")).expect("it fits");
    fixture.with(|machine, clock_and_ids| machine.flush(OTHER_NOTE, clock_and_ids));
    assert_eq!(fixture.sent_command().id, id);
    let (note, text) = (OTHER_NOTE, Text::normalise("new"));
    let created = Change::NoteCreated { note, text, colour: Colour::Blue, rank: rank("V") };
    fixture.receive(event(6, id, created));
    fixture.receive(saved(id, 6));
    let (_, base, delta) = fixture.sent_edit();
    assert_eq!((base, delta), (position(6), insert(3, " words")));
}

#[test]
fn a_rejected_creation_becomes_a_draft_with_its_later_edits() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(create("new"));
    fixture.machine.edit(OTHER_NOTE, &insert(3, " words")).expect("it fits");
    fixture.with(|machine, clock_and_ids| machine.flush(OTHER_NOTE, clock_and_ids));
    fixture.submit(Command::TrashNote { note: OTHER_NOTE });
    fixture.sent();
    fixture.receive(rejected(id, RejectionCode::BoardFull));
    assert_eq!(fixture.drafts(), [("board_full", "new words")]);
    assert_eq!(fixture.machine.notes().len(), 1);
    assert!(fixture.sent().is_empty(), "commands of the note are dropped with it");
}

#[test]
fn a_command_without_an_outcome_is_resent_byte_for_byte() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let first = fixture.machine.take_outgoing();
    fixture.edit(&insert(7, " three"));
    fixture.remote_event(6, edited(insert(0, "zero ")));
    fixture.tick(4_999);
    assert!(fixture.sent().is_empty());
    fixture.tick(1);
    assert_eq!(fixture.machine.take_outgoing(), first);
}

#[test]
fn a_command_is_resent_in_time_when_the_wall_clock_is_set_back() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(Command::TrashNote { note: NOTE });
    assert_eq!(fixture.sent_command().id, id);
    fixture.wall_ahead -= DAY;
    fixture.tick(5_000);
    assert_eq!(fixture.sent_command().id, id);
}

#[test]
fn a_command_is_not_resent_early_when_the_wall_clock_is_set_forward() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.submit(Command::TrashNote { note: NOTE });
    fixture.sent();
    fixture.wall_ahead += DAY;
    fixture.tick(4_999);
    assert!(fixture.sent().is_empty());
}

#[test]
fn a_requested_pause_ends_in_time_when_the_wall_clock_is_set_back() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(Command::TrashNote { note: NOTE });
    fixture.sent();
    fixture.receive(ServerMessage::Again { id: Some(id), board: None, after_ms: 300 });
    fixture.wall_ahead -= DAY;
    fixture.tick(300);
    assert_eq!(fixture.sent_command().id, id);
}

#[test]
fn a_postponed_command_is_resent_after_the_requested_pause() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(Command::TrashNote { note: NOTE });
    fixture.sent();
    fixture.receive(ServerMessage::Again { id: Some(id), board: None, after_ms: 700 });
    fixture.tick(699);
    assert!(fixture.sent().is_empty());
    fixture.tick(1);
    assert_eq!(fixture.sent_command().id, id);
}

#[test]
fn a_malformed_command_becomes_a_draft_and_the_next_is_sent() {
    let mut fixture = Fixture::live(&["one"]);
    let id = fixture.submit(create("new"));
    let next = fixture.submit(Command::TrashNote { note: NOTE });
    fixture.sent();
    let (code, detail) = (RefusalCode::Malformed, "no such command".into());
    fixture.receive(ServerMessage::Refused(Refusal { id: Some(id), code, detail }));
    assert_eq!(fixture.drafts(), [("malformed", "new")]);
    assert_eq!(fixture.sent_command().id, next);
}

#[test]
fn an_outcome_of_an_unknown_command_is_ignored() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.submit(Command::TrashNote { note: NOTE });
    fixture.receive(saved(REMOTE_MESSAGE, 5));
    fixture.receive(rejected(REMOTE_MESSAGE, RejectionCode::Internal));
    assert_eq!(fixture.machine.unsent_count(), 1);
}

#[test]
fn an_edit_cannot_be_submitted_as_a_command() {
    let mut fixture = Fixture::live(&["one"]);
    let change = TextChange::Whole(Text::normalise("two"));
    let command = Command::EditNote { note: NOTE, base: position(5), change };
    assert_eq!(
        fixture.machine.submit(command, REMOTE_MESSAGE, fixture.now(), None),
        Err(SubmitError)
    );
    assert!(fixture.sent().is_empty());
}
