//! What a store with a disk owes besides: it is all there again after the process ended.

use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::ports::{CommitResult, Store};
use sockbit_domain::{Change, Outcome, Role};

use super::compacted_logs::{compact, sittings};
use super::fixtures::{Script, actor, board_id, note_id, outcome, snapshot, title};

/// Where a store keeps its things between two lives.
#[async_trait]
pub trait Reopenable: Send + Sync {
    /// Opens the store, after closing it if it was open.
    async fn reopen(&self) -> Arc<dyn Store>;
}

fn lived_in() -> Script {
    let mut script = Script::begin(board_id(1));
    script.create(note_id(1), "one").edit(note_id(1), "two 🧦").create(note_id(2), "three");
    script.happen(Change::NoteTrashed { note: note_id(2) }).link(1, Role::Editor);
    script.join(actor(2), Role::Editor).happen(Change::BoardRenamed { title: title("Lived in") });
    script.answer(outcome(1, 1, Outcome::Saved { position: script.state.head }));
    script
}

pub async fn a_reopened_store_has_everything(place: Arc<dyn Reopenable>) {
    let store = place.reopen().await;
    let mut script = lived_in();
    script.save(&store).await;
    let before = snapshot(&store, &script.wanted()).await;
    let history = store.note_events(script.board(), note_id(1), None, 10).await;
    drop(store);
    for _ in 0..2 {
        let store = place.reopen().await;
        assert_eq!(snapshot(&store, &script.wanted()).await, before);
        assert_eq!(store.note_events(script.board(), note_id(1), None, 10).await, history);
    }
}

pub async fn a_reopened_store_goes_on_where_it_was(place: Arc<dyn Reopenable>) {
    let mut script = lived_in();
    script.save(&place.reopen().await).await;
    let store = place.reopen().await;
    let again = Script::begin_by(board_id(1), actor(3), 9);
    assert_eq!(store.commit(&[again.changes()]).await, Ok(vec![CommitResult::Conflict]));
    let mut late = Script::begin(board_id(1));
    late.take();
    late.create(note_id(3), "late");
    assert_eq!(store.commit(&[late.changes()]).await, Ok(vec![CommitResult::Conflict]));
    script.edit(note_id(1), "four").save(&store).await;
    let before = snapshot(&store, &script.wanted()).await;
    drop(store);
    assert_eq!(snapshot(&place.reopen().await, &script.wanted()).await, before);
}

pub async fn a_reopened_store_stays_compacted(place: Arc<dyn Reopenable>) {
    let mut script = sittings(board_id(1));
    let store = place.reopen().await;
    script.save(&store).await;
    assert_eq!(compact(&store).await, 18);
    let before = snapshot(&store, &script.wanted()).await;
    drop(store);
    let store = place.reopen().await;
    assert_eq!(snapshot(&store, &script.wanted()).await, before);
    assert_eq!(compact(&store).await, 0);
}
