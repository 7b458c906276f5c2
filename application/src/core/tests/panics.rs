//! A fault in deciding takes one command with it, not its neighbours and not the worker.

use std::sync::{Arc, Mutex};

use sockbit_domain::{Command, RejectionCode};

use super::*;
use crate::core::ProcessedBatch;
use crate::envelope::CommandEnvelope;
use crate::testing::{envelope, message_id, new_note};

type Written = Arc<Mutex<Vec<BoardChanges>>>;
type Told = Arc<Mutex<Vec<OutcomeEnvelope>>>;

/// Runs the batch where the randomness fails on the third id, which is the second command's.
async fn run(
    store: MockStore,
    batch: &[CommandEnvelope],
) -> (ProcessedBatch, Vec<OutcomeEnvelope>) {
    let told = Told::default();
    let heard = Arc::clone(&told);
    let mut announcer = MockAnnouncer::new();
    announcer.expect_announce().returning(|_| Ok(()));
    announcer.expect_send_outcomes().times(1).returning(move |answers| {
        heard.lock().expect("no test panics here").extend(answers);
        Ok(())
    });
    let core = core_with(store, announcer, CountingIds::that_panic_at(3));
    let processed = core.process(batch).await.expect("the batch is through");
    let told = told.lock().expect("no test panics here").clone();
    (processed, told)
}

fn recording(mut store: MockStore) -> (MockStore, Written) {
    let written = Written::default();
    let commits = Arc::clone(&written);
    store.expect_commit().times(1).returning(move |changes| {
        commits.lock().expect("no test panics here").extend(changes.to_vec());
        all_done(changes)
    });
    (store, written)
}

fn code(answered: &OutcomeEnvelope) -> Option<RejectionCode> {
    match &answered.outcome {
        Some(Outcome::Rejected(rejection)) => Some(rejection.code),
        _ => None,
    }
}

#[tokio::test]
async fn only_the_command_that_panics_fails_and_it_is_set_aside_with_its_reason() {
    let (store, _) = recording(store_with_boards());
    let batch = [new_note(1, 1), new_note(1, 2), new_note(1, 3), new_note(2, 4)];

    let (processed, told) = run(store, &batch).await;

    assert_eq!(told.iter().map(saved_at).collect::<Vec<_>>(), [Some(11), None, Some(12), Some(11)]);
    assert_eq!(told.iter().filter_map(code).collect::<Vec<_>>(), [RejectionCode::Internal]);
    let [(buried, reason)] = processed.failed.as_slice() else { panic!("{processed:?}") };
    assert_eq!(buried.message, message_id(2));
    assert!(reason.contains("no randomness left"), "{reason}");
}

#[tokio::test]
async fn the_outcome_of_a_command_that_panicked_is_kept_for_its_repeats() {
    let (store, written) = recording(store_with_boards());

    run(store, &[new_note(1, 1), new_note(1, 2)]).await;

    let written = written.lock().expect("no test panics here");
    let outcomes = written.iter().flat_map(|it| &it.outcomes);
    let of_second: Vec<_> = outcomes.filter(|it| it.message == message_id(2)).collect();
    let [stored] = of_second.as_slice() else { panic!("{of_second:?}") };
    assert!(
        matches!(&stored.outcome, Outcome::Rejected(it) if it.code == RejectionCode::Internal),
        "{stored:?}"
    );
}

#[tokio::test]
async fn a_board_whose_first_command_panics_can_be_begun_by_the_next() {
    let mut store = MockStore::new();
    store.expect_load().returning(|wanted| {
        let absent = LoadedBoard { board: None, outcomes: Vec::new() };
        let load = |n| if n == 2 { absent.clone() } else { found(board(n, 10)) };
        Ok(wanted.iter().map(|it| load(number(it.board))).collect())
    });
    let (store, _) = recording(store);
    let create = |message| envelope(2, message, &Command::CreateBoard { title: "New".to_owned() });

    let (processed, told) = run(store, &[new_note(1, 1), create(2), create(3)]).await;

    assert_eq!(told.iter().map(saved_at).collect::<Vec<_>>(), [Some(11), None, Some(1)]);
    assert_eq!(processed.failed.len(), 1);
}

#[tokio::test]
async fn a_repeat_of_a_command_that_panicked_is_set_aside_too_since_the_first_may_not_have_been() {
    let (store, written) = recording(store_with_boards());
    let poison = new_note(1, 2);
    run(store, &[new_note(1, 1), poison.clone()]).await;
    let outcomes: Vec<_> = written
        .lock()
        .expect("no test panics here")
        .iter()
        .flat_map(|it| it.outcomes.clone())
        .collect();
    let mut store = MockStore::new();
    let loaded = LoadedBoard { outcomes, ..found(board(1, 11)) };
    store.expect_load().returning(move |_| Ok(vec![loaded.clone()]));

    let (processed, told) = run(store, &[poison.clone(), poison]).await;

    assert_eq!(told.iter().filter_map(code).collect::<Vec<_>>(), [RejectionCode::Internal; 2]);
    let buried: Vec<_> = processed.failed.iter().map(|(it, _)| it.message).collect();
    assert_eq!(buried, [message_id(2)], "once for both");
}
