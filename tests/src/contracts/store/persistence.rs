//! Clauses about stores on a disk: a reopened store has all its data.

use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::ports::{CommitResult, Store};
use sockbit_domain::{Change, Outcome, Role};

use super::compacted_logs::{compact, typing_runs};
use super::fixtures::{Script, actor, board_id, note_id, outcome, snapshot, title};

/// A database that can be opened again.
#[async_trait]
pub trait Reopenable: Send + Sync {
    /// Opens the store, after closing it if it was open.
    async fn reopen(&self) -> Arc<dyn Store>;
}

fn populated_board() -> Script {
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "one").edit(note_id(1), "two 🧦").create(note_id(2), "three");
    script.change(Change::NoteTrashed { note: note_id(2) }).link(1, Role::Editor);
    script.join(actor(2), Role::Editor).change(Change::BoardRenamed { title: title("Populated") });
    script.add_outcome(outcome(1, 1, Outcome::Saved { position: script.state.head }));
    script
}

pub async fn a_reopened_store_has_everything(database: Arc<dyn Reopenable>) {
    let store = database.reopen().await;
    let mut script = populated_board();
    script.save(&store).await;
    let before = snapshot(&store, &script.request()).await;
    let history = store.note_events(script.board(), note_id(1), None, 10).await;
    drop(store);
    for _ in 0..2 {
        let store = database.reopen().await;
        assert_eq!(snapshot(&store, &script.request()).await, before);
        assert_eq!(store.note_events(script.board(), note_id(1), None, 10).await, history);
    }
}

pub async fn a_reopened_store_continues_at_its_head(database: Arc<dyn Reopenable>) {
    let mut script = populated_board();
    script.save(&database.reopen().await).await;
    let store = database.reopen().await;
    let again = Script::new_by(board_id(1), actor(3), 9);
    assert_eq!(store.commit(&[again.changes()]).await, Ok(vec![CommitResult::Conflict]));
    let mut late = Script::new(board_id(1));
    late.take_changes();
    late.create(note_id(3), "late");
    assert_eq!(store.commit(&[late.changes()]).await, Ok(vec![CommitResult::Conflict]));
    script.edit(note_id(1), "four").save(&store).await;
    let before = snapshot(&store, &script.request()).await;
    drop(store);
    assert_eq!(snapshot(&database.reopen().await, &script.request()).await, before);
}

pub async fn a_reopened_store_stays_compacted(database: Arc<dyn Reopenable>) {
    let mut script = typing_runs(board_id(1));
    let store = database.reopen().await;
    script.save(&store).await;
    assert_eq!(compact(&store).await, 18);
    let before = snapshot(&store, &script.request()).await;
    drop(store);
    let store = database.reopen().await;
    assert_eq!(snapshot(&store, &script.request()).await, before);
    assert_eq!(compact(&store).await, 0);
}
