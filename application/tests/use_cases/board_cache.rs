//! Boards stay in memory between batches, and nothing depends on it.

use std::sync::Arc;

use sockbit_domain::{Position, RejectionCode};

use crate::support::*;

/// A board whose note 1 was edited, in the cache.
async fn cached_board() -> (CoreFixture, Position) {
    let (core, base) = CoreFixture::with_note("one").await;
    let base = saved(&core.send(&person(1), &edit(note_id(1), base, insert(3, " two"))).await);
    core.loads.boards();
    (core, base)
}

#[tokio::test]
async fn an_edit_of_a_cached_note_loads_nothing() {
    let (core, base) = cached_board().await;

    let outcome = core.send(&person(1), &edit(note_id(1), base, insert(7, " three"))).await;

    assert_eq!(saved(&outcome).seq, base.seq.next());
    assert_eq!(core.loads.boards(), 0);
    assert_eq!(core.text(note_id(1)).await, "one two three");
}

#[tokio::test]
async fn a_late_edit_is_merged_with_cached_edits() {
    let (core, base) = CoreFixture::with_note("one").await;
    saved(&core.send(&person(1), &edit(note_id(1), base, insert(0, "zero "))).await);
    core.loads.boards();

    saved(&core.send(&person(1), &edit(note_id(1), base, insert(3, " two"))).await);

    assert_eq!(core.loads.boards(), 0);
    assert_eq!(core.text(note_id(1)).await, "zero one two");
}

#[tokio::test]
async fn two_edits_of_one_batch_on_a_head_that_was_loaded_are_both_kept() {
    let (core, base) = CoreFixture::with_note("one").await;
    let change = edit(note_id(1), base, insert(3, " two"));
    let command = core.envelope(&person(1), board_id(1), &change);
    core.run(command.clone()).await;
    let other = CoreFixture::on_same_store(&core, Arc::new(FreshIds::starting_at(1 << 50)));
    saved(&other.send(&person(1), &edit(note_id(1), base, insert(0, "zero "))).await);
    // A repeat, so that the board is loaded and not changed.
    core.run(command).await;
    core.loads.boards();

    let head = core.head().await;
    let edit_at = |at, text| {
        core.envelope(&person(1), board_id(1), &edit(note_id(1), head, insert(at, text)))
    };
    let outcomes = core.process(&[edit_at(0, "a "), edit_at(12, " three")]).await;

    assert_eq!(outcomes.iter().map(|it| saved(it).seq.0).max(), Some(head.seq.0 + 2));
    assert_eq!(core.loads.boards(), 0);
    assert_eq!(core.text(note_id(1)).await, "a zero one two three");
}

#[tokio::test]
async fn what_is_not_cached_is_loaded_and_the_rest_stays_known() {
    let (core, base) = cached_board().await;
    let other = CoreFixture::on_same_store(&core, Arc::new(FreshIds::starting_at(1 << 50)));
    saved(&other.send(&person(1), &create_note(note_id(2), "other")).await);
    let head = core.head().await;

    // The first loads the board, whose head has changed. The second loads only its note.
    saved(&core.send(&person(1), &edit(note_id(1), base, insert(0, "a"))).await);
    let base = saved(&core.send(&person(1), &edit(note_id(2), head, insert(0, "b"))).await);
    core.loads.boards();
    saved(&core.send(&person(1), &edit(note_id(1), base, insert(0, "c"))).await);
    saved(&core.send(&person(1), &edit(note_id(2), base, insert(0, "d"))).await);

    assert_eq!(core.loads.boards(), 0);
    assert_eq!(core.text(note_id(1)).await, "caone two");
    assert_eq!(core.text(note_id(2)).await, "dbother");
}

#[tokio::test]
async fn a_board_that_another_worker_changed_is_loaded_again() {
    let (core, base) = cached_board().await;
    let other = CoreFixture::on_same_store(&core, Arc::new(FreshIds::starting_at(1 << 50)));
    saved(&other.send(&person(1), &edit(note_id(1), base, insert(0, "zero "))).await);

    saved(&core.send(&person(1), &edit(note_id(1), base, insert(7, " three"))).await);

    assert_eq!(core.loads.boards(), 1);
    assert_eq!(core.text(note_id(1)).await, "zero one two three");
}

#[tokio::test]
async fn a_repeat_on_a_cached_board_gets_its_outcome_and_has_no_effect() {
    let (core, base) = cached_board().await;
    let command =
        core.envelope(&person(1), board_id(1), &edit(note_id(1), base, insert(7, " three")));
    let first = core.run(command.clone()).await;

    let repeat = core.run(command).await;

    assert_eq!(repeat, first);
    assert_eq!(core.text(note_id(1)).await, "one two three");
}

#[tokio::test]
async fn a_rejection_that_is_not_recorded_is_decided_on_what_the_store_has() {
    let (core, base) = cached_board().await;
    let change = edit(note_id(1), base, insert(0, "x"));
    assert_eq!(rejected(&core.send(&person(2), &change).await), RejectionCode::NotFound);
    core.loads.boards();

    let again = core.send(&person(2), &change).await;

    assert_eq!(rejected(&again), RejectionCode::NotFound);
    assert_eq!(core.loads.boards(), 1, "the person is known not to be a member");
}

#[tokio::test]
async fn a_position_of_another_history_is_rejected_on_a_cached_board() {
    let (core, base) = cached_board().await;
    let unknown = foreign(base.seq.0);

    let outcome = core.send(&person(1), &edit(note_id(1), unknown, insert(0, "x"))).await;

    assert_eq!(rejected(&outcome), RejectionCode::BaseGone);
}

#[tokio::test]
async fn the_oldest_edits_of_a_board_that_is_edited_without_end_are_loaded() {
    let (core, first) = cached_board().await;
    let mut base = first;
    for _ in 0..1_000 {
        base = saved(&core.send(&person(1), &edit(note_id(1), base, insert(0, "x"))).await);
    }
    assert_eq!(core.loads.boards(), 0);

    let late = core.send(&person(1), &edit(note_id(1), first, insert(7, "!"))).await;

    assert_eq!(saved(&late).seq, base.seq.next());
    assert_eq!(core.loads.boards(), 1);
    assert!(core.text(note_id(1)).await.ends_with("xone two!"));
}
