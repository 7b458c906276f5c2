//! A panic in a decision fails one command: neither its neighbours nor the worker.

use sockbit_domain::Command;

use super::*;
use crate::bus_messages::CommandEnvelope;
use crate::core::ProcessedBatch;
use crate::test_fixtures::{envelope, message_id, new_note};

type CommittedChanges = Arc<Mutex<Vec<BoardChanges>>>;

/// Processes a batch with ids that panic at the third, which is the second command's.
async fn process(
    store: MockDecisionStore,
    batch: &[CommandEnvelope],
) -> (ProcessedBatch, Vec<OutcomeEnvelope>) {
    let mut announcer = MockAnnouncer::new();
    let sent = record_outcomes(&mut announcer);
    let core = core_with(store, MockReadStore::new(), announcer, CountingIds::that_panic_at(3));
    let processed = core.process(batch).await.expect("the batch is processed");
    let sent = sent.lock().expect("the lock is not poisoned").clone();
    (processed, sent)
}

fn recording(mut store: MockDecisionStore) -> (MockDecisionStore, CommittedChanges) {
    let committed = CommittedChanges::default();
    let recorded = Arc::clone(&committed);
    store.expect_commit().times(1).returning(move |changes| {
        recorded.lock().expect("the lock is not poisoned").extend(changes.to_vec());
        all_done(changes)
    });
    (store, committed)
}

#[tokio::test]
async fn only_the_command_that_panics_fails_and_is_dead_lettered_with_its_reason() {
    let (store, _) = recording(store_with_boards());
    let batch = [new_note(1, 1), new_note(1, 2), new_note(1, 3), new_note(2, 4)];

    let (processed, sent) = process(store, &batch).await;

    assert_eq!(sent.iter().map(saved_at).collect::<Vec<_>>(), [Some(11), None, Some(12), Some(11)]);
    assert_eq!(
        sent.iter().filter_map(rejection_code).collect::<Vec<_>>(),
        [RejectionCode::Internal]
    );
    let [(failed, reason)] = processed.failed.as_slice() else { panic!("{processed:?}") };
    assert_eq!(failed.message, message_id(2));
    assert!(reason.contains("no randomness left"), "{reason}");
}

#[tokio::test]
async fn the_outcome_of_a_command_that_panicked_is_stored_for_its_repeats() {
    let (store, committed) = recording(store_with_boards());

    process(store, &[new_note(1, 1), new_note(1, 2)]).await;

    let committed = committed.lock().expect("the lock is not poisoned");
    let outcomes = committed.iter().flat_map(|it| &it.outcomes);
    let of_second: Vec<_> = outcomes.filter(|it| it.message == message_id(2)).collect();
    let [stored] = of_second.as_slice() else { panic!("{of_second:?}") };
    assert!(
        matches!(&stored.outcome, Outcome::Rejected(it) if it.code == RejectionCode::Internal),
        "{stored:?}"
    );
}

#[tokio::test]
async fn a_board_whose_creation_panics_can_be_created_by_the_next_command() {
    let mut store = MockDecisionStore::new();
    store.expect_load().returning(|requests| {
        let absent = LoadedBoard { board: None, outcomes: Vec::new() };
        let load = |n| if n == 2 { absent.clone() } else { found(board(n, 10)) };
        Ok(requests.iter().map(|it| load(number(it.board))).collect())
    });
    let (store, _) = recording(store);
    let create = |message| envelope(2, message, &Command::CreateBoard { title: "New".to_owned() });

    let (processed, sent) = process(store, &[new_note(1, 1), create(2), create(3)]).await;

    assert_eq!(sent.iter().map(saved_at).collect::<Vec<_>>(), [Some(11), None, Some(1)]);
    assert_eq!(processed.failed.len(), 1);
}

#[tokio::test]
async fn a_repeat_of_a_command_that_panicked_is_dead_lettered_too() {
    let (store, committed) = recording(store_with_boards());
    let poison = new_note(1, 2);
    process(store, &[new_note(1, 1), poison.clone()]).await;
    let outcomes: Vec<_> = committed
        .lock()
        .expect("the lock is not poisoned")
        .iter()
        .flat_map(|it| it.outcomes.clone())
        .collect();
    let mut store = MockDecisionStore::new();
    let loaded = LoadedBoard { outcomes, ..found(board(1, 11)) };
    store.expect_load().returning(move |_| Ok(vec![loaded.clone()]));

    let (processed, sent) = process(store, &[poison.clone(), poison]).await;

    assert_eq!(
        sent.iter().filter_map(rejection_code).collect::<Vec<_>>(),
        [RejectionCode::Internal; 2]
    );
    // The first run may have ended before it dead-lettered the command.
    let failed: Vec<_> = processed.failed.iter().map(|(it, _)| it.message).collect();
    assert_eq!(failed, [message_id(2)], "once for both");
}
