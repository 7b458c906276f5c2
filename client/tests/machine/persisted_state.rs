//! The unsent state, which survives a reload.

use sockbit_client::{BoardClient, PersistedState};
use sockbit_domain::{ActorId, Change, Colour, Command, MessageId, RejectionCode, Text};
use uuid::Uuid;

use crate::fixture::*;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Closes the page and opens it again, for this actor or for an unknown one.
fn reload(fixture: &mut Fixture, actor: Option<u128>) {
    let json =
        serde_json::to_string(&fixture.machine.persisted_state()).expect("it has a JSON form");
    let saved: Option<PersistedState> = serde_json::from_str(&json).expect("an unsent state");
    let actor = actor.map(|id| ActorId(Uuid::from_u128(id)));
    fixture.machine = match saved {
        Some(saved) => {
            fixture.with(|_, clock_and_ids| BoardClient::restore(saved, actor, clock_and_ids))
        }
        None => BoardClient::new(BOARD, actor),
    };
}

fn rejoin(fixture: &mut Fixture, seq: u64, texts: &[&str]) {
    fixture.connect();
    fixture.pull(seq, texts);
    fixture.receive(joined(seq));
}

#[test]
fn nothing_is_stored_that_the_server_has() {
    let mut fixture = Fixture::live(&["one"]);
    assert_eq!(fixture.machine.persisted_state(), None);
    fixture.edit(&insert(3, "!"));
    fixture.flush();
    let (id, _, delta) = fixture.sent_edit();
    assert!(fixture.machine.persisted_state().is_some());
    fixture.receive(event(6, id, edited(delta)));
    fixture.receive(saved(id, 6));
    assert_eq!(fixture.machine.persisted_state(), None);
}

#[test]
fn a_pending_edit_survives_a_reload_and_is_rebased() {
    let mut fixture = Fixture::live(&["one two"]);
    fixture.edit(&insert(7, " three"));
    reload(&mut fixture, Some(1));
    assert_eq!(fixture.text(), "one two three");
    rejoin(&mut fixture, 9, &["1 two"]);
    assert_eq!(fixture.text(), "1 two three");
    assert!(fixture.sent_commands().is_empty(), "it was not flushed");
}

#[test]
fn a_command_is_resent_byte_for_byte_after_a_reload() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let before = fixture.machine.take_outgoing();
    fixture.edit(&insert(7, " three"));
    fixture.flush();
    reload(&mut fixture, Some(1));
    rejoin(&mut fixture, 9, &["zero one two"]);
    let after = fixture.machine.take_outgoing();
    assert_eq!(after.last(), before.last());
    assert_eq!(fixture.text(), "one two three");
}

#[test]
fn a_new_note_is_shown_after_a_reload_without_a_connection() {
    let mut fixture = Fixture::live(&[]);
    fixture.machine.disconnected();
    let text = Text::normalise("new");
    let create = Command::CreateNote { note: NOTE, text, colour: Colour::Blue, rank: rank("V") };
    fixture.submit(create);
    reload(&mut fixture, None);
    assert_eq!((fixture.machine.notes().len(), fixture.text().as_str()), (1, "new"));
    rejoin(&mut fixture, 9, &[]);
    assert_eq!(fixture.sent_commands().len(), 1);
    assert_eq!(fixture.text(), "new", "the snapshot may be older");
}

#[test]
fn an_edit_older_than_sixty_days_becomes_a_draft_and_is_not_sent() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    fixture.submit(Command::TrashNote { note: NOTE });
    fixture.time += 60 * DAY + 1;
    reload(&mut fixture, Some(1));
    assert_eq!(fixture.drafts(), [("expired", "one two")]);
    assert_eq!(fixture.notices(), ["expired"], "the other command is notified");
    rejoin(&mut fixture, 9, &["one"]);
    assert!(fixture.sent_commands().is_empty());
    assert_eq!(fixture.text(), "one");
}

#[test]
fn an_edit_of_exactly_sixty_days_is_sent() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    fixture.time += 60 * DAY;
    reload(&mut fixture, Some(1));
    rejoin(&mut fixture, 9, &["one"]);
    assert_eq!(fixture.sent_commands().len(), 1);
}

#[test]
fn a_restored_command_keeps_its_age_on_the_wall_clock() {
    for (later, since) in [(4_000, 1_000), (-DAY, 5_000)] {
        let mut fixture = Fixture::live(&["one"]);
        (fixture.time, fixture.wall_ahead) = (10, DAY);
        fixture.submit(Command::TrashNote { note: NOTE });
        let submitted = fixture.now().wall.0;
        fixture.time = 5_000;
        fixture.wall_ahead = submitted + later - fixture.time;
        reload(&mut fixture, Some(1));
        let unsaved_since = fixture.machine.unsaved_since().map(|it| it.0);
        assert_eq!(unsaved_since, Some(since));
    }
}

#[test]
fn nothing_is_sent_under_another_identity() {
    for known_at_once in [Some(3), None] {
        let mut fixture = Fixture::empty();
        fixture.with(|machine, clock_and_ids| machine.connected(actor(2), clock_and_ids));
        fixture.pull(5, &["one", "other"]);
        fixture.receive(joined(5));
        fixture.edit(&insert(3, " flushed"));
        fixture.flush();
        fixture.machine.edit(OTHER_NOTE, &insert(5, " typed")).expect("it fits");
        fixture.submit(Command::TrashNote { note: NOTE });
        fixture.machine.disconnected();
        reload(&mut fixture, known_at_once);
        fixture.with(|machine, clock_and_ids| machine.connected(actor(3), clock_and_ids));
        fixture.pull(5, &["one", "other"]);
        fixture.receive(joined(5));
        assert!(fixture.sent_commands().is_empty());
        let drafts = [("other_identity", "one flushed"), ("other_identity", "other typed")];
        assert_eq!(fixture.drafts(), drafts);
        assert_eq!(fixture.text(), "one");
    }
}

#[test]
fn commands_from_before_the_first_connection_are_sent_as_its_actor() {
    let mut fixture = Fixture::empty();
    fixture.submit(Command::TrashNote { note: NOTE });
    reload(&mut fixture, None);
    rejoin(&mut fixture, 5, &["one"]);
    assert_eq!(fixture.sent_commands().len(), 1);
}

#[test]
fn drafts_stay_until_they_are_dismissed() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let (id, ..) = fixture.sent_edit();
    fixture.receive(rejected(id, RejectionCode::TextTooLong));
    reload(&mut fixture, Some(1));
    assert_eq!(fixture.drafts(), [("text_too_long", "one two")]);
    let draft = fixture.machine.drafts()[0].id;
    fixture.machine.dismiss_draft(draft);
    assert_eq!((fixture.machine.drafts().len(), fixture.machine.persisted_state()), (0, None));
}

#[test]
fn an_edit_in_flight_without_its_command_becomes_a_draft() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.edit(&insert(3, " two"));
    fixture.flush();
    let saved = fixture.machine.persisted_state().expect("an unsent state");
    let saved = PersistedState { outbox: Vec::new(), ..saved };
    fixture.machine =
        fixture.with(|_, clock_and_ids| BoardClient::restore(saved, None, clock_and_ids));
    assert_eq!(fixture.drafts(), [("malformed", "one two")]);
}

#[test]
fn an_unreadable_stored_command_is_notified() {
    let mut fixture = Fixture::live(&["one"]);
    fixture.submit(Command::TrashNote { note: NOTE });
    let mut saved = fixture.machine.persisted_state().expect("an unsent state");
    let id = MessageId(Uuid::from_u128(7));
    let (body, key, at) = ("{".to_owned(), None, sockbit_domain::Timestamp(0));
    saved.outbox =
        vec![sockbit_client::PersistedCommand::Frozen { id, body, key, at, resulting_text: None }];
    fixture.machine =
        fixture.with(|_, clock_and_ids| BoardClient::restore(saved, None, clock_and_ids));
    assert_eq!(fixture.notices(), ["malformed"]);
    assert_eq!(fixture.machine.unsent_count(), 0);
}

#[test]
fn a_saved_note_that_the_server_lost_becomes_a_draft() {
    for is_reloaded in [false, true] {
        let mut fixture = Fixture::live(&["one"]);
        let (text, colour) = (Text::normalise("new"), Colour::Blue);
        let (note, rank) = (OTHER_NOTE, rank("V"));
        let create = Command::CreateNote { note, text: text.clone(), colour, rank: rank.clone() };
        let id = fixture.submit(create);
        fixture.receive(event(6, id, Change::NoteCreated { note, text, colour, rank }));
        fixture.machine.edit(note, &insert(3, " words")).expect("it fits");
        fixture.machine.disconnected();
        if is_reloaded {
            reload(&mut fixture, Some(1));
        }
        rejoin(&mut fixture, 4, &["one"]);
        fixture.receive(rejected(id, RejectionCode::BoardFull));
        assert_eq!(fixture.drafts(), [("board_full", "new words")]);
        assert_eq!((fixture.machine.notes().len(), fixture.machine.unsent_count()), (1, 0));
    }
}

#[test]
fn a_saved_edit_that_the_server_lost_becomes_a_draft() {
    for is_reloaded in [false, true] {
        let mut fixture = Fixture::live(&["one"]);
        fixture.edit(&insert(3, " two"));
        fixture.flush();
        let (id, _, delta) = fixture.sent_edit();
        fixture.receive(event(6, id, edited(delta)));
        fixture.machine.disconnected();
        if is_reloaded {
            reload(&mut fixture, Some(1));
        }
        rejoin(&mut fixture, 4, &["one"]);
        assert_eq!(fixture.sent_command().id, id);
        fixture.receive(rejected(id, RejectionCode::BaseGone));
        assert_eq!(fixture.drafts(), [("base_gone", "one two")]);
        assert_eq!((fixture.text().as_str(), fixture.machine.unsent_count()), ("one", 0));
    }
}
