//! Queries, and what members and non-members get as replies.

use sockbit_domain::wire::{Query, Reply};
use sockbit_domain::{Command, RejectionCode};

use crate::support::*;

/// Every query about a board.
fn queries_about(board: u64) -> [Query; 3] {
    let (board, note) = (board_id(board), note_id(1));
    [
        Query::BoardPage { board, after: None },
        Query::Note { board, note },
        Query::NoteHistory { board, note, before: None },
    ]
}

#[track_caller]
fn rejection(reply: &Reply) -> RejectionCode {
    match reply {
        Reply::Rejected(rejection) => rejection.code,
        other => panic!("not rejected: {other:?}"),
    }
}

#[tokio::test]
async fn every_query_of_a_non_member_gets_the_reply_for_a_missing_board() {
    let (core, _) = CoreFixture::with_note("secret").await;
    for (existing, missing) in queries_about(1).into_iter().zip(queries_about(404)) {
        let reply = core.query(&person(2), existing).await;
        assert_eq!(rejection(&reply), RejectionCode::NotFound);
        assert_eq!(reply, core.query(&person(2), missing).await);
    }
}

#[tokio::test]
async fn a_member_gets_replies() {
    let (core, base) = CoreFixture::with_note("shared").await;
    core.add_editor(&person(2)).await;
    let [page, note, history] = queries_about(1);
    let Reply::BoardPage(page) = core.query(&person(2), page).await else { panic!("no page") };
    let Reply::Note(note) = core.query(&person(2), note).await else { panic!("no note") };
    let Reply::NoteHistory(history) = core.query(&person(2), history).await else {
        panic!("no history")
    };
    assert_eq!(page.notes, [note.note]);
    assert_eq!((page.position, note.position), (core.head().await, core.head().await));
    assert!(history.entries.iter().map(|it| it.seq).eq([base.seq]));
}

#[tokio::test]
async fn a_missing_note_and_a_deleted_note_have_different_codes() {
    let (core, _) = CoreFixture::with_note("to be deleted").await;
    let [_, note, history] = queries_about(1);
    let unknown = Query::Note { board: board_id(1), note: note_id(404) };
    let unknown_history =
        Query::NoteHistory { board: board_id(1), note: note_id(404), before: None };
    for query in [unknown, unknown_history] {
        let reply = core.query(&person(1), query).await;
        assert_eq!(rejection(&reply), RejectionCode::NoteNotFound);
    }
    core.send(&person(1), &Command::TrashNote { note: note_id(1) }).await;
    core.send(&person(1), &Command::DeleteNote { note: note_id(1) }).await;
    for query in [note, history] {
        assert_eq!(rejection(&core.query(&person(1), query).await), RejectionCode::NoteGone);
    }
}

async fn my_boards(core: &CoreFixture, n: u64) -> (Vec<u64>, bool) {
    match core.query(&person(n), Query::MyBoards {}).await {
        Reply::MyBoards { boards, more } => {
            (boards.iter().map(|it| it.board.0.as_u64_pair().1).collect(), more)
        }
        other => panic!("no list: {other:?}"),
    }
}

#[tokio::test]
async fn the_boards_of_a_person_are_listed_by_latest_change() {
    let core = CoreFixture::new();
    for board in [1, 2, 3] {
        core.send_to(&person(1), board_id(board), &create_board("Ideas")).await;
    }
    core.send_to(&person(2), board_id(4), &create_board("Of another person")).await;
    assert_eq!(my_boards(&core, 1).await, (vec![3, 2, 1], false));
    core.send_to(&person(1), board_id(1), &create_note(note_id(1), "news")).await;
    assert_eq!(my_boards(&core, 1).await, (vec![1, 3, 2], false));
}

#[tokio::test]
async fn a_list_of_boards_ends_at_two_hundred_and_reports_more() {
    let core = CoreFixture::new();
    let create = |board| core.envelope(&person(1), board_id(board), &create_board("Ideas"));
    core.process(&(1..=200).map(create).collect::<Vec<_>>()).await;
    let (boards, more) = my_boards(&core, 1).await;
    assert_eq!((boards.len(), more), (200, false));
    core.run(create(201)).await;
    let (boards, more) = my_boards(&core, 1).await;
    assert_eq!((boards.len(), boards.first(), more), (200, Some(&201), true));
}

#[tokio::test]
async fn a_board_in_a_list_counts_its_live_notes() {
    let (core, _) = CoreFixture::with_note("live").await;
    core.send(&person(1), &create_note(note_id(2), "trashed")).await;
    core.send(&person(1), &Command::TrashNote { note: note_id(2) }).await;
    let Reply::MyBoards { boards, .. } = core.query(&person(1), Query::MyBoards {}).await else {
        panic!("no list")
    };
    assert!(boards.iter().map(|it| (it.notes, it.changed_by.id)).eq([(1, person(1).actor.id)]));
}
