//! Clauses about loads: everything that was requested, and nothing else.

use std::sync::Arc;

use sockbit_application::ports::{LoadRequest, LoadedBoard, SingleReads, Store};
use sockbit_domain::{Change, EventId, NoteState, Role, Seq, Text};
use uuid::Uuid;

use super::fixtures::{Script, actor, all_notes, bare, board_id, load, load_board, note_id, title};

pub async fn results_are_in_the_order_of_the_requests(store: Arc<dyn Store>) {
    let mut batch = Vec::new();
    for n in [3, 1, 2] {
        batch.push(Script::new(board_id(n)).changes());
    }
    store.commit(&batch).await.expect("the store is available");
    let requests = [2, 9, 3, 1, 2].map(|n| bare(board_id(n)));
    let loaded = store.load(&requests).await.expect("the store is available");
    let boards: Vec<_> = loaded.iter().map(|it| it.board.as_ref().map(|board| board.id)).collect();
    let found = |n| Some(board_id(n));
    assert_eq!(boards, vec![found(2), None, found(3), found(1), found(2)]);
    assert_eq!(loaded.get(1), Some(&LoadedBoard { board: None, outcomes: Vec::new() }));
}

pub async fn only_requested_roles_are_loaded(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.join(actor(2), Role::Editor).join(actor(3), Role::Editor).save(&store).await;
    assert!(load_board(&store, &bare(script.board())).await.members.is_empty());
    let mut request = bare(script.board());
    request.actors.extend([actor(1).id, actor(3).id, actor(4).id]);
    let members = load_board(&store, &request).await.members;
    assert_eq!(members, [(actor(1).id, Role::Owner), (actor(3).id, Role::Editor)].into());
}

pub async fn a_role_can_be_raised(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.join(actor(2), Role::Editor).save(&store).await;
    script.join(actor(2), Role::Owner).save(&store).await;
    let members = load_board(&store, &script.request()).await.members;
    assert_eq!(members.get(&actor(2).id), Some(&Role::Owner));
    let status = store.board_status(script.board(), actor(2).id, None).await;
    let role = status.expect("the store is available").and_then(|it| it.role);
    assert_eq!(role, Some(Role::Owner));
    let lists = store.boards_of(actor(2).id, 10).await.expect("the store is available");
    assert_eq!(lists.iter().map(|it| it.role).collect::<Vec<_>>(), vec![Role::Owner]);
}

pub async fn only_requested_notes_are_loaded(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    for n in 1..=4 {
        script.create(note_id(n), "note");
    }
    script.save(&store).await;
    assert!(load_board(&store, &bare(script.board())).await.notes.is_empty());
    let mut request = bare(script.board());
    request.notes.extend([(note_id(2), None), (note_id(4), None), (note_id(5), None)]);
    let notes = load_board(&store, &request).await.notes;
    assert_eq!(notes.keys().copied().collect::<Vec<_>>(), vec![note_id(2), note_id(4)]);
    assert_eq!(notes.get(&note_id(2)), script.state.notes.get(&note_id(2)));
}

pub async fn only_edits_after_the_base_are_loaded(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "").create(note_id(2), "");
    for n in 0..5 {
        script.edit(note_id(1), &format!("one {n}")).edit(note_id(2), &format!("two {n}"));
    }
    script.save(&store).await;
    let written = |note| script.state.edits.get(&note).cloned().expect("it was edited");
    let mut request = bare(script.board());
    request.notes.extend([(note_id(1), Some(Seq(8))), (note_id(2), None)]);
    let edits = load_board(&store, &request).await.edits;
    let later: Vec<_> = written(note_id(1)).into_iter().filter(|it| it.seq > Seq(8)).collect();
    assert_eq!(later.iter().map(|it| it.seq.0).collect::<Vec<_>>(), vec![10, 12]);
    assert_eq!(edits, [(note_id(1), later)].into());

    request.notes.extend([(note_id(1), Some(Seq(u64::MAX))), (note_id(2), Some(Seq(0)))]);
    let edits = load_board(&store, &request).await.edits;
    assert_eq!(edits, [(note_id(2), written(note_id(2)))].into());
}

pub async fn if_edits_exceed_the_limit_the_latest_are_loaded(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    let note = note_id(1);
    script.create(note, "").create(note_id(2), "");
    for n in 0..20 {
        let long = if n % 2 == 0 { "a" } else { "b" }.repeat(1_000);
        script.edit(note, &long).edit(note_id(2), &"a".repeat(n + 1));
    }
    script.save(&store).await;
    let request = LoadRequest { edits_bytes_max: 10_000, ..script.request() };
    let board = load_board(&store, &request).await;
    let written = script.state.edits.get(&note).cloned().expect("it was edited");
    let loaded = board.edits.get(&note).cloned().unwrap_or_default();
    assert!((1..written.len()).contains(&loaded.len()), "only a part is loaded: {}", loaded.len());
    let (left_out, latest) = written.split_at(written.len() - loaded.len());
    assert_eq!(loaded, latest);
    let last = left_out.last().map(|edit| (note, edit.seq));
    assert_eq!(board.left_out, last.into_iter().collect(), "no edit of the other note is missing");
    assert_eq!(board.edits.get(&note_id(2)), script.state.edits.get(&note_id(2)));
}

pub async fn the_latest_edit_is_loaded_even_if_it_exceeds_the_limit(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    let note = note_id(1);
    script.create(note, "").edit(note, "one").edit(note, &"two".repeat(100)).save(&store).await;
    let request = LoadRequest { edits_bytes_max: 1, ..script.request() };
    let board = load_board(&store, &request).await;
    let loaded: Vec<_> = board.edits.values().flatten().map(|edit| edit.seq).collect();
    assert_eq!((loaded, board.left_out), (vec![Seq(4)], [(note, Seq(3))].into()));
}

pub async fn other_events_are_not_loaded_as_edits(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    let note = note_id(1);
    script.create(note, "one").change(Change::NoteTrashed { note });
    script.edit(note, "two").change(Change::NoteTrashed { note });
    script.change(Change::NoteRestored { note }).edit(note, "three").save(&store).await;
    let edits = load_board(&store, &script.request()).await.edits.remove(&note).unwrap_or_default();
    assert_eq!(edits.iter().map(|it| it.seq.0).collect::<Vec<_>>(), vec![4, 7]);
    let now = script.text(note);
    let first = edits.iter().rev().try_fold(now, |text, edit| edit.inverse.apply(&text));
    assert_eq!(first, Ok(Text::normalise("one")));
}

pub async fn bases_are_loaded_with_their_event_ids(store: Arc<dyn Store>) {
    let mut script = Script::new_by(board_id(1), actor(1), 77);
    script.create(note_id(1), "one").create(note_id(2), "two").save(&store).await;
    assert!(load_board(&store, &bare(script.board())).await.bases.is_empty());
    let mut request = bare(script.board());
    request.bases.extend([0, 1, 3, 4, i64::MAX as u64, u64::MAX].map(Seq));
    let id = |seq| EventId(Uuid::from_u64_pair(77, seq));
    let bases = load_board(&store, &request).await.bases;
    assert_eq!(bases, [(Seq(1), id(1)), (Seq(3), id(3))].into());
}

pub async fn a_base_inside_a_squashed_range_is_not_loaded(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.change_over(4, Change::BoardRenamed { title: title("Squashed") });
    script.create(note_id(1), "after").save(&store).await;
    let mut request = bare(script.board());
    request.bases.extend((1..=6).map(Seq));
    let bases = load_board(&store, &request).await.bases;
    assert_eq!(bases.keys().map(|it| it.0).collect::<Vec<_>>(), vec![1, 5, 6]);
    for (number, known) in [(1, true), (2, false), (4, false), (5, true), (6, true)] {
        let status = store.board_status(script.board(), actor(1).id, Some(Seq(number))).await;
        let event = status.expect("the store is available").and_then(|it| it.event_at);
        assert_eq!(event.is_some(), known, "the event at {number}");
    }
    let ranges: Vec<_> = script.events().iter().map(|it| (it.from.0, it.seq.0)).collect();
    assert_eq!(ranges, vec![(1, 1), (2, 5), (6, 6)]);
    assert_eq!(super::fixtures::all_events(&store, script.board()).await, script.events());
}

pub async fn deleted_notes_leave_a_tombstone(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    let note = note_id(1);
    script.create(note, "secret").create(note_id(2), "stays").save(&store).await;
    script.change(Change::NoteTrashed { note }).change(Change::NoteDeleted { note });
    script.save(&store).await;

    let loaded = load(&store, &script.request()).await.board.expect("the board exists");
    let tombstone = loaded.notes.get(&note).cloned().expect("the tombstone");
    assert_eq!((tombstone.state, tombstone.text.as_str()), (NoteState::Deleted, ""));
    assert_eq!((loaded.note_count, loaded.text_bytes), (1, 5));
    let found = store.note(script.board(), note).await;
    assert_eq!(found, Ok(Some((script.state.head, Some(tombstone)))));
    let notes = all_notes(&store, script.board()).await;
    assert_eq!(notes.iter().map(|it| it.id).collect::<Vec<_>>(), vec![note_id(2)]);
}
