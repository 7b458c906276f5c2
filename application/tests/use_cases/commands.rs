//! Commands: creating boards, adding members, and replies to non-members.

use serde_json::value::RawValue;
use sockbit_domain::wire::{Query, Reply};
use sockbit_domain::{Change, Command, KeyHash, RejectionCode, Role, Seq};

use crate::support::*;

const KEY: KeyHash = KeyHash([1; 32]);
const OTHER_KEY: KeyHash = KeyHash([2; 32]);

#[tokio::test]
async fn create_board_makes_its_sender_the_owner() {
    let core = CoreFixture::new();

    let position = saved(&core.send(&person(1), &create_board("Ideas")).await);

    assert_eq!(position.seq, Seq(1));
    let events = core.announced_events();
    let [event] = events.as_slice() else { panic!("{events:?}") };
    assert_eq!(event.position(), position);
    assert!(matches!(&event.change, Change::BoardCreated { title } if title.as_str() == "Ideas"));
    assert_eq!(core.admission(&person(1), None).await.map(|it| it.role), Ok(Role::Owner));
}

#[tokio::test]
async fn joining_by_a_link_gives_the_role_of_the_link() {
    let core = CoreFixture::with_board().await;
    core.add_editor(&person(2)).await;
    assert_eq!(core.admission(&person(2), None).await.map(|it| it.role), Ok(Role::Editor));
    let outcome = core.send(&person(2), &create_note(note_id(1), "hello")).await;
    assert_eq!(core.note(note_id(1)).await.position, saved(&outcome));
}

#[tokio::test]
async fn a_wrong_key_is_rejected_like_a_missing_board() {
    let core = CoreFixture::with_board().await;
    let mut link = core.envelope(&person(1), board_id(1), &Command::AddLink { role: Role::Editor });
    link.key = Some(KEY);
    saved(&core.run(link).await);

    let mut with_wrong_key = core.envelope(&person(2), board_id(1), &Command::JoinBoard {});
    with_wrong_key.key = Some(OTHER_KEY);
    let mut to_no_board = core.envelope(&person(2), board_id(404), &Command::JoinBoard {});
    to_no_board.key = Some(KEY);
    let with_no_key = core.envelope(&person(2), board_id(1), &Command::JoinBoard {});
    let outcomes = core.process(&[with_wrong_key, to_no_board, with_no_key]).await;

    assert_eq!(rejected(&outcomes[0]), RejectionCode::NotFound);
    assert!(outcomes.iter().all(|it| it == &outcomes[0]), "the outcomes are equal");
}

#[tokio::test]
async fn every_command_of_a_non_member_is_rejected_as_for_a_missing_board() {
    let (core, base) = CoreFixture::with_note("secret").await;
    let commands = [
        Command::RenameBoard { title: "Mine".to_owned() },
        Command::AddLink { role: Role::Editor },
        create_note(note_id(2), "mine"),
        edit(note_id(1), base, insert(0, "mine")),
        Command::TrashNote { note: note_id(1) },
        Command::DeleteNote { note: note_id(1) },
    ];
    for command in commands {
        let existing = core.send(&person(2), &command).await;
        let missing = core.send_to(&person(2), board_id(404), &command).await;
        assert_eq!(rejected(&existing), RejectionCode::NotFound, "{command:?}");
        assert_eq!(existing, missing, "{command:?}");
    }
    assert_eq!(core.head().await, base, "nothing changed");
}

#[tokio::test]
async fn commands_of_a_batch_see_the_effects_of_earlier_ones() {
    let core = CoreFixture::new();
    let batch = [
        create_board("Ideas"),
        create_note(note_id(1), "first"),
        Command::TrashNote { note: note_id(1) },
        Command::RestoreNote { note: note_id(1) },
    ]
    .map(|command| core.envelope(&person(1), board_id(1), &command));

    let outcomes = core.process(&batch).await;

    assert_eq!(outcomes.iter().map(|it| saved(it).seq.0).collect::<Vec<_>>(), [1, 2, 3, 4]);
    assert_eq!(numbers(&core.announced_events()), [1, 2, 3, 4]);
    assert_eq!(numbers(&core.log().await), [1, 2, 3, 4]);
}

#[tokio::test]
async fn boards_of_one_batch_do_not_affect_each_other() {
    let core = CoreFixture::new();
    let batch: Vec<_> = (1..=50)
        .flat_map(|board| [(board, create_board("Ideas")), (board, create_note(note_id(1), "a"))])
        .map(|(board, command)| core.envelope(&person(board), board_id(board), &command))
        .collect();

    let outcomes = core.process(&batch).await;

    assert!(outcomes.iter().map(|it| saved(it).seq.0).eq([1, 2].repeat(50)));
    for owner in 1..=50 {
        let Reply::MyBoards { boards, .. } = core.query(&person(owner), Query::MyBoards {}).await
        else {
            panic!("not a list of boards")
        };
        assert!(boards.iter().map(|it| it.board).eq([board_id(owner)]));
    }
}

#[tokio::test]
async fn an_invalid_body_is_malformed_for_a_member_and_not_found_for_a_non_member() {
    let core = CoreFixture::with_board().await;
    for body in [r#"{"type":"explode"}"#, r#"["rename_board","fields without names"]"#] {
        let malformed = |n| {
            let mut envelope = core.envelope(&person(n), board_id(1), &Command::JoinBoard {});
            envelope.body = RawValue::from_string(body.to_owned()).expect("JSON");
            envelope
        };
        let outcomes = core.process(&[malformed(1), malformed(2)]).await;
        assert_eq!(rejected(&outcomes[0]), RejectionCode::Malformed, "{body}");
        assert_eq!(rejected(&outcomes[1]), RejectionCode::NotFound, "{body}");
    }
    assert_eq!(core.head().await.seq, Seq(1));
}

#[tokio::test]
async fn a_command_to_a_missing_board_announces_nothing() {
    let core = CoreFixture::new();
    let outcome = core.send(&person(1), &create_note(note_id(1), "lost")).await;
    assert_eq!(rejected(&outcome), RejectionCode::NotFound);
    assert!(core.announced_events().is_empty());
}
