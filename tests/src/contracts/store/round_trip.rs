//! Clauses about stored data: it is read back unchanged, byte for byte.

use std::sync::Arc;

use sockbit_application::ports::Store;
use sockbit_domain::{
    Actor, ActorId, BoardId, Change, Colour, LinkId, MessageId, NoteId, NoteState, Outcome, Rank,
    Rejection, RejectionCode, Role, Seq, Text, Timestamp,
};
use uuid::Uuid;

use super::fixtures::{
    Script, actor, all_events, all_notes, board_id, created, load, load_board, note_id, outcome,
    sorted, text, title,
};

const HOSTILE: &str = "'; drop table notes; -- \" ` \\ \\n \\u0000 %s {\"type\":\"x\"} [1] null ?1 :a $a \
                       </script> \u{2028}\u{2029}\u{feff}\u{200e}\u{1F9E6} \u{10FFFF}";

const COLOURS: [Colour; 8] = [
    Colour::Paper,
    Colour::Yellow,
    Colour::Orange,
    Colour::Red,
    Colour::Purple,
    Colour::Blue,
    Colour::Teal,
    Colour::Green,
];

pub async fn every_kind_of_event_is_stored_unchanged(store: Arc<dyn Store>) {
    let note = note_id(1);
    let rank = Rank::between(Some(&Rank::middle()), None).expect("a rank at the end");
    let mut script = Script::new(board_id(1));
    script.change(Change::BoardRenamed { title: title("Another title") });
    script.link(1, Role::Editor).join(actor(2), Role::Editor).by(actor(3)).at(2_000);
    script.create(note, "first").edit(note, "second").change(Change::NoteMoved { note, rank });
    script.change(Change::NoteRecoloured { note, colour: Colour::Teal });
    script.change(Change::NoteTrashed { note }).change(Change::NoteRestored { note });
    script.change(Change::NoteTrashed { note }).change(Change::NoteDeleted { note });
    script.save(&store).await;
    assert_eq!(all_events(&store, script.board()).await, script.events());
}

pub async fn every_field_of_a_note_is_stored(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    for (n, colour) in (0..).zip(COLOURS) {
        let rank = Rank::try_from(format!("a{}", n + 1)).expect("a rank");
        let text = text(&format!("note {n}"));
        script.by(actor(n)).at(i64::from(n));
        script.change(Change::NoteCreated { note: note_id(n.into()), text, colour, rank });
    }
    script.by(actor(9)).edit(note_id(1), "edited");
    script.change(Change::NoteTrashed { note: note_id(2) });
    script.save(&store).await;

    let loaded = load_board(&store, &script.request()).await;
    assert_eq!(loaded.notes, script.state.notes);
    assert_eq!(loaded.notes.get(&note_id(2)).map(|it| it.state), Some(NoteState::Trashed));
    let notes: Vec<_> = script.state.notes.values().cloned().collect();
    assert_eq!(all_notes(&store, script.board()).await, notes);
    for note in notes {
        let found = store.note(script.board(), note.id).await;
        assert_eq!(found, Ok(Some((script.state.head, Some(note)))));
    }
}

pub async fn the_header_of_a_board_is_stored(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.save(&store).await;
    script.create(note_id(1), "four").create(note_id(2), "ü").save(&store).await;
    script.change(Change::BoardRenamed { title: title("Renamed") });
    script.change(Change::NoteTrashed { note: note_id(1) }).save(&store).await;
    let loaded = load_board(&store, &script.request()).await;
    assert_eq!((loaded.note_count, loaded.text_bytes), (2, 6));
    assert_eq!(loaded.title, title("Renamed"));
    assert_eq!(loaded, script.state);
}

pub async fn texts_of_every_unicode_plane_are_stored_unchanged(store: Arc<dyn Store>) {
    let planes: String = (0_u32..=16)
        .flat_map(|plane| [0x41, 0x5d0, 0xfffd].map(|low| (plane << 16) | low))
        .filter_map(char::from_u32)
        .collect();
    let texts = [
        String::new(),
        planes,
        "שלום עולם — مرحبا بالعالم".to_owned(),
        "👩‍👩‍👧‍👦🏳️‍🌈🇩🇪👍🏽 e\u{301} \t\n\n ".to_owned(),
        "ß🧦".repeat(64 * 1024 / 6),
        "\"\\\n".repeat(64 * 1024 / 3),
    ];
    let mut script = Script::new(board_id(1));
    for (n, text) in (1..).zip(&texts) {
        script.create(note_id(n), text).create(note_id(n + 100), "").edit(note_id(n + 100), text);
    }
    script.save(&store).await;
    assert_eq!(load_board(&store, &script.request()).await, script.state);
    assert_eq!(all_events(&store, script.board()).await, script.events());
    let notes = all_notes(&store, script.board()).await;
    let found: Vec<_> = notes.iter().take(texts.len()).map(|it| it.text.as_str()).collect();
    assert_eq!(found, texts);
}

pub async fn hostile_text_is_stored_as_text(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.by(Actor { name: HOSTILE.to_owned(), ..actor(1) });
    script.change(Change::BoardRenamed { title: title(HOSTILE) }).create(note_id(1), HOSTILE);
    script.edit(note_id(1), &format!("{HOSTILE}{HOSTILE}"));
    let rejection = Rejection::new(RejectionCode::Malformed, HOSTILE);
    script.add_outcome(outcome(1, 1, Outcome::Rejected(rejection))).save(&store).await;

    let loaded = load(&store, &script.request()).await;
    assert_eq!(loaded.board, Some(script.state.clone()));
    assert_eq!(loaded.outcomes, script.outcomes);
    assert_eq!(all_events(&store, script.board()).await, script.events());
    let lists = store.boards_of(actor(1).id, 10).await.expect("the store is available");
    let names: Vec<_> = lists.iter().map(|it| (it.title.as_str(), &*it.changed_by.name)).collect();
    assert_eq!(names, vec![(HOSTILE, HOSTILE)]);
}

pub async fn extreme_ids_are_stored_unchanged(store: Arc<dyn Store>) {
    for id in [Uuid::nil(), Uuid::max(), Uuid::from_u128(0x0061), Uuid::from_u128(0x2700 << 112)] {
        let who = Actor { id: ActorId(id), ..actor(1) };
        let mut script = Script::new_by(BoardId(id), who, u64::MAX);
        script.create(NoteId(id), "one").edit(NoteId(id), "two").link(1, Role::Editor);
        let mut answer = outcome(0, 0, Outcome::Unchanged { position: script.state.head });
        (answer.client.0, answer.message) = (id, MessageId(id));
        script.add_outcome(answer).save(&store).await;

        let loaded = load(&store, &script.request()).await;
        assert_eq!(loaded.board, Some(script.state.clone()));
        assert_eq!(loaded.outcomes, script.outcomes);
        assert_eq!(all_notes(&store, BoardId(id)).await.len(), 1);
        assert_eq!(store.heads(&[BoardId(id)]).await, Ok(vec![(BoardId(id), script.state.head)]));
        let lists = store.boards_of(ActorId(id), 10).await.expect("the store is available");
        assert_eq!(lists.iter().map(|it| it.board).collect::<Vec<_>>(), vec![BoardId(id)]);
        let history = store.note_events(BoardId(id), NoteId(id), None, 10).await;
        assert_eq!(history.map(|it| it.events.len()), Ok(2));
    }
}

pub async fn extreme_times_are_stored_unchanged(store: Arc<dyn Store>) {
    for (n, time) in (1_u8..).zip([i64::MIN, -1, 0, i64::MAX]) {
        let mut script = Script::new_by(board_id(n.into()), actor(n), 0);
        script.at(time).create(note_id(1), "now");
        let mut answer = outcome(1, 1, Outcome::Saved { position: script.state.head });
        answer.at = Timestamp(time);
        script.add_outcome(answer).save(&store).await;

        assert_eq!(all_events(&store, script.board()).await, script.events());
        let loaded = load(&store, &script.request()).await;
        assert_eq!(loaded.outcomes, script.outcomes);
        assert_eq!(loaded.board.map(|it| it.notes), Some(script.state.notes));
        let lists = store.boards_of(actor(n).id, 10).await.expect("the store is available");
        assert_eq!(lists.first().map(|it| it.changed_at), Some(Timestamp(time)));
    }
}

pub async fn links_are_stored_with_their_hashes(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.link(7, Role::Editor).save(&store).await;
    script.link(3, Role::Owner).save(&store).await;
    let links = load_board(&store, &script.request()).await.links;
    assert_eq!(links, sorted(script.state.links.clone()));
    let hashes: Vec<_> = links.iter().map(|it| (it.id, it.role, it.hash.0)).collect();
    let id = |n| LinkId(Uuid::from_u128(n));
    assert_eq!(hashes, vec![(id(3), Role::Owner, [3; 32]), (id(7), Role::Editor, [7; 32])]);
}

pub async fn every_kind_of_outcome_is_stored_unchanged(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    let position = script.state.head;
    let rejected = |code| Outcome::Rejected(Rejection::new(code, "because"));
    script.add_outcome(outcome(1, 1, Outcome::Saved { position }));
    script.add_outcome(outcome(1, 2, Outcome::Unchanged { position }));
    script.add_outcome(outcome(1, 3, rejected(RejectionCode::BaseGone)));
    script.add_outcome(outcome(2, 1, rejected(RejectionCode::MessageIdReused)));
    script.save(&store).await;

    let mut found = load(&store, &script.request()).await.outcomes;
    found.sort_by_key(|it| (it.client, it.message));
    assert_eq!(found, script.outcomes);
}

pub async fn edits_are_stored_with_their_inverses(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "one 🧦 two").edit(note_id(1), "one two");
    script.edit(note_id(1), "").edit(note_id(1), "\u{10FFFF}").save(&store).await;
    let loaded = load_board(&store, &script.request()).await;
    assert_eq!(loaded.edits.get(&note_id(1)).map(Vec::len), Some(3));
    assert_eq!(loaded.edits, script.state.edits);
    let history = store.note_events(script.board(), note_id(1), None, 10).await;
    let history = history.expect("the store is available").events;
    let written = script.log.iter().filter(|it| it.event.change.note().is_some());
    let written: Vec<_> = written.map(|it| (it.event.clone(), it.inverse.clone())).collect();
    assert_eq!(history, written);
}

pub async fn facts_of_one_commit_keep_their_order(store: Arc<dyn Store>) {
    let mut script = Script::new(board_id(1));
    for n in 0..40 {
        // The ids descend while the seqs ascend, so that an order by id would fail.
        script.create(note_id(100 - n), &n.to_string());
    }
    script.save(&store).await;
    let numbers: Vec<_> =
        all_events(&store, script.board()).await.iter().map(|it| it.seq).collect();
    assert_eq!(numbers, (1..=41).map(Seq).collect::<Vec<_>>());
    assert_eq!(all_events(&store, script.board()).await, script.events());
    let last = load_board(&store, &script.request()).await.notes.remove(&note_id(61));
    assert_eq!(last.map(|it| (it.seq, it.text)), Some((Seq(41), Text::normalise("39"))));
}

pub async fn boards_with_equal_note_ids_are_independent(store: Arc<dyn Store>) {
    let mut one = Script::new(board_id(1));
    let mut two = Script::new(board_id(2));
    one.change(created(note_id(1), "of one")).edit(note_id(1), "edited").link(1, Role::Editor);
    two.change(created(note_id(1), "of two")).edit(note_id(1), "changed").link(1, Role::Owner);
    one.add_outcome(outcome(1, 1, Outcome::Saved { position: one.state.head }));
    two.add_outcome(outcome(1, 1, Outcome::Unchanged { position: two.state.head }));
    one.save(&store).await;
    two.join(actor(2), Role::Editor).save(&store).await;
    for script in [one, two] {
        let mut request = script.request();
        request.actors.insert(actor(2).id);
        let loaded = load(&store, &request).await;
        assert_eq!(loaded.board, Some(script.state.clone()));
        assert_eq!(loaded.outcomes, script.outcomes);
        assert_eq!(all_events(&store, script.board()).await, script.events());
        assert_eq!(all_notes(&store, script.board()).await.len(), 1);
        let history = store.note_events(script.board(), note_id(1), None, 10).await;
        assert_eq!(history.map(|it| it.events.len()), Ok(2));
    }
}
