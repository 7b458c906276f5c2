//! The history of a note, page by page.

use sockbit_domain::wire::{NoteHistory, Query, Reply, ServerMessage};
use sockbit_domain::{Change, Command, MessageId, Seq};

use crate::support::*;

async fn page(core: &CoreFixture, before: Option<Seq>) -> NoteHistory {
    let query = Query::NoteHistory { board: board_id(1), note: note_id(1), before };
    let body = core.query(&person(1), query).await;
    let message = ServerMessage::Reply { id: MessageId(uuid(1)), body: body.clone() };
    let bytes = message.to_json().expect("it is JSON").len();
    assert!(bytes <= 256 * 1024, "a page of {bytes} bytes");
    match body {
        Reply::NoteHistory(page) => page,
        other => panic!("no history: {other:?}"),
    }
}

/// All pages, oldest first.
async fn all_pages(core: &CoreFixture) -> Vec<NoteHistory> {
    let mut pages = vec![page(core, None).await];
    while let Some(before) = pages.last().and_then(|it| it.earlier) {
        pages.push(page(core, Some(before)).await);
    }
    pages.reverse();
    pages
}

/// Asserts that the pages contain every event, and that each starts with the text at the end of the
/// one before.
async fn assert_pages_equal_the_log(core: &CoreFixture, pages: &[NoteHistory]) {
    let log = core.log().await;
    let of_note = log.iter().filter(|it| it.change.note() == Some(note_id(1)));
    let entries = pages.iter().flat_map(|it| &it.entries).map(|it| it.seq);
    assert!(entries.eq(of_note.map(|it| it.seq)), "every event once, in order");
    let mut text = sockbit_domain::Text::default();
    for page in pages {
        assert_eq!(page.text_before, text);
        text = page.entries.iter().fold(text, |text, it| replayed(text, &it.change));
    }
    assert_eq!(text.as_str(), core.text(note_id(1)).await);
}

#[tokio::test]
async fn many_changes_are_split_into_pages_that_continue_each_other() {
    let (core, mut base) = CoreFixture::with_note("é👧").await;
    for n in 0..120 {
        let change = edit(note_id(1), base, insert(n % 4, &format!("{n}é\n")));
        base = saved(&core.send(&person(1), &change).await);
        saved(&core.send(&person(1), &create_note(note_id(1_000 + u64::from(n)), "other")).await);
        let change = sockbit_domain::Delta::new().delete(1);
        base = saved(&core.send(&person(1), &edit(note_id(1), base, change)).await);
    }
    let pages = all_pages(&core).await;
    assert_eq!(pages.len(), 3, "of a hundred each");
    assert_pages_equal_the_log(&core, &pages).await;
}

#[tokio::test]
async fn large_changes_are_split_into_pages_that_fit_a_message() {
    let (core, mut base) = CoreFixture::with_note("").await;
    for letter in ["\"", "\n", "ß"].into_iter().cycle().take(12) {
        let text = letter.repeat(60 * 1024 / letter.len());
        base = saved(&core.send(&person(1), &write(note_id(1), base, &text)).await);
    }
    let pages = all_pages(&core).await;
    assert!(pages.len() > 3, "{} pages", pages.len());
    assert_pages_equal_the_log(&core, &pages).await;
}

#[tokio::test]
async fn the_history_contains_changes_other_than_edits() {
    let (core, base) = CoreFixture::with_note("one").await;
    saved(&core.send(&person(1), &edit(note_id(1), base, insert(3, " two"))).await);
    saved(&core.send(&person(1), &Command::TrashNote { note: note_id(1) }).await);
    saved(&core.send(&person(1), &edit(note_id(1), base, insert(0, "zero "))).await);
    let pages = all_pages(&core).await;
    let kinds = pages.iter().flat_map(|it| &it.entries).map(|it| match it.change {
        Change::NoteCreated { .. } => "created",
        Change::NoteEdited { .. } => "edited",
        Change::NoteTrashed { .. } => "trashed",
        _ => "other",
    });
    assert!(kinds.eq(["created", "edited", "trashed", "edited"]));
    assert_pages_equal_the_log(&core, &pages).await;
}

#[tokio::test]
async fn a_page_from_the_middle_starts_with_the_text_before_it() {
    let (core, mut base) = CoreFixture::with_note("").await;
    for n in 0..5 {
        let change = edit(note_id(1), base, insert(n, &n.to_string()));
        base = saved(&core.send(&person(1), &change).await);
    }
    // Events 3 to 7 are the edits.
    let page = page(&core, Some(Seq(5))).await;
    assert_eq!(page.text_before.as_str(), "");
    assert!(page.entries.iter().map(|it| it.seq.0).eq([2, 3, 4]));
    assert_eq!(page.earlier, None);
}
