//! The pages of a board, each of which fits a message.

use sockbit_domain::wire::{BoardPage, Query, Reply, ServerMessage};
use sockbit_domain::{Command, MessageId, NoteState};

use crate::support::*;

const FRAME_BYTES_MAX: usize = 256 * 1024;

async fn page(core: &CoreFixture, after: Option<sockbit_domain::NoteId>) -> BoardPage {
    let body = core.query(&person(1), Query::BoardPage { board: board_id(1), after }).await;
    let message = ServerMessage::Reply { id: MessageId(uuid(1)), body: body.clone() };
    let bytes = message.to_json().expect("it is JSON").len();
    assert!(bytes <= FRAME_BYTES_MAX, "a page of {bytes} bytes");
    match body {
        Reply::BoardPage(page) => page,
        other => panic!("no page: {other:?}"),
    }
}

async fn all_pages(core: &CoreFixture) -> Vec<BoardPage> {
    let mut pages = vec![page(core, None).await];
    while let Some(after) = pages.last().and_then(|it| it.next) {
        pages.push(page(core, Some(after)).await);
    }
    pages
}

/// A board with so many notes of this text.
async fn board_with_notes(notes: u64, text: &str) -> CoreFixture {
    let core = CoreFixture::with_board().await;
    for n in 1..=notes {
        saved(&core.send(&person(1), &create_note(note_id(n), text)).await);
    }
    core
}

#[tokio::test]
async fn every_note_is_on_one_page_in_order_of_id() {
    let core = board_with_notes(300, &"word ".repeat(400)).await;
    let pages = all_pages(&core).await;
    assert!(pages.len() > 2, "{} pages", pages.len());
    let ids = pages.iter().flat_map(|it| &it.notes).map(|it| it.id);
    assert!(ids.eq((1..=300).map(note_id)));
}

#[tokio::test]
async fn notes_full_of_escaped_characters_fit_their_page() {
    let core = board_with_notes(8, &"\"\n".repeat(32 * 1024)).await;
    let pages = all_pages(&core).await;
    assert_eq!(pages.iter().map(|it| it.notes.len()).sum::<usize>(), 8);
}

#[tokio::test]
async fn a_small_board_is_one_page_at_the_boards_head() {
    let core = board_with_notes(3, "small").await;
    let page = page(&core, None).await;
    assert_eq!((page.notes.len(), page.next), (3, None));
    assert_eq!(page.position, core.head().await);
    assert_eq!(page.title.as_str(), "Ideas");
}

#[tokio::test]
async fn an_empty_board_is_one_empty_page() {
    let page = page(&CoreFixture::with_board().await, None).await;
    assert_eq!((page.notes.len(), page.next), (0, None));
}

#[tokio::test]
async fn pages_contain_trashed_notes_but_not_deleted_ones() {
    let core = board_with_notes(3, "small").await;
    for command in [
        Command::TrashNote { note: note_id(1) },
        Command::TrashNote { note: note_id(2) },
        Command::DeleteNote { note: note_id(2) },
    ] {
        saved(&core.send(&person(1), &command).await);
    }
    let states = page(&core, None).await.notes.into_iter().map(|it| (it.id, it.state));
    assert!(states.eq([(note_id(1), NoteState::Trashed), (note_id(3), NoteState::Live)]));
}

#[tokio::test]
async fn the_seq_of_a_note_shows_changes_between_two_pages() {
    let core = board_with_notes(300, &"word ".repeat(400)).await;
    let first = page(&core, None).await;
    let last = note_id(300);
    let edited =
        saved(&core.send(&person(1), &edit(last, first.position, insert(0, "new "))).await);
    let mut page_with_last = page(&core, first.next).await;
    while page_with_last.next.is_some() {
        page_with_last = page(&core, page_with_last.next).await;
    }
    let note = page_with_last.notes.last().expect("there are notes");
    assert_eq!((note.id, note.seq), (last, edited.seq));
    assert!(note.seq > first.position.seq, "a client must not apply its event again");
}
