//! Beginning a board, letting people in, and what a board tells those who are not let in.

use serde_json::value::RawValue;
use sockbit_domain::wire::{Query, Reply};
use sockbit_domain::{Change, Command, KeyHash, RejectionCode, Role, Seq};

use crate::support::*;

const KEY: KeyHash = KeyHash([1; 32]);
const OTHER_KEY: KeyHash = KeyHash([2; 32]);

#[tokio::test]
async fn the_first_command_begins_a_board_and_makes_its_sender_the_owner() {
    let core = CoreFixture::new();

    let position = saved(&core.send(&person(1), &create_board("Ideas")).await);

    assert_eq!(position.seq, Seq(1));
    let announced = core.announced();
    let [event] = announced.as_slice() else { panic!("{announced:?}") };
    assert_eq!(event.position(), position);
    assert!(matches!(&event.change, Change::BoardCreated { title } if title.as_str() == "Ideas"));
    assert_eq!(core.admission(&person(1), None).await.map(|it| it.role), Ok(Role::Owner));
}

#[tokio::test]
async fn a_link_makes_its_bearer_a_member_with_the_links_role() {
    let core = CoreFixture::with_board().await;
    core.let_in(&person(2)).await;
    assert_eq!(core.admission(&person(2), None).await.map(|it| it.role), Ok(Role::Editor));
    let outcome = core.send(&person(2), &create_note(note_id(1), "hello")).await;
    assert_eq!(core.note(note_id(1)).await.position, saved(&outcome));
}

#[tokio::test]
async fn a_wrong_key_is_answered_as_if_there_were_no_board() {
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
    assert!(outcomes.iter().all(|it| it == &outcomes[0]), "they cannot be told apart");
}

#[tokio::test]
async fn a_stranger_cannot_tell_a_board_from_none_by_any_command() {
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
        let here = core.send(&person(2), &command).await;
        let nowhere = core.send_to(&person(2), board_id(404), &command).await;
        assert_eq!(rejected(&here), RejectionCode::NotFound, "{command:?}");
        assert_eq!(here, nowhere, "{command:?}");
    }
    assert_eq!(core.head().await, base, "nothing happened");
}

#[tokio::test]
async fn a_batch_builds_on_what_its_earlier_commands_made() {
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
    assert_eq!(numbers(&core.announced()), [1, 2, 3, 4]);
    assert_eq!(numbers(&core.log().await), [1, 2, 3, 4]);
}

#[tokio::test]
async fn boards_of_one_batch_do_not_meddle_with_each_other() {
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
            panic!("a list of boards is answered with a list")
        };
        assert!(boards.iter().map(|it| it.board).eq([board_id(owner)]));
    }
}

#[tokio::test]
async fn a_body_that_is_no_command_is_malformed_to_a_member_and_not_found_to_a_stranger() {
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
async fn a_command_to_a_board_that_does_not_exist_is_announced_to_nobody() {
    let core = CoreFixture::new();
    let outcome = core.send(&person(1), &create_note(note_id(1), "lost")).await;
    assert_eq!(rejected(&outcome), RejectionCode::NotFound);
    assert!(core.announced().is_empty());
}
