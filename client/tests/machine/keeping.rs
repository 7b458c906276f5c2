//! What survives a reload.

use sockbit_client::{BoardClient, Saved};
use sockbit_domain::{ActorId, Change, Colour, Command, MessageId, RejectionCode, Text};
use uuid::Uuid;

use crate::desk::*;

const DAY: i64 = 24 * 60 * 60 * 1000;

/// Closes the page and opens it again, as somebody, or as whoever the server will say.
fn reload(desk: &mut Desk, actor: Option<u128>) {
    let json = serde_json::to_string(&desk.machine.saved()).expect("plain data");
    let saved: Option<Saved> = serde_json::from_str(&json).expect("what was kept");
    let actor = actor.map(|id| ActorId(Uuid::from_u128(id)));
    desk.machine = match saved {
        Some(saved) => desk.with(|_, moment| BoardClient::restore(saved, actor, moment)),
        None => BoardClient::new(BOARD, actor),
    };
}

fn rejoin(desk: &mut Desk, seq: u64, texts: &[&str]) {
    desk.connect();
    desk.pull(seq, texts);
    desk.hear(joined(seq));
}

#[test]
fn nothing_is_kept_of_what_the_server_has() {
    let mut desk = Desk::live(&["one"]);
    assert_eq!(desk.machine.saved(), None);
    desk.typed(&insert(3, "!"));
    desk.flush();
    let (id, _, delta) = desk.edit();
    assert!(desk.machine.saved().is_some());
    desk.hear(event(6, id, edited(delta)));
    desk.hear(saved(id, 6));
    assert_eq!(desk.machine.saved(), None);
}

#[test]
fn typing_survives_a_reload_and_is_laid_over_what_came_meanwhile() {
    let mut desk = Desk::live(&["one two"]);
    desk.typed(&insert(7, " three"));
    reload(&mut desk, Some(1));
    assert_eq!(desk.text(), "one two three");
    rejoin(&mut desk, 9, &["1 two"]);
    assert_eq!(desk.text(), "1 two three");
    assert!(desk.commands().is_empty(), "it was not flushed");
}

#[test]
fn a_command_is_sent_after_a_reload_to_the_byte_as_before() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let before = desk.machine.take_outgoing();
    desk.typed(&insert(7, " three"));
    desk.flush();
    reload(&mut desk, Some(1));
    rejoin(&mut desk, 9, &["zero one two"]);
    let after = desk.machine.take_outgoing();
    assert_eq!(after.last(), before.last());
    assert_eq!(desk.text(), "one two three");
}

#[test]
fn a_new_note_is_shown_after_a_reload_before_there_is_a_connection() {
    let mut desk = Desk::live(&[]);
    desk.machine.disconnected();
    let text = Text::normalise("new");
    let create = Command::CreateNote { note: NOTE, text, colour: Colour::Blue, rank: rank("V") };
    desk.wish(create);
    reload(&mut desk, None);
    assert_eq!((desk.machine.notes().len(), desk.text().as_str()), (1, "new"));
    rejoin(&mut desk, 9, &[]);
    assert_eq!(desk.commands().len(), 1);
    assert_eq!(desk.text(), "new", "a snapshot without it says nothing about it");
}

#[test]
fn words_older_than_sixty_days_become_a_draft_and_are_not_sent() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    desk.wish(Command::TrashNote { note: NOTE });
    desk.now += 60 * DAY + 1;
    reload(&mut desk, Some(1));
    assert_eq!(desk.drafts(), [("expired", "one two")]);
    assert_eq!(desk.notices(), ["expired"], "the other wish is told");
    rejoin(&mut desk, 9, &["one"]);
    assert!(desk.commands().is_empty());
    assert_eq!(desk.text(), "one");
}

#[test]
fn words_of_exactly_sixty_days_are_still_sent() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    desk.now += 60 * DAY;
    reload(&mut desk, Some(1));
    rejoin(&mut desk, 9, &["one"]);
    assert_eq!(desk.commands().len(), 1);
}

#[test]
fn nothing_is_sent_under_another_identity() {
    for known_at_once in [Some(3), None] {
        let mut desk = Desk::empty();
        desk.with(|machine, moment| machine.connected(actor(2), moment));
        desk.pull(5, &["one", "other"]);
        desk.hear(joined(5));
        desk.typed(&insert(3, " flushed"));
        desk.flush();
        desk.machine.edit(OTHER_NOTE, &insert(5, " typed")).expect("it fits");
        desk.wish(Command::TrashNote { note: NOTE });
        desk.machine.disconnected();
        reload(&mut desk, known_at_once);
        desk.with(|machine, moment| machine.connected(actor(3), moment));
        desk.pull(5, &["one", "other"]);
        desk.hear(joined(5));
        assert!(desk.commands().is_empty());
        let drafts = [("other_identity", "one flushed"), ("other_identity", "other typed")];
        assert_eq!(desk.drafts(), drafts);
        assert_eq!(desk.text(), "one");
    }
}

#[test]
fn what_was_done_before_the_first_connection_is_the_first_sender_s() {
    let mut desk = Desk::empty();
    desk.wish(Command::TrashNote { note: NOTE });
    reload(&mut desk, None);
    rejoin(&mut desk, 5, &["one"]);
    assert_eq!(desk.commands().len(), 1);
}

#[test]
fn drafts_stay_until_they_are_dismissed() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let (id, ..) = desk.edit();
    desk.hear(rejected(id, RejectionCode::TextTooLong));
    reload(&mut desk, Some(1));
    assert_eq!(desk.drafts(), [("text_too_long", "one two")]);
    let draft = desk.machine.drafts()[0].id;
    desk.machine.dismiss_draft(draft);
    assert_eq!((desk.machine.drafts().len(), desk.machine.saved()), (0, None));
}

#[test]
fn words_in_flight_without_their_command_become_a_draft() {
    let mut desk = Desk::live(&["one"]);
    desk.typed(&insert(3, " two"));
    desk.flush();
    let saved = desk.machine.saved().expect("something to keep");
    let saved = Saved { outbox: Vec::new(), ..saved };
    desk.machine = desk.with(|_, moment| BoardClient::restore(saved, None, moment));
    assert_eq!(desk.drafts(), [("malformed", "one two")]);
}

#[test]
fn a_command_that_cannot_be_read_any_more_is_told() {
    let mut desk = Desk::live(&["one"]);
    desk.wish(Command::TrashNote { note: NOTE });
    let mut saved = desk.machine.saved().expect("something to keep");
    let id = MessageId(Uuid::from_u128(7));
    let (body, key, at) = ("{".to_owned(), None, sockbit_domain::Timestamp(0));
    saved.outbox = vec![sockbit_client::SavedEntry::Frozen { id, body, key, at, shown: None }];
    desk.machine = desk.with(|_, moment| BoardClient::restore(saved, None, moment));
    assert_eq!(desk.notices(), ["malformed"]);
    assert_eq!(desk.machine.unsent(), 0);
}

#[test]
fn a_new_note_that_the_server_had_and_lost_with_its_history_becomes_a_draft_even_after_a_reload() {
    for is_reloaded in [false, true] {
        let mut desk = Desk::live(&["one"]);
        let (text, colour) = (Text::normalise("new"), Colour::Blue);
        let (note, rank) = (OTHER_NOTE, rank("V"));
        let create = Command::CreateNote { note, text: text.clone(), colour, rank: rank.clone() };
        let id = desk.wish(create);
        desk.hear(event(6, id, Change::NoteCreated { note, text, colour, rank }));
        desk.machine.edit(note, &insert(3, " words")).expect("it fits");
        desk.machine.disconnected();
        if is_reloaded {
            reload(&mut desk, Some(1));
        }
        rejoin(&mut desk, 4, &["one"]);
        desk.hear(rejected(id, RejectionCode::BoardFull));
        assert_eq!(desk.drafts(), [("board_full", "new words")]);
        assert_eq!((desk.machine.notes().len(), desk.machine.unsent()), (1, 0));
    }
}

#[test]
fn words_that_the_server_had_and_lost_with_its_history_become_a_draft_even_after_a_reload() {
    for is_reloaded in [false, true] {
        let mut desk = Desk::live(&["one"]);
        desk.typed(&insert(3, " two"));
        desk.flush();
        let (id, _, delta) = desk.edit();
        desk.hear(event(6, id, edited(delta)));
        desk.machine.disconnected();
        if is_reloaded {
            reload(&mut desk, Some(1));
        }
        rejoin(&mut desk, 4, &["one"]);
        assert_eq!(desk.command().id, id);
        desk.hear(rejected(id, RejectionCode::BaseGone));
        assert_eq!(desk.drafts(), [("base_gone", "one two")]);
        assert_eq!((desk.text().as_str(), desk.machine.unsent()), ("one", 0));
    }
}
