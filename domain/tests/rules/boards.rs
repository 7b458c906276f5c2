//! Creating and renaming a board, and the fields of every event.

use sockbit_domain::{Change, Delta, RejectionCode, Role, Seq};

use crate::fixture::{
    ADA, BEN, BoardFixture, CommandResult, EVE, create_board, edit, rename, trash,
};

#[test]
fn the_creator_of_a_board_is_its_owner() {
    let mut fixture = BoardFixture::empty();
    fixture.send(EVE, &create_board("Ideas")).event();
    assert_eq!(fixture.board().role(EVE.id()), Some(Role::Owner));
}

#[test]
fn the_first_event_of_a_board_has_seq_one() {
    let mut fixture = BoardFixture::empty();
    let event = fixture.send(ADA, &create_board("Ideas")).event();
    assert_eq!((event.from, event.seq), (Seq(1), Seq(1)));
    assert_eq!(fixture.head(), event.position());
}

#[test]
fn a_new_board_has_its_title_and_nothing_else() {
    let mut fixture = BoardFixture::empty();
    fixture.send(ADA, &create_board("Ideas")).event();
    let board = fixture.board();
    assert_eq!((board.title.as_str(), board.note_count, board.text_bytes), ("Ideas", 0, 0));
    assert!(board.notes.is_empty() && board.links.is_empty());
}

#[test]
fn creating_a_board_under_an_existing_id_is_rejected() {
    let mut fixture = BoardFixture::new();
    for who in [ADA, BEN, EVE] {
        let result = fixture.send(who, &create_board("Mine"));
        assert_eq!(result.code(), RejectionCode::BoardExists);
    }
    assert_eq!(fixture.board().title.as_str(), "Ideas");
}

#[test]
fn a_board_without_a_title_is_not_created() {
    let mut fixture = BoardFixture::empty();
    assert_eq!(fixture.send(ADA, &create_board(" \n ")).code(), RejectionCode::TitleEmpty);
    assert!(fixture.board.is_none());
}

#[test]
fn a_title_is_made_one_trimmed_line() {
    let mut fixture = BoardFixture::empty();
    let Change::BoardCreated { title } = fixture.send(ADA, &create_board("\tOur\nideas ")).change()
    else {
        panic!("a board was created");
    };
    assert_eq!(title.as_str(), "Our ideas");
}

#[test]
fn owners_and_editors_may_rename_a_board() {
    let mut fixture = BoardFixture::new();
    for (who, title) in [(ADA, "Plans"), (BEN, "Better plans")] {
        fixture.send(who, &rename(title)).event();
        assert_eq!(fixture.board().title.as_str(), title);
    }
}

#[test]
fn renaming_a_board_to_its_title_changes_nothing() {
    let mut fixture = BoardFixture::new();
    assert_eq!(fixture.send(BEN, &rename("Ideas")), CommandResult::Unchanged);
    assert_eq!(fixture.send(BEN, &rename("  Ideas\n")), CommandResult::Unchanged);
}

#[test]
fn renaming_a_board_to_an_empty_title_is_rejected() {
    let mut fixture = BoardFixture::new();
    assert_eq!(fixture.send(BEN, &rename("")).code(), RejectionCode::TitleEmpty);
    assert_eq!(fixture.board().title.as_str(), "Ideas");
}

#[test]
fn an_event_has_its_actor_message_id_and_time() {
    let mut fixture = BoardFixture::new();
    let event = fixture.send(BEN, &rename("Plans")).event();
    assert_eq!(event.actor, BEN.actor());
    assert_eq!(event.message, fixture.last_message());
    assert_eq!(event.at, fixture.now());
    assert_eq!(event.board, fixture.board().id);
}

#[test]
fn events_are_numbered_without_gaps() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    fixture.send(BEN, &trash(note)).event();
    fixture.send(BEN, &rename("Plans")).event();
    let seqs: Vec<u64> = fixture.facts.iter().map(|fact| fact.event.seq.0).collect();
    assert_eq!(seqs, [1, 2, 3, 4, 5, 6]);
}

#[test]
fn the_range_of_a_new_event_is_the_event_itself() {
    let (fixture, _) = BoardFixture::with_note("a");
    assert!(fixture.facts.iter().all(|fact| fact.event.from == fact.event.seq));
}

#[test]
fn rejected_and_unchanged_commands_do_not_use_a_seq() {
    let (mut fixture, note) = BoardFixture::with_note("a");
    let head = fixture.head();
    fixture.send(BEN, &rename("")).rejection();
    assert_eq!(fixture.send(BEN, &rename("Ideas")), CommandResult::Unchanged);
    assert_eq!(fixture.head(), head);
    assert_eq!(fixture.send(BEN, &trash(note)).event().seq, head.seq.next());
}

#[test]
fn one_command_causes_at_most_one_event() {
    let (mut fixture, note) = BoardFixture::with_trashed_note("a");
    let before = fixture.facts.len();
    let restores_and_edits = edit(note, fixture.head(), Delta::new().insert("x"));
    fixture.send(BEN, &restores_and_edits).event();
    assert_eq!(fixture.facts.len(), before + 1);
}
