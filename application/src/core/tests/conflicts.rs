//! Boards that lost their race against another worker.

use super::*;
use crate::core::ProcessError;
use crate::test_fixtures::{board_id, new_note};

/// A conflict for the first board; all others are committed.
#[expect(clippy::unnecessary_wraps, reason = "it has the signature of the port")]
fn conflict_on_first_board(changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
    let result = |it: &BoardChanges| {
        if number(it.board) == 1 { CommitResult::Conflict } else { CommitResult::Done }
    };
    Ok(changes.iter().map(result).collect())
}

#[tokio::test]
async fn a_board_whose_head_changed_is_decided_again_on_its_new_state() {
    let mut store = MockDecisionStore::new();
    store
        .expect_load()
        .times(1)
        .withf(|requests| requests.len() == 2)
        .returning(|_| Ok(vec![found(board(1, 10)), found(board(2, 10))]));
    store.expect_commit().times(1).returning(conflict_on_first_board);
    store
        .expect_load()
        .times(1)
        .withf(|requests| requests.iter().map(|it| it.board).eq([board_id(1)]))
        .returning(|_| Ok(vec![found(board(1, 20))]));
    store.expect_commit().times(1).withf(|changes| changes.len() == 1).returning(all_done);
    let mut announcer = MockAnnouncer::new();
    announcer
        .expect_publish()
        .times(1)
        .withf(|_, outcomes| {
            let at = |board| outcomes.iter().find(|it| it.board == board).and_then(saved_at);
            at(board_id(1)) == Some(21) && at(board_id(2)) == Some(11)
        })
        .returning(|_, _| ready_confirm(Ok(())));

    let result = core(store, announcer).process(&[new_note(1, 1), new_note(2, 2)]).await;

    assert!(result.is_ok(), "{result:?}");
}

#[tokio::test]
async fn after_sixteen_more_conflicts_its_senders_get_again_and_the_others_are_saved() {
    let mut store = store_with_boards();
    store.expect_commit().times(1 + 16).returning(conflict_on_first_board);
    let mut announcer = MockAnnouncer::new();
    let outcomes = SentOutcomes::default();
    let recorded = Arc::clone(&outcomes);
    announcer
        .expect_publish()
        .times(1)
        .withf(|batch, _| {
            batch.iter().flat_map(|it| &it.events).all(|it| it.event.board == board_id(2))
        })
        .returning(move |_, outcomes| {
            recorded.lock().expect("the lock is not poisoned").extend(outcomes);
            ready_confirm(Ok(()))
        });
    let losers = [new_note(1, 1), new_note(1, 2)];
    let batch = [losers.to_vec(), vec![new_note(2, 3)]].concat();

    assert!(core(store, announcer).process(&batch).await.is_ok());

    let outcomes = outcomes.lock().expect("the lock is not poisoned");
    let (again, saved): (Vec<_>, Vec<_>) =
        outcomes.iter().cloned().partition(|it| it.outcome.is_none());
    assert_eq!(again, losers.each_ref().map(|it| it.with_outcome(None)));
    assert_eq!(saved.iter().filter_map(saved_at).collect::<Vec<_>>(), [11]);
}

#[tokio::test]
async fn an_error_of_the_store_on_the_second_attempt_is_returned() {
    let mut store = MockDecisionStore::new();
    store.expect_load().times(1).returning(|_| Ok(vec![found(board(1, 10))]));
    store.expect_commit().times(1).returning(conflict_on_first_board);
    store.expect_load().times(1).returning(|_| Err(unavailable()));

    let result = core(store, MockAnnouncer::new()).process(&[new_note(1, 1)]).await;

    assert_eq!(result.err(), Some(ProcessError::Store(unavailable())));
}

#[tokio::test]
async fn a_missing_commit_result_counts_as_a_conflict() {
    let mut store = store_with_boards();
    store.expect_commit().times(1).returning(|_| Ok(Vec::new()));
    store.expect_commit().times(1).returning(all_done);

    let result = core(store, accepting_announcer()).process(&[new_note(1, 1)]).await;

    assert!(result.is_ok(), "{result:?}");
}
