//! Clauses about missing data.

use std::sync::Arc;

use sockbit_application::ports::{LoadedBoard, NoteHistoryPage, SingleReads, Store};
use sockbit_domain::{MessageId, Outcome, Seq};
use uuid::Uuid;

use super::fixtures::{ALL, Script, actor, bare, board_id, load, note_id, outcome};

pub async fn a_missing_board_has_no_data(store: Arc<dyn Store>) {
    Script::new(board_id(1)).create(note_id(1), "here").save(&store).await;
    let (missing, member) = (board_id(2), actor(1).id);

    let loaded = load(&store, &bare(missing)).await;
    assert_eq!(loaded, LoadedBoard { board: None, outcomes: Vec::new() });
    assert_eq!(store.board_status(missing, member, Some(Seq(1))).await, Ok(None));
    assert_eq!(store.notes(missing, None, ALL).await, Ok(None));
    assert_eq!(store.note(missing, note_id(1)).await, Ok(None));
    assert_eq!(store.events(missing, Seq(0), ALL).await, Ok(Vec::new()));
    assert_eq!(store.heads(&[missing]).await, Ok(Vec::new()));
    let history = store.note_events(missing, note_id(1), None, 10).await;
    assert_eq!(history, Ok(NoteHistoryPage::default()));
}

pub async fn unknown_ids_of_a_board_have_no_data(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "here").save(&store).await;
    let mut request = bare(script.board());
    request.actors.insert(actor(2).id);
    request.notes.insert(note_id(2), Some(Seq(0)));
    request.bases.insert(Seq(3));
    let rejected = outcome(1, 1, Outcome::Unchanged { position: script.state.head });
    request.messages.insert((rejected.client, rejected.message));

    let loaded = load(&store, &request).await;
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

pub async fn an_empty_request_has_an_empty_result(store: Arc<dyn Store>) {
    Script::new(board_id(1)).save(&store).await;
    assert_eq!(store.load(&[]).await, Ok(Vec::new()));
    assert_eq!(store.commit(&[]).await, Ok(Vec::new()));
    assert_eq!(store.heads(&[]).await, Ok(Vec::new()));
    assert_eq!(store.board_statuses(&[]).await, Ok(Vec::new()));
    assert_eq!(store.event_pages(&[], ALL).await, Ok(Vec::new()));
    assert_eq!(store.boards_of(actor(1).id, 0).await, Ok(Vec::new()));
}

pub async fn the_health_check_of_a_writable_store_succeeds(store: Arc<dyn Store>) {
    assert_eq!(store.check().await, Ok(()));
    Script::new(board_id(1)).save(&store).await;
    assert_eq!(store.check().await, Ok(()));
}

pub async fn outcomes_are_found_by_board_client_and_message(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    let known = outcome(1, 1, Outcome::Saved { position: script.state.head });
    script.add_outcome(known.clone()).save(&store).await;
    let mut other = Script::new_by(board_id(2), actor(2), 1);
    other.save(&store).await;

    let mut request = bare(script.board());
    request.messages.insert((outcome(2, 1, known.outcome.clone()).client, known.message));
    request.messages.insert((known.client, MessageId(Uuid::from_u128(2))));
    assert_eq!(load(&store, &request).await.outcomes, Vec::new());
    request.messages.insert((known.client, known.message));
    assert_eq!(load(&store, &request).await.outcomes, vec![known]);
    request.board = other.board();
    assert_eq!(load(&store, &request).await.outcomes, Vec::new());
}
