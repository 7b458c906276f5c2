//! Beginning and naming a board, and what every event says.

use sockbit_domain::{Change, Delta, RejectionCode, Role, Seq};

use crate::support::{ADA, BEN, EVE, Heard, Scene, create_board, edit, rename, trash};

#[test]
fn whoever_creates_a_board_owns_it() {
    let mut scene = Scene::empty();
    scene.send(EVE, &create_board("Ideas")).event();
    assert_eq!(scene.board().role(EVE.id()), Some(Role::Owner));
}

#[test]
fn a_board_begins_with_seq_one() {
    let mut scene = Scene::empty();
    let event = scene.send(ADA, &create_board("Ideas")).event();
    assert_eq!((event.from, event.seq), (Seq(1), Seq(1)));
    assert_eq!(scene.head(), event.position());
}

#[test]
fn a_board_begins_with_its_title_and_nothing_else() {
    let mut scene = Scene::empty();
    scene.send(ADA, &create_board("Ideas")).event();
    let board = scene.board();
    assert_eq!((board.title.as_str(), board.note_count, board.text_bytes), ("Ideas", 0, 0));
    assert!(board.notes.is_empty() && board.links.is_empty());
}

#[test]
fn a_boards_id_is_taken_once() {
    let mut scene = Scene::new();
    for who in [ADA, BEN, EVE] {
        let heard = scene.send(who, &create_board("Mine"));
        assert_eq!(heard.code(), RejectionCode::BoardExists);
    }
    assert_eq!(scene.board().title.as_str(), "Ideas");
}

#[test]
fn a_board_without_a_title_is_not_created() {
    let mut scene = Scene::empty();
    assert_eq!(scene.send(ADA, &create_board(" \n ")).code(), RejectionCode::TitleEmpty);
    assert!(scene.board.is_none());
}

#[test]
fn a_title_is_made_one_trimmed_line() {
    let mut scene = Scene::empty();
    let Change::BoardCreated { title } = scene.send(ADA, &create_board("\tOur\nideas ")).change()
    else {
        panic!("a board is created");
    };
    assert_eq!(title.as_str(), "Our ideas");
}

#[test]
fn owners_and_editors_rename_a_board() {
    let mut scene = Scene::new();
    for (who, title) in [(ADA, "Plans"), (BEN, "Better plans")] {
        scene.send(who, &rename(title)).event();
        assert_eq!(scene.board().title.as_str(), title);
    }
}

#[test]
fn a_rename_to_the_title_that_there_is_changes_nothing() {
    let mut scene = Scene::new();
    assert_eq!(scene.send(BEN, &rename("Ideas")), Heard::Unchanged);
    assert_eq!(scene.send(BEN, &rename("  Ideas\n")), Heard::Unchanged);
}

#[test]
fn a_rename_to_nothing_is_rejected_and_the_title_stays() {
    let mut scene = Scene::new();
    assert_eq!(scene.send(BEN, &rename("")).code(), RejectionCode::TitleEmpty);
    assert_eq!(scene.board().title.as_str(), "Ideas");
}

#[test]
fn an_event_says_by_whom_by_which_command_and_when() {
    let mut scene = Scene::new();
    let event = scene.send(BEN, &rename("Plans")).event();
    assert_eq!(event.actor, BEN.actor());
    assert_eq!(event.message, scene.last_message());
    assert_eq!(event.at, scene.now());
    assert_eq!(event.board, scene.board().id);
}

#[test]
fn events_are_numbered_without_gaps() {
    let (mut scene, note) = Scene::with_note("a");
    scene.send(BEN, &trash(note)).event();
    scene.send(BEN, &rename("Plans")).event();
    let seqs: Vec<u64> = scene.facts.iter().map(|fact| fact.event.seq.0).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn one_event_stands_for_itself_alone() {
    let (scene, _) = Scene::with_note("a");
    assert!(scene.facts.iter().all(|fact| fact.event.from == fact.event.seq));
}

#[test]
fn neither_a_rejection_nor_an_unchanged_outcome_uses_up_a_number() {
    let (mut scene, note) = Scene::with_note("a");
    let head = scene.head();
    scene.send(BEN, &rename("")).rejection();
    assert_eq!(scene.send(BEN, &rename("Ideas")), Heard::Unchanged);
    assert_eq!(scene.head(), head);
    assert_eq!(scene.send(BEN, &trash(note)).event().seq, head.seq.next());
}

#[test]
fn one_command_makes_one_event_at_most() {
    let (mut scene, note) = Scene::with_trashed_note("a");
    let before = scene.facts.len();
    let brings_back_and_edits = edit(note, scene.head(), Delta::new().insert("x"));
    scene.send(BEN, &brings_back_and_edits).event();
    assert_eq!(scene.facts.len(), before + 1);
}
