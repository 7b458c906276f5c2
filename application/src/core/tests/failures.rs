//! The failure of each port at each step, and the run after it.

use super::*;
use crate::core::ProcessError;
use crate::ports::Unavailable;
use crate::test_fixtures::{new_note, renamed};

fn no_bus() -> Unavailable {
    Unavailable("no bus".to_owned())
}

#[tokio::test]
async fn a_board_that_cannot_be_loaded_is_neither_committed_nor_announced() {
    let mut store = MockDecisionStore::new();
    store.expect_load().times(1).returning(|_| Err(unavailable()));

    let result = core(store, MockAnnouncer::new()).process(&[new_note(1, 1)]).await;

    assert_eq!(result.err(), Some(ProcessError::Store(unavailable())));
}

#[tokio::test]
async fn a_failed_commit_is_neither_announced_nor_answered() {
    let mut store = store_with_boards();
    store.expect_commit().times(1).returning(|_| Err(unavailable()));

    let result = core(store, MockAnnouncer::new()).process(&[new_note(1, 1)]).await;

    assert_eq!(result.err(), Some(ProcessError::Store(unavailable())));
}

#[tokio::test]
async fn a_failed_publish_is_not_confirmed() {
    let mut store = store_with_boards();
    store.expect_commit().times(1).returning(all_done);
    let mut announcer = MockAnnouncer::new();
    announcer.expect_publish().times(1).returning(|_, _| ready_confirm(Err(no_bus())));

    let processed = core(store, announcer).process(&[new_note(1, 1)]).await;

    assert_eq!(processed.expect("it is committed").confirmed.await, Err(no_bus()));
}

#[derive(Clone, Default)]
struct Committed(Arc<Mutex<Option<BoardChanges>>>);

impl Committed {
    fn changes(&self) -> Option<BoardChanges> {
        self.0.lock().expect("the lock is not poisoned").clone()
    }
}

/// A store that keeps its first commit, whatever result it reports for it. It refuses later ones,
/// which repeat its outcome.
fn store_that_reports(
    first_result: Result<(), StoreError>,
) -> (MockDecisionStore, MockReadStore, Committed) {
    let committed = Committed::default();
    let mut decisions = MockDecisionStore::new();
    let in_load = committed.clone();
    decisions.expect_load().returning(move |requests| {
        Ok(match in_load.changes() {
            Some(changes) => vec![as_committed(&changes)],
            None => requests.iter().map(|it| found(board(number(it.board), 10))).collect(),
        })
    });
    let in_commit = committed.clone();
    decisions.expect_commit().returning(move |changes| {
        if in_commit.changes().is_some() {
            return Ok(vec![CommitResult::Conflict]);
        }
        *in_commit.0.lock().expect("the lock is not poisoned") = changes.first().cloned();
        first_result.clone().and_then(|()| all_done(changes))
    });
    let mut reads = MockReadStore::new();
    let in_events = committed.clone();
    reads.expect_event_pages().returning(move |requests, _| {
        let facts = in_events.changes().into_iter().flat_map(|it| it.facts).map(|it| it.event);
        let log: Vec<_> = std::iter::once(renamed(1, 10)).chain(facts).collect();
        let later = |after| log.iter().filter(move |it| it.seq > after).cloned();
        Ok(requests.iter().map(|it| later(it.after).collect()).collect())
    });
    (decisions, reads, committed)
}

#[tokio::test]
async fn a_commit_with_unknown_result_is_found_by_its_outcome_in_the_next_run() {
    let unknown = StoreError::Unknown("the connection broke".to_owned());
    let (decisions, reads, _) = store_that_reports(Err(unknown.clone()));
    let mut announcer = MockAnnouncer::new();
    announcer
        .expect_publish()
        .times(1)
        .withf(|_, outcomes| matches!(outcomes.as_slice(), [it] if saved_at(it) == Some(11)))
        .returning(|_, _| ready_confirm(Ok(())));
    let core = core_with(decisions, reads, announcer, CountingIds::default());

    let first = core.process(&[new_note(1, 1)]).await;
    let second = core.process(&[new_note(1, 1)]).await;

    assert_eq!(first.err(), Some(ProcessError::Store(unknown)));
    assert!(second.is_ok(), "{second:?}");
}

#[tokio::test]
async fn a_failed_announcement_is_made_by_the_next_run() {
    let (decisions, reads, committed) = store_that_reports(Ok(()));
    let batches = Arc::new(Mutex::new(Vec::new()));
    let recorded = Arc::clone(&batches);
    let mut announcer = MockAnnouncer::new();
    announcer.expect_publish().times(2).returning(move |batch, _| {
        let mut recorded = recorded.lock().expect("the lock is not poisoned");
        recorded.push(batch);
        ready_confirm(if recorded.len() == 1 { Err(no_bus()) } else { Ok(()) })
    });
    let core = core_with(decisions, reads, announcer, CountingIds::default());

    let first = core.process(&[new_note(1, 1)]).await.expect("it is committed");
    let second = core.process(&[new_note(1, 1)]).await.expect("it is a repeat");

    assert_eq!((first.confirmed.await, second.confirmed.await), (Err(no_bus()), Ok(())));
    let batches = batches.lock().expect("the lock is not poisoned");
    let [failed, repeated] = batches.as_slice() else { panic!("{batches:?}") };
    assert_eq!(failed, repeated, "the same event, in the same slot, with the same trace");
    let committed = committed.changes().expect("it was committed");
    let events = repeated.iter().flat_map(|it| &it.events).map(|it| &it.event);
    assert!(events.eq(committed.facts.iter().map(|it| &it.event)));
}

#[tokio::test]
async fn a_repeat_whose_event_cannot_be_read_is_not_answered() {
    let command = new_note(1, 1);
    let (decisions, _, _) = store_that_reports(Ok(()));
    let mut reads = MockReadStore::new();
    reads.expect_event_pages().times(1).returning(|_, _| Err(unavailable()));
    let mut announcer = MockAnnouncer::new();
    announcer.expect_publish().times(1).returning(|_, _| ready_confirm(Ok(())));
    let core = core_with(decisions, reads, announcer, CountingIds::default());

    core.process(std::slice::from_ref(&command)).await.expect("the first run succeeds");
    let repeat = core.process(&[command]).await;

    assert_eq!(repeat.err(), Some(ProcessError::Store(unavailable())));
}
