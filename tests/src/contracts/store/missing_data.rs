//! What is not there is answered as not there, and nothing is made up.

use std::sync::Arc;

use sockbit_application::ports::{LoadedBoard, NoteHistoryPage, Store};
use sockbit_domain::{MessageId, Outcome, Seq};
use uuid::Uuid;

use super::fixtures::{ALL, Script, actor, bare, board_id, load, note_id, outcome};

pub async fn nothing_is_known_of_a_board_that_does_not_exist(store: Arc<dyn Store>) {
    Script::begin(board_id(1)).create(note_id(1), "here").save(&store).await;
    let (nowhere, somebody) = (board_id(2), actor(1).id);

    let loaded = load(&store, &bare(nowhere)).await;
    assert_eq!(loaded, LoadedBoard { board: None, outcomes: Vec::new() });
    assert_eq!(store.board_status(nowhere, somebody, Some(Seq(1))).await, Ok(None));
    assert_eq!(store.notes(nowhere, None, ALL).await, Ok(None));
    assert_eq!(store.note(nowhere, note_id(1)).await, Ok(None));
    assert_eq!(store.events(nowhere, Seq(0), ALL).await, Ok(Vec::new()));
    assert_eq!(store.heads(&[nowhere]).await, Ok(Vec::new()));
    let history = store.note_events(nowhere, note_id(1), None, 10).await;
    assert_eq!(history, Ok(NoteHistoryPage::default()));
}

pub async fn nothing_is_known_of_ids_that_a_board_does_not_have(store: Arc<dyn Store>) {
    let mut script = Script::begin(board_id(1));
    script.create(note_id(1), "here").save(&store).await;
    let mut wanted = bare(script.board());
    wanted.actors.insert(actor(2).id);
    wanted.notes.insert(note_id(2), Some(Seq(0)));
    wanted.bases.insert(Seq(3));
    let rejected = outcome(1, 1, Outcome::Unchanged { position: script.state.head });
    wanted.messages.insert((rejected.client, rejected.message));

    let loaded = load(&store, &wanted).await;
    assert_eq!(loaded.outcomes, Vec::new());
    let board = loaded.board.expect("the board exists");
    assert!(board.members.is_empty() && board.notes.is_empty());
    assert!(board.edits.is_empty() && board.bases.is_empty());
    let head = script.state.head;
    assert_eq!(store.note(script.board(), note_id(2)).await, Ok(Some((head, None))));
    let history = store.note_events(script.board(), note_id(2), None, 10).await;
    assert_eq!(history, Ok(NoteHistoryPage::default()));
    assert_eq!(store.boards_of(actor(2).id, 10).await, Ok(Vec::new()));
}

pub async fn an_empty_request_has_an_empty_answer(store: Arc<dyn Store>) {
    Script::begin(board_id(1)).save(&store).await;
    assert_eq!(store.load(&[]).await, Ok(Vec::new()));
    assert_eq!(store.commit(&[]).await, Ok(Vec::new()));
    assert_eq!(store.heads(&[]).await, Ok(Vec::new()));
    assert_eq!(store.boards_of(actor(1).id, 0).await, Ok(Vec::new()));
}

pub async fn a_store_that_can_be_written_to_says_so(store: Arc<dyn Store>) {
    assert_eq!(store.check().await, Ok(()));
    Script::begin(board_id(1)).save(&store).await;
    assert_eq!(store.check().await, Ok(()));
}

pub async fn outcomes_are_found_by_board_client_and_message(store: Arc<dyn Store>) {
    let mut script = Script::begin(board_id(1));
    let known = outcome(1, 1, Outcome::Saved { position: script.state.head });
    script.answer(known.clone()).save(&store).await;
    let mut other = Script::begin_by(board_id(2), actor(2), 1);
    other.save(&store).await;

    let mut wanted = bare(script.board());
    wanted.messages.insert((outcome(2, 1, known.outcome.clone()).client, known.message));
    wanted.messages.insert((known.client, MessageId(Uuid::from_u128(2))));
    assert_eq!(load(&store, &wanted).await.outcomes, Vec::new());
    wanted.messages.insert((known.client, known.message));
    assert_eq!(load(&store, &wanted).await.outcomes, vec![known]);
    wanted.board = other.board();
    assert_eq!(load(&store, &wanted).await.outcomes, Vec::new());
}
