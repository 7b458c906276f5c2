//! Clauses about reads: pages, lists, heads and the status of a board.

use std::sync::Arc;

use sockbit_application::json_size::json_bytes;
use sockbit_application::ports::{NotesPage, SingleReads, Store};
use sockbit_domain::{Change, Event, NoteId, NoteState, Role, Seq};

use super::fixtures::{ALL, Script, actor, all_notes, board_id, note_id, text, title};

/// More pages than any board of these tests has.
const PAGES_MAX: usize = 50;

async fn note_pages(store: &Arc<dyn Store>, script: &Script, bytes_max: usize) -> Vec<NotesPage> {
    let mut pages: Vec<NotesPage> = Vec::new();
    let mut after = None;
    for _ in 0..PAGES_MAX {
        let page =
            store.notes(script.board(), after, bytes_max).await.expect("the store is available");
        let page = page.expect("the board exists");
        after = page.next;
        pages.push(page);
        if after.is_none() {
            return pages;
        }
    }
    panic!("the pages never end");
}

async fn event_pages(store: &Arc<dyn Store>, script: &Script, bytes_max: usize) -> Vec<Vec<Event>> {
    let mut pages = Vec::new();
    let mut after = Seq(0);
    for _ in 0..PAGES_MAX {
        let page =
            store.events(script.board(), after, bytes_max).await.expect("the store is available");
        let Some(last) = page.last() else { return pages };
        after = last.seq;
        pages.push(page);
    }
    panic!("the pages never end");
}

/// Ten notes, whose ids are not in the order of their creation.
fn ten_notes() -> Script {
    let mut script = Script::new(board_id(1));
    for n in [5, 3, 9, 1, 7, 2, 10, 8, 4, 6] {
        script.create(note_id(n << 60), "ten notes of one size");
    }
    script
}

pub async fn pages_of_notes_contain_each_note_once_ordered_by_id(store: Arc<dyn Store>) {
    let mut script = ten_notes();
    script.save(&store).await;
    let size = script.state.notes.values().map(json_bytes).max().unwrap_or_default();
    let all: Vec<_> = script.state.notes.values().cloned().collect();
    for notes_a_page in [1, 3, 10, 11] {
        let pages = note_pages(&store, &script, notes_a_page * size).await;
        let found: Vec<_> = pages.into_iter().flat_map(|page| page.notes).collect();
        assert_eq!(found, all);
    }
}

pub async fn pages_of_notes_fill_their_size_limit(store: Arc<dyn Store>) {
    let mut script = ten_notes();
    script.save(&store).await;
    let size = script.state.notes.values().map(json_bytes).max().unwrap_or_default();
    let lengths = |pages: Vec<NotesPage>| pages.iter().map(|it| it.notes.len()).collect::<Vec<_>>();
    assert_eq!(lengths(note_pages(&store, &script, 4 * size).await), vec![4, 4, 2]);
    assert_eq!(lengths(note_pages(&store, &script, 5 * size).await), vec![5, 5]);
    assert_eq!(lengths(note_pages(&store, &script, size + 1).await), vec![1; 10]);
    assert_eq!(lengths(note_pages(&store, &script, ALL).await), vec![10]);
}

pub async fn a_note_over_the_size_limit_has_its_own_page(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "small").create(note_id(2), &"large".repeat(200));
    script.create(note_id(3), "small").save(&store).await;
    for bytes_max in [0, 600] {
        let pages = note_pages(&store, &script, bytes_max).await;
        let ids = |page: &NotesPage| page.notes.iter().map(|it| it.id).collect::<Vec<_>>();
        let each: Vec<_> = (1..=3).map(|n| vec![note_id(n)]).collect();
        assert_eq!(pages.iter().map(ids).collect::<Vec<_>>(), each);
    }
}

pub async fn the_last_page_of_notes_has_no_next(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.save(&store).await;
    let empty = store.notes(script.board(), None, ALL).await.expect("the store is available");
    assert_eq!(empty.map(|it| (it.notes.len(), it.next)), Some((0, None)));
    script.create(NoteId(uuid::Uuid::nil()), "").create(note_id(u128::MAX), "").save(&store).await;
    let first = store.notes(script.board(), None, 0).await.expect("the store is available");
    assert_eq!(first.and_then(|it| it.next), Some(note_id(0)));
    let last =
        store.notes(script.board(), Some(note_id(0)), 0).await.expect("the store is available");
    assert_eq!(last.map(|it| (it.notes.len(), it.next)), Some((1, None)));
    let beyond = store.notes(script.board(), Some(note_id(u128::MAX)), ALL).await;
    let beyond = beyond.expect("the store is available");
    assert_eq!(beyond.map(|it| (it.notes.len(), it.next)), Some((0, None)));
}

pub async fn pages_of_notes_contain_trashed_notes_and_no_tombstones(store: Arc<dyn Store>) {
    let mut script = ten_notes();
    let (trashed, deleted) = (note_id(2 << 60), note_id(10 << 60));
    script.change(Change::NoteTrashed { note: trashed });
    script.change(Change::NoteTrashed { note: deleted });
    script.change(Change::NoteDeleted { note: deleted }).save(&store).await;
    let notes = all_notes(&store, script.board()).await;
    assert_eq!(notes.len(), 9);
    assert!(notes.iter().all(|it| it.id != deleted));
    let state = notes.iter().find(|it| it.id == trashed).map(|it| it.state);
    assert_eq!(state, Some(NoteState::Trashed));
    let pages = note_pages(&store, &script, 0).await;
    assert_eq!(pages.len(), 9, "the tombstone at the end needs no page");
}

pub async fn pages_of_notes_have_title_and_head(store: Arc<dyn Store>) {
    let mut script = ten_notes();
    script.change(Change::BoardRenamed { title: title("Ten notes") }).save(&store).await;
    for page in note_pages(&store, &script, 0).await {
        assert_eq!((page.head, page.title), (script.state.head, title("Ten notes")));
    }
}

pub async fn pages_of_events_contain_each_event_once_in_order(store: Arc<dyn Store>) {
    let mut script = ten_notes();
    script.edit(note_id(5 << 60), "edited").save(&store).await;
    for bytes_max in [0, 700, 1_500, ALL] {
        let found: Vec<_> = event_pages(&store, &script, bytes_max).await.concat();
        assert_eq!(found, script.events());
    }
}

pub async fn pages_of_events_fill_their_size_limit(store: Arc<dyn Store>) {
    let mut script = ten_notes();
    script.create(note_id(0), &"large".repeat(600)).create(note_id(11), "small").save(&store).await;
    let bytes_max = 1_500;
    let pages = event_pages(&store, &script, bytes_max).await;
    let bytes = |page: &Vec<Event>| page.iter().map(json_bytes).sum::<usize>();
    for (page, next) in pages.iter().zip(pages.iter().skip(1)) {
        assert!(page.len() == 1 || bytes(page) <= bytes_max);
        let first_of_next = next.first().map(json_bytes).unwrap_or_default();
        assert!(bytes(page) + first_of_next > bytes_max, "one more event would exceed the limit");
    }
    let large = pages.iter().find(|page| page.iter().any(|it| it.seq == Seq(12)));
    assert_eq!(large.map(Vec::len), Some(1), "an event over the limit has its own page");
}

pub async fn events_can_be_read_after_any_seq(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.change_over(4, Change::BoardRenamed { title: title("Squashed") });
    script.create(note_id(1), "after").save(&store).await;
    for (after, expected) in
        [(0, vec![1, 5, 6]), (1, vec![5, 6]), (3, vec![5, 6]), (5, vec![6]), (6, vec![])]
    {
        let events =
            store.events(script.board(), Seq(after), ALL).await.expect("the store is available");
        assert_eq!(events.iter().map(|it| it.seq.0).collect::<Vec<_>>(), expected);
    }
    let beyond = store.events(script.board(), Seq(u64::MAX), ALL).await;
    assert_eq!(beyond, Ok(Vec::new()));
}

pub async fn a_board_status_has_role_title_and_head(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.join(actor(2), Role::Editor).create(note_id(1), "text").save(&store).await;
    script.change(Change::BoardRenamed { title: title("Renamed") }).save(&store).await;
    for (who, role) in [(1, Some(Role::Owner)), (2, Some(Role::Editor)), (3, None)] {
        let status = store.board_status(script.board(), actor(who).id, None).await;
        let status = status.expect("the store is available").expect("the board exists");
        assert_eq!(status.role, role);
        assert_eq!((status.head, status.title), (script.state.head, title("Renamed")));
        assert_eq!((status.text_bytes, status.bytes_since, status.event_at), (4, 0, None));
    }
}

pub async fn a_board_status_has_the_size_of_later_events(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "one").save(&store).await;
    script.edit(note_id(1), "\"two\"").create(note_id(2), "🧦").save(&store).await;
    let bytes_after = |number: u64| -> u64 {
        let events = script.events();
        let later = events.iter().filter(|it| it.seq > Seq(number));
        later.map(|it| json_bytes(it) as u64).sum()
    };
    for number in [0, 1, 2, 3, 4, 5, i64::MAX as u64, u64::MAX] {
        let status = store.board_status(script.board(), actor(1).id, Some(Seq(number))).await;
        let status = status.expect("the store is available").expect("the board exists");
        assert_eq!(status.bytes_since, bytes_after(number), "after {number}");
        let event = script.events().iter().find(|it| it.seq == Seq(number)).map(|it| it.id);
        assert_eq!(status.event_at, event, "at {number}");
    }
}

pub async fn heads_contain_each_existing_board_once(store: Arc<dyn Store>) {
    let mut expected = Vec::new();
    for n in 1..=3 {
        let mut script = Script::new(board_id(n));
        for note in 0..n {
            script.create(note_id(note), "note");
        }
        script.save(&store).await;
        expected.push((script.board(), script.state.head));
    }
    let requested = [3, 9, 1, 3, 2, 1].map(board_id);
    let mut heads = store.heads(&requested).await.expect("the store is available");
    heads.sort_by_key(|(board, _)| *board);
    assert_eq!(heads, expected);
}

pub async fn boards_are_listed_latest_change_first(store: Arc<dyn Store>) {
    let mut scripts = Vec::new();
    for (n, at) in [(1, 500), (2, -3), (3, 900), (4, 700)] {
        let mut script = Script::new(board_id(n));
        script.at(at).create(note_id(1), "note").save(&store).await;
        scripts.push(script);
    }
    let order = [3, 4, 1, 2].map(board_id);
    for max in 0..=5 {
        let lists = store.boards_of(actor(1).id, max).await.expect("the store is available");
        let boards: Vec<_> = lists.iter().map(|it| it.board).collect();
        assert_eq!(boards, order.iter().copied().take(max as usize).collect::<Vec<_>>());
    }
    let last = scripts.get_mut(1).expect("four boards");
    last.at(1_000).edit(note_id(1), "changed").save(&store).await;
    let lists = store.boards_of(actor(1).id, 1).await.expect("the store is available");
    assert_eq!(lists.first().map(|it| it.board), Some(board_id(2)));
}

pub async fn lists_contain_the_boards_of_the_member(store: Arc<dyn Store>) {
    for (n, owner) in [(1, 1), (2, 2), (3, 2)] {
        Script::new_by(board_id(n), actor(owner), 0).save(&store).await;
    }
    let mut shared = Script::new_by(board_id(4), actor(2), 0);
    shared.join(actor(1), Role::Editor).save(&store).await;
    let lists = store.boards_of(actor(1).id, 10).await.expect("the store is available");
    let mut boards: Vec<_> = lists.iter().map(|it| (it.board, it.role)).collect();
    boards.sort_by_key(|(board, _)| *board);
    assert_eq!(boards, vec![(board_id(1), Role::Owner), (board_id(4), Role::Editor)]);
}

pub async fn lists_have_the_live_note_count_and_the_last_change(store: Arc<dyn Store>) {
    let mut script = ten_notes();
    let (trashed, deleted) = (note_id(2 << 60), note_id(3 << 60));
    script.change(Change::NoteTrashed { note: trashed });
    script.change(Change::NoteTrashed { note: deleted });
    script.change(Change::NoteDeleted { note: deleted });
    script.by(actor(2)).at(5_000).change(Change::BoardRenamed { title: title("Eight left") });
    script.save(&store).await;
    let listed = store.boards_of(actor(1).id, 10).await.expect("the store is available").pop();
    let listed = listed.expect("the list of the owner has the board");
    assert_eq!((listed.notes, listed.title), (8, title("Eight left")));
    assert_eq!((listed.changed_by, listed.changed_at.0), (actor(2), 5_000));
    script.change(Change::NoteRestored { note: trashed }).save(&store).await;
    let listed = store.boards_of(actor(1).id, 10).await.expect("the store is available").pop();
    assert_eq!(listed.map(|it| it.notes), Some(9));
    assert_eq!(script.text(trashed), text("ten notes of one size"));
}
