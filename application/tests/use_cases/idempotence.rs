//! Repeated commands: nothing acknowledged is lost, nothing is applied twice.

use serde_json::value::RawValue;
use sockbit_domain::{ClientId, Command, KeyHash, Outcome, RejectionCode, Role};

use crate::support::*;

#[tokio::test]
async fn a_repeat_has_the_same_outcome_and_no_second_effect() {
    let (core, base) = CoreFixture::with_note("one").await;
    let command = core.envelope(&person(1), board_id(1), &edit(note_id(1), base, insert(3, "!")));
    let first = core.run(command.clone()).await;
    core.send(&person(1), &create_note(note_id(2), "meanwhile")).await;
    let head = core.head().await;

    for _ in 0..3 {
        assert_eq!(core.run(command.clone()).await, first);
    }

    assert_eq!(core.head().await, head);
    assert_eq!(core.text(note_id(1)).await, "one!");
}

#[tokio::test]
async fn the_event_of_a_repeated_command_is_announced_again() {
    let core = CoreFixture::with_board().await;
    let command = core.envelope(&person(1), board_id(1), &create_note(note_id(1), "one"));
    let start = core.head().await;
    core.announced_events();
    core.run(command.clone()).await;
    let first = core.announced();
    core.send(&person(1), &create_note(note_id(2), "meanwhile")).await;
    core.announced_events();

    core.run(command).await;

    assert_eq!(first.iter().map(|it| it.follows).collect::<Vec<_>>(), [Some(start.event)]);
    assert_eq!(core.announced(), first);
}

#[tokio::test]
async fn a_repeat_within_one_batch_is_applied_once() {
    let (core, base) = CoreFixture::with_note("one").await;
    let command = core.envelope(&person(1), board_id(1), &edit(note_id(1), base, insert(3, "!")));
    core.announced_events();
    let outcomes = {
        let (mut first, mut second) = (command.clone(), command);
        first.reply_to.session = 101;
        second.reply_to.session = 102;
        core.process(&[first, second]).await
    };
    assert_eq!(outcomes[0], outcomes[1]);
    assert_eq!(core.announced_events().len(), 1);
    assert_eq!(core.text(note_id(1)).await, "one!");
}

#[tokio::test]
async fn rejections_and_unchanged_outcomes_are_repeated() {
    let (core, base) = CoreFixture::with_note("one").await;
    let unchanged =
        core.envelope(&person(1), board_id(1), &Command::RenameBoard { title: "Ideas".to_owned() });
    let rejected =
        core.envelope(&person(1), board_id(1), &edit(note_id(9), base, insert(0, "missing note")));
    let first = core.process(&[unchanged.clone(), rejected.clone()]).await;
    assert!(matches!(first[0], Outcome::Unchanged { position } if position == base));

    saved(&core.send(&person(1), &Command::RenameBoard { title: "Plans".to_owned() }).await);
    saved(&core.send(&person(1), &create_note(note_id(9), "created")).await);

    assert_eq!(core.process(&[unchanged, rejected]).await, first);
    assert_eq!(core.text(note_id(9)).await, "created");
}

#[tokio::test]
async fn another_body_under_a_used_id_is_rejected_and_the_first_outcome_is_kept() {
    let core = CoreFixture::with_board().await;
    let first = core.envelope(&person(1), board_id(1), &create_note(note_id(1), "one"));
    let outcome = core.run(first.clone()).await;
    let mut second = core.envelope(&person(1), board_id(1), &create_note(note_id(2), "two"));
    second.message = first.message;

    assert_eq!(rejected(&core.run(second).await), RejectionCode::MessageIdReused);

    assert_eq!(core.run(first).await, outcome);
    assert_eq!(core.head().await, saved(&outcome), "the second had no effect");
}

#[tokio::test]
async fn the_same_json_with_other_whitespace_is_another_body() {
    let core = CoreFixture::with_board().await;
    let first = core.envelope(&person(1), board_id(1), &create_note(note_id(1), "one"));
    core.run(first.clone()).await;
    let mut spaced = first.clone();
    spaced.body = RawValue::from_string(first.body.get().replace(':', ": ")).expect("JSON");
    assert_eq!(rejected(&core.run(spaced).await), RejectionCode::MessageIdReused);
}

#[tokio::test]
async fn the_same_body_with_another_key_is_another_command() {
    let core = CoreFixture::with_board().await;
    let mut link = core.envelope(&person(1), board_id(1), &Command::AddLink { role: Role::Editor });
    link.key = Some(KeyHash([1; 32]));
    saved(&core.run(link.clone()).await);
    link.key = Some(KeyHash([2; 32]));
    assert_eq!(rejected(&core.run(link).await), RejectionCode::MessageIdReused);
}

#[tokio::test]
async fn two_installations_may_use_the_same_message_id() {
    let core = CoreFixture::with_board().await;
    let first = core.envelope(&person(1), board_id(1), &create_note(note_id(1), "one"));
    let mut second = core.envelope(&person(1), board_id(1), &create_note(note_id(2), "two"));
    second.message = first.message;
    second.client = ClientId(uuid(77));
    let outcomes = core.process(&[first, second]).await;
    assert_eq!(outcomes.iter().map(|it| saved(it).seq.0).collect::<Vec<_>>(), [2, 3]);
}

#[tokio::test]
async fn the_rejection_of_a_malformed_body_is_stored_for_a_member() {
    let core = CoreFixture::with_board().await;
    let good = core.envelope(&person(1), board_id(1), &create_note(note_id(1), "one"));
    let mut bad = good.clone();
    bad.body = RawValue::from_string(r#"{"type":"explode"}"#.to_owned()).expect("JSON");
    let first = core.run(bad.clone()).await;
    assert_eq!(rejected(&first), RejectionCode::Malformed);
    assert_eq!(core.run(bad).await, first);
    assert_eq!(rejected(&core.run(good).await), RejectionCode::MessageIdReused);
}

#[tokio::test]
async fn the_rejection_of_a_non_member_is_not_stored() {
    let core = CoreFixture::with_board().await;
    let command = core.envelope(&person(2), board_id(1), &create_note(note_id(1), "one"));
    assert_eq!(rejected(&core.run(command.clone()).await), RejectionCode::NotFound);
    core.add_editor(&person(2)).await;
    saved(&core.run(command).await);
}

#[tokio::test]
async fn the_rejection_of_a_used_board_id_is_not_stored() {
    let core = CoreFixture::with_board().await;
    let create = Command::CreateBoard { title: "Mine".to_owned() };
    let command = core.envelope(&person(2), board_id(1), &create);
    assert_eq!(rejected(&core.run(command.clone()).await), RejectionCode::BoardExists);
    core.add_editor(&person(2)).await;
    let mut other = core.envelope(&person(2), board_id(1), &create_note(note_id(1), "one"));
    other.message = command.message;
    saved(&core.run(other).await);
}
