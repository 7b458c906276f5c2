//! Clauses about the deletion of old outcomes.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use sockbit_application::ports::{CommitResult, LoadRequest, Store, StoredOutcome};
use sockbit_domain::{BoardId, Outcome, Timestamp};

use super::compacted_logs::LATER;
use super::fixtures::{Script, board_id, load, note_id, outcome, snapshot};

const MANY: u32 = 1_000;

/// A board with an outcome at each of these times.
fn outcomes_at(board: BoardId, times: impl IntoIterator<Item = i64>) -> Script {
    let mut script = Script::new(board);
    script.create(note_id(1), "one").edit(note_id(1), "two");
    for (message, at) in (1..).zip(times) {
        let saved = outcome(1, message, Outcome::Saved { position: script.state.head });
        script.add_outcome(StoredOutcome { at: Timestamp(at), ..saved });
    }
    script
}

async fn delete_before(store: &Arc<dyn Store>, before: i64, max: u32) -> u64 {
    store.delete_outcomes_before(Timestamp(before), max).await.expect("the store is available")
}

/// The times of the remaining outcomes.
async fn remaining(store: &Arc<dyn Store>, script: &Script) -> BTreeSet<i64> {
    let outcomes = load(store, &script.request()).await.outcomes;
    outcomes.iter().map(|it| it.at.0).collect()
}

pub async fn only_outcomes_before_the_limit_are_deleted(store: Arc<dyn Store>) {
    let mut script = outcomes_at(board_id(1), [-5, 10, 19, 20, 21]);
    let mut other = outcomes_at(board_id(2), [30, 15]);
    script.save(&store).await;
    other.save(&store).await;
    assert_eq!(delete_before(&store, 20, MANY).await, 4);
    assert_eq!(remaining(&store, &script).await, [20, 21].into());
    assert_eq!(remaining(&store, &other).await, [30].into());
    assert_eq!(delete_before(&store, 20, MANY).await, 0);
}

pub async fn the_oldest_outcomes_are_deleted_first_up_to_the_maximum(store: Arc<dyn Store>) {
    let mut script = outcomes_at(board_id(1), [50, 10, 40, 20, 30]);
    script.save(&store).await;
    assert_eq!(delete_before(&store, 45, 0).await, 0);
    assert_eq!(delete_before(&store, 45, 3).await, 3);
    assert_eq!(remaining(&store, &script).await, [40, 50].into());
    assert_eq!(delete_before(&store, 45, 3).await, 1);
    assert_eq!(remaining(&store, &script).await, [50].into());
}

pub async fn deleting_outcomes_changes_nothing_else(store: Arc<dyn Store>) {
    let mut script = outcomes_at(board_id(1), [10, 20]);
    script.save(&store).await;
    let request = LoadRequest { messages: [].into(), ..script.request() };
    let before = snapshot(&store, &request).await;
    assert_eq!(delete_before(&store, LATER.0, MANY).await, 2);
    assert_eq!(snapshot(&store, &request).await, before);
    script.edit(note_id(1), "three").save(&store).await;
}

pub async fn a_command_can_be_committed_again_without_its_outcome(store: Arc<dyn Store>) {
    let mut script = outcomes_at(board_id(1), [10]);
    script.save(&store).await;
    let head = script.edit(note_id(1), "once more").state.head;
    script.add_outcome(outcome(1, 1, Outcome::Unchanged { position: head }));
    let again = script.take_changes();
    let repeat = std::slice::from_ref(&again);
    assert_eq!(
        store.commit(repeat).await,
        Ok(vec![CommitResult::Conflict]),
        "the command has an outcome"
    );
    assert_eq!(delete_before(&store, 11, MANY).await, 1);
    assert_eq!(store.commit(repeat).await, Ok(vec![CommitResult::Done]));
    assert_eq!(load(&store, &script.request()).await.outcomes, again.outcomes);
}

pub async fn concurrent_deletions_report_what_each_deleted(store: Arc<dyn Store>) {
    let mut script = outcomes_at(board_id(1), 0..200);
    script.save(&store).await;
    let deleted = join_all((0..8).map(|_| delete_before(&store, 160, 30))).await;
    let total: u64 = deleted.iter().sum();
    assert_eq!(remaining(&store, &script).await.len() as u64, 200 - total, "{deleted:?}");
    assert!(total <= 160 && deleted.iter().all(|it| *it <= 30), "{deleted:?}");
    assert_eq!(total + delete_before(&store, 160, MANY).await, 160);
}
