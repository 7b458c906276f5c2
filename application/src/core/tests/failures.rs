//! The failure of each port at each step, and what a second run makes of it.

use std::sync::{Arc, Mutex};

use super::*;
use crate::core::ProcessError;
use crate::ports::Unavailable;
use crate::testing::{new_note, renamed};

fn no_bus() -> Unavailable {
    Unavailable("no bus".to_owned())
}

#[tokio::test]
async fn a_board_that_cannot_be_loaded_is_neither_committed_nor_spoken_of() {
    let mut store = MockStore::new();
    store.expect_load().times(1).returning(|_| Err(unavailable()));

    let result = core(store, MockAnnouncer::new()).process(&[new_note(1, 1)]).await;

    assert_eq!(result.err(), Some(ProcessError::Store(unavailable())));
}

#[tokio::test]
async fn what_could_not_be_committed_is_told_to_nobody() {
    let mut store = store_with_boards();
    store.expect_commit().times(1).returning(|_| Err(unavailable()));

    let result = core(store, MockAnnouncer::new()).process(&[new_note(1, 1)]).await;

    assert_eq!(result.err(), Some(ProcessError::Store(unavailable())));
}

#[tokio::test]
async fn what_could_not_be_announced_is_not_answered_either() {
    let mut store = store_with_boards();
    store.expect_commit().times(1).returning(all_done);
    let mut announcer = MockAnnouncer::new();
    announcer.expect_announce().times(1).returning(|_| Err(no_bus()));

    let result = core(store, announcer).process(&[new_note(1, 1)]).await;

    assert_eq!(result.err(), Some(ProcessError::Announce(no_bus())));
}

#[tokio::test]
async fn an_answer_that_could_not_be_sent_is_an_error() {
    let mut store = store_with_boards();
    store.expect_commit().times(1).returning(all_done);
    let mut announcer = MockAnnouncer::new();
    announcer.expect_announce().times(1).returning(|_| Ok(()));
    announcer.expect_send_outcomes().times(1).returning(|_| Err(no_bus()));

    let result = core(store, announcer).process(&[new_note(1, 1)]).await;

    assert_eq!(result.err(), Some(ProcessError::Announce(no_bus())));
}

/// A store that keeps what it commits but reports the first commit as it is told to.
fn keeping_store(first_verdict: Result<(), StoreError>) -> (MockStore, Kept) {
    let kept = Kept::default();
    let mut store = MockStore::new();
    let in_load = kept.clone();
    store.expect_load().returning(move |wanted| {
        let kept = in_load.0.lock().expect("no test panics here");
        Ok(match kept.as_ref() {
            Some(changes) => vec![as_committed(changes)],
            None => wanted.iter().map(|it| found(board(number(it.board), 10))).collect(),
        })
    });
    let in_commit = kept.clone();
    store.expect_commit().times(1).returning(move |changes| {
        *in_commit.0.lock().expect("no test panics here") = changes.first().cloned();
        first_verdict.clone().and_then(|()| all_done(changes))
    });
    let in_events = kept.clone();
    store.expect_events().returning(move |_, after, _| {
        let kept = in_events.0.lock().expect("no test panics here");
        let facts = kept.iter().flat_map(|it| &it.facts).map(|it| it.event.clone());
        let log = std::iter::once(renamed(1, 10)).chain(facts);
        Ok(log.filter(|it| it.seq > after).collect())
    });
    (store, kept)
}

#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Option<BoardChanges>>>);

#[tokio::test]
async fn a_commit_with_unknown_result_is_run_again_and_found_by_its_outcome() {
    let unknown = StoreError::Unknown("the connection broke".to_owned());
    let (store, _) = keeping_store(Err(unknown.clone()));
    let mut announcer = MockAnnouncer::new();
    announcer.expect_announce().times(1).returning(|_| Ok(()));
    announcer
        .expect_send_outcomes()
        .times(1)
        .withf(|answers| matches!(answers.as_slice(), [it] if saved_at(it) == Some(11)))
        .returning(|_| Ok(()));
    let core = core(store, announcer);

    let first = core.process(&[new_note(1, 1)]).await;
    let second = core.process(&[new_note(1, 1)]).await;

    assert_eq!(first.err(), Some(ProcessError::Store(unknown)));
    assert!(second.is_ok(), "{second:?}");
}

#[tokio::test]
async fn an_announcement_that_failed_is_made_by_the_next_run() {
    let (store, kept) = keeping_store(Ok(()));
    let batches = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&batches);
    let mut announcer = MockAnnouncer::new();
    announcer.expect_announce().times(2).returning(move |batch| {
        let mut heard = heard.lock().expect("no test panics here");
        heard.push(batch);
        if heard.len() == 1 { Err(no_bus()) } else { Ok(()) }
    });
    announcer.expect_send_outcomes().times(1).returning(|_| Ok(()));
    let core = core(store, announcer);

    let first = core.process(&[new_note(1, 1)]).await;
    let second = core.process(&[new_note(1, 1)]).await;

    assert_eq!((first.is_err(), second.is_ok()), (true, true));
    let batches = batches.lock().expect("no test panics here");
    let [failed, repeated] = batches.as_slice() else { panic!("{batches:?}") };
    assert_eq!(failed, repeated, "the same event, in the same slot, on the same trace");
    let committed = kept.0.lock().expect("no test panics here").take().expect("it was committed");
    let events = repeated.iter().flat_map(|it| &it.events).map(|it| &it.event);
    assert!(events.eq(committed.facts.iter().map(|it| &it.event)));
}

#[tokio::test]
async fn a_repeat_whose_event_cannot_be_read_is_not_answered_yet() {
    let saved = new_note(1, 1);
    let mut store = MockStore::new();
    let first = Arc::new(Mutex::new(None));
    let seen = Arc::clone(&first);
    store.expect_load().returning(move |_| {
        let committed = seen.lock().expect("no test panics here");
        Ok(vec![committed.as_ref().map_or_else(|| found(board(1, 10)), as_committed)])
    });
    store.expect_commit().times(1).returning(move |changes| {
        *first.lock().expect("no test panics here") = changes.first().cloned();
        all_done(changes)
    });
    store.expect_events().times(1).returning(|_, _, _| Err(unavailable()));
    let mut announcer = MockAnnouncer::new();
    announcer.expect_announce().times(1).returning(|_| Ok(()));
    announcer.expect_send_outcomes().times(1).returning(|_| Ok(()));
    let core = core(store, announcer);

    core.process(std::slice::from_ref(&saved)).await.expect("the first run is through");
    let repeat = core.process(&[saved]).await;

    assert_eq!(repeat.err(), Some(ProcessError::Store(unavailable())));
}
