//! Clauses about the deletion of old outcomes.

use std::collections::BTreeSet;
use std::sync::Arc;

use futures::future::join_all;
use sockbit_application::ports::{CommitResult, LoadRequest, Store, StoredOutcome};
use sockbit_domain::{BoardId, Outcome, Timestamp};

use super::compacted_logs::LATER;
use super::fixtures::{Script, board_id, load, note_id, outcome, snapshot};

const MANY: u32 = 1_000;

/// A board with an outcome of each of these times.
fn answered_at(board: BoardId, times: impl IntoIterator<Item = i64>) -> Script {
    let mut script = Script::begin(board);
    script.create(note_id(1), "one").edit(note_id(1), "two");
    for (message, at) in (1..).zip(times) {
        let saved = outcome(1, message, Outcome::Saved { position: script.state.head });
        script.answer(StoredOutcome { at: Timestamp(at), ..saved });
    }
    script
}

async fn forget(store: &Arc<dyn Store>, before: i64, max: u32) -> u64 {
    store.delete_outcomes_before(Timestamp(before), max).await.expect("the store answers")
}

/// When the outcomes that are left were decided.
async fn left(store: &Arc<dyn Store>, script: &Script) -> BTreeSet<i64> {
    let outcomes = load(store, &script.wanted()).await.outcomes;
    outcomes.iter().map(|it| it.at.0).collect()
}

pub async fn older_outcomes_are_forgotten_and_younger_ones_kept(store: Arc<dyn Store>) {
    let mut script = answered_at(board_id(1), [-5, 10, 19, 20, 21]);
    let mut other = answered_at(board_id(2), [30, 15]);
    script.save(&store).await;
    other.save(&store).await;
    assert_eq!(forget(&store, 20, MANY).await, 4);
    assert_eq!(left(&store, &script).await, [20, 21].into());
    assert_eq!(left(&store, &other).await, [30].into());
    assert_eq!(forget(&store, 20, MANY).await, 0);
}

pub async fn the_oldest_outcomes_are_forgotten_first_and_so_many_at_a_time(store: Arc<dyn Store>) {
    let mut script = answered_at(board_id(1), [50, 10, 40, 20, 30]);
    script.save(&store).await;
    assert_eq!(forget(&store, 45, 0).await, 0);
    assert_eq!(forget(&store, 45, 3).await, 3);
    assert_eq!(left(&store, &script).await, [40, 50].into());
    assert_eq!(forget(&store, 45, 3).await, 1);
    assert_eq!(left(&store, &script).await, [50].into());
}

pub async fn forgetting_touches_outcomes_alone(store: Arc<dyn Store>) {
    let mut script = answered_at(board_id(1), [10, 20]);
    script.save(&store).await;
    let wanted = LoadRequest { messages: [].into(), ..script.wanted() };
    let before = snapshot(&store, &wanted).await;
    assert_eq!(forget(&store, LATER.0, MANY).await, 2);
    assert_eq!(snapshot(&store, &wanted).await, before);
    script.edit(note_id(1), "three").save(&store).await;
}

pub async fn a_repeat_of_a_forgotten_command_is_decided_anew(store: Arc<dyn Store>) {
    let mut script = answered_at(board_id(1), [10]);
    script.save(&store).await;
    let head = script.edit(note_id(1), "once more").state.head;
    script.answer(outcome(1, 1, Outcome::Unchanged { position: head }));
    let again = script.take();
    let repeat = std::slice::from_ref(&again);
    assert_eq!(store.commit(repeat).await, Ok(vec![CommitResult::Conflict]), "it has an outcome");
    assert_eq!(forget(&store, 11, MANY).await, 1);
    assert_eq!(store.commit(repeat).await, Ok(vec![CommitResult::Done]));
    assert_eq!(load(&store, &script.wanted()).await.outcomes, again.outcomes);
}

pub async fn of_many_who_forget_at_once_each_tells_of_its_own(store: Arc<dyn Store>) {
    let mut script = answered_at(board_id(1), 0..200);
    script.save(&store).await;
    let forgotten = join_all((0..8).map(|_| forget(&store, 160, 30))).await;
    let told: u64 = forgotten.iter().sum();
    assert_eq!(left(&store, &script).await.len() as u64, 200 - told, "{forgotten:?}");
    assert!(told <= 160 && forgotten.iter().all(|it| *it <= 30), "{forgotten:?}");
    assert_eq!(told + forget(&store, 160, MANY).await, 160);
}
