//! Concurrent edits of one note are all kept.

use std::sync::Arc;

use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_domain::{Delta, Outcome, RejectionCode};

use crate::support::*;

#[tokio::test]
async fn an_edit_changes_the_text() {
    let (core, base) = CoreFixture::with_note("Hello").await;
    let outcome = core.send(&person(1), &edit(note_id(1), base, insert(5, ", world"))).await;
    let page = core.note(note_id(1)).await;
    assert_eq!((page.note.text.as_str(), page.position), ("Hello, world", saved(&outcome)));
}

#[tokio::test]
async fn an_edit_over_a_newer_version_is_merged() {
    let (core, base) = CoreFixture::with_note("one three").await;
    core.add_editor(&person(2)).await;
    saved(&core.send(&person(1), &edit(note_id(1), base, insert(4, "two "))).await);
    saved(&core.send(&person(2), &edit(note_id(1), base, insert(9, " four"))).await);
    assert_eq!(core.text(note_id(1)).await, "one two three four");
}

#[tokio::test]
async fn edits_on_one_base_in_one_batch_are_merged() {
    let (core, base) = CoreFixture::with_note("one three").await;
    core.add_editor(&person(2)).await;
    let batch = [(1, insert(4, "two ")), (2, insert(9, " four")), (1, insert(0, "zero "))]
        .map(|(n, delta)| core.envelope(&person(n), board_id(1), &edit(note_id(1), base, delta)));
    for outcome in core.process(&batch).await {
        saved(&outcome);
    }
    assert_eq!(core.text(note_id(1)).await, "zero one two three four");
}

#[tokio::test]
async fn insertions_at_one_place_keep_the_order_of_their_commands() {
    let (core, base) = CoreFixture::with_note("<>").await;
    let batch = ["a", "b", "c"].map(|letter| {
        core.envelope(&person(1), board_id(1), &edit(note_id(1), base, insert(1, letter)))
    });
    core.process(&batch).await;
    assert_eq!(core.text(note_id(1)).await, "<abc>");
}

#[tokio::test]
async fn a_whole_text_is_merged_with_later_edits_of_its_base() {
    let (core, base) = CoreFixture::with_note("one\ntwo\nthree").await;
    saved(&core.send(&person(1), &edit(note_id(1), base, insert(0, "zero\n"))).await);
    saved(&core.send(&person(1), &write(note_id(1), base, "one\ntwo\nthree\nfour")).await);
    assert_eq!(core.text(note_id(1)).await, "zero\none\ntwo\nthree\nfour");
}

#[tokio::test]
async fn deleting_text_that_is_already_deleted_changes_nothing() {
    let (core, base) = CoreFixture::with_note("one two three").await;
    let deletes = Delta::new().retain(4).delete(4);
    saved(&core.send(&person(1), &edit(note_id(1), base, deletes.clone())).await);
    let outcome = core.send(&person(1), &edit(note_id(1), base, deletes)).await;
    assert!(matches!(outcome, Outcome::Unchanged { .. }), "{outcome:?}");
    assert_eq!(core.text(note_id(1)).await, "one three");
}

#[tokio::test]
async fn an_edit_on_a_base_of_another_history_is_rejected_with_base_gone() {
    let (core, base) = CoreFixture::with_note("one").await;
    for position in [foreign(base.seq.0 - 1), foreign(base.seq.0), foreign(base.seq.0 + 1)] {
        let outcome = core.send(&person(1), &edit(note_id(1), position, insert(0, "x"))).await;
        assert_eq!(rejected(&outcome), RejectionCode::BaseGone);
    }
    assert_eq!(core.text(note_id(1)).await, "one");
}

#[tokio::test]
async fn many_edits_on_one_base_are_all_kept() {
    let (core, base) = CoreFixture::with_note("").await;
    let word = |n: usize| format!("word-{n:03} ");
    let batch: Vec<_> = (0..200)
        .map(|n| edit(note_id(1), base, insert(0, &word(n))))
        .map(|command| core.envelope(&person(1), board_id(1), &command))
        .collect();
    for part in batch.chunks(7) {
        core.process(part).await;
    }
    let expected: String = (0..200).map(word).collect();
    assert_eq!(core.text(note_id(1)).await, expected);
    assert_eq!(replay(&core.log().await, note_id(1)).as_str(), expected, "by replaying the log");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_workers_on_one_board_lose_no_edits() {
    const EACH: usize = 100;
    let (core, base) = CoreFixture::with_note("").await;
    let ids = Arc::new(FreshIds::default());
    let core = Arc::new(core);
    let second = Arc::new(CoreFixture::on_same_store(&core, ids));
    let batch = |letter: &str| -> Vec<CommandEnvelope> {
        (0..EACH)
            .map(|_| edit(note_id(1), base, insert(0, letter)))
            .map(|command| core.envelope(&person(1), board_id(1), &command))
            .collect()
    };
    let workers = [(Arc::clone(&core), batch("a")), (second, batch("b"))];

    let tasks = workers.map(|(core, batch)| {
        tokio::spawn(async move {
            for envelope in batch {
                saved(&core.run(envelope).await);
                tokio::task::yield_now().await;
            }
        })
    });
    for task in tasks {
        task.await.expect("every command is saved");
    }

    let last = u64::try_from(2 + 2 * EACH).expect("it fits");
    assert_eq!(numbers(&core.log().await), (1..=last).collect::<Vec<_>>());
    let text = core.text(note_id(1)).await;
    assert_eq!(["a", "b"].map(|letter| text.matches(letter).count()), [EACH, EACH]);
}
