//! The database: a memory store that can be offline or be restored from a backup.

mod worker_store;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    BoardChanges, CommitResult, CompactionStore, DecisionStore, OutcomeRetention, Squash,
};
use sockbit_domain::{BoardId, Seq, Timestamp};
use sockbit_memory::MemoryStore;

use crate::run_context::RunContext;

pub(crate) use worker_store::WorkerStore;

/// Shared by all workers.
pub(crate) struct Database {
    context: Arc<RunContext>,
    state: Mutex<DatabaseState>,
    /// How many outages overlap.
    outages: AtomicUsize,
}

enum Write {
    Commit(BoardChanges),
    Squash(Squash),
    DeleteOutcomes { before: Timestamp, max: u32 },
}

struct DatabaseState {
    store: Arc<MemoryStore>,
    /// Everything written, in order; a backup is a prefix of it.
    history: Vec<Write>,
    backup: usize,
    /// Positions before these can no longer be verified.
    horizons: BTreeMap<BoardId, Seq>,
}

impl Database {
    pub fn new(context: Arc<RunContext>) -> Self {
        let state = DatabaseState {
            store: Arc::new(MemoryStore::new()),
            history: Vec::new(),
            backup: 0,
            horizons: BTreeMap::new(),
        };
        Self { context, state: Mutex::new(state), outages: AtomicUsize::new(0) }
    }

    /// The store in its current state.
    pub fn store(&self) -> Arc<MemoryStore> {
        Arc::clone(&locked(&self.state).store)
    }

    pub fn commit(&self, changes: &[BoardChanges]) -> Vec<CommitResult> {
        let mut state = locked(&self.state);
        let results = now_or_panic(state.store.commit(changes)).unwrap_or_default();
        for (changes, result) in changes.iter().zip(&results) {
            let head = changes.head.seq;
            self.context.log(format_args!("store: {result:?} up to {head} of {}", changes.board));
            let mut observations = locked(&self.context.observations);
            if *result == CommitResult::Done {
                observations.committed(changes);
                state.history.push(Write::Commit(changes.clone()));
            } else {
                observations.counts.conflicts += 1;
            }
        }
        results
    }

    pub fn squash(&self, squash: &Squash) -> CommitResult {
        let mut state = locked(&self.state);
        let result = now_or_panic(state.store.squash(squash)).unwrap_or(CommitResult::Conflict);
        let (runs, board) = (squash.runs.len(), squash.board);
        self.context.log(format_args!("store: {result:?}, {runs} runs of {board} squashed"));
        if result == CommitResult::Done {
            locked(&self.context.observations).squashed(squash);
            state.history.push(Write::Squash(squash.clone()));
        }
        result
    }

    pub fn delete_outcomes_before(&self, before: Timestamp, max: u32) -> u64 {
        let mut state = locked(&self.state);
        let deleted = now_or_panic(state.store.delete_outcomes_before(before, max)).unwrap_or(0);
        self.context.log(format_args!("store: deletes {deleted} outcomes"));
        locked(&self.context.observations).counts.outcomes_deleted += deleted;
        state.history.push(Write::DeleteOutcomes { before, max });
        deleted
    }

    pub fn is_offline(&self) -> bool {
        self.outages.load(Ordering::Relaxed) > 0
    }

    pub fn go_offline(&self) {
        self.context.log(format_args!("store: goes offline"));
        self.outages.fetch_add(1, Ordering::Relaxed);
    }

    pub fn go_online(&self) {
        self.context.log(format_args!("store: comes online"));
        self.outages.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn back_up(&self) {
        let mut state = locked(&self.state);
        state.backup = state.history.len();
        self.context.log(format_args!("store: backed up"));
    }

    /// Returns to the state of the last backup.
    pub fn restore(&self) {
        let mut state = locked(&self.state);
        let backup = state.backup;
        let gone = state.history.split_off(backup);
        let store = MemoryStore::new();
        for written in &state.history {
            match written {
                Write::Commit(it) => drop(now_or_panic(store.commit(std::slice::from_ref(it)))),
                Write::Squash(it) => drop(now_or_panic(store.squash(it))),
                Write::DeleteOutcomes { before, max } => {
                    drop(now_or_panic(store.delete_outcomes_before(*before, *max)));
                }
            }
        }
        state.store = Arc::new(store);
        state.horizons.clear();
        self.context.log(format_args!("store: restored, {} writes are lost", gone.len()));
        let commit = |it| match it {
            Write::Commit(changes) => Some(changes),
            Write::Squash(_) | Write::DeleteOutcomes { .. } => None,
        };
        let gone: Vec<_> = gone.into_iter().filter_map(commit).collect();
        locked(&self.context.observations).restored(&gone);
    }

    /// Limits history: no client can resume from a position before this one.
    pub fn forget(&self, board: BoardId, before: Seq) {
        self.context.log(format_args!("store: forgets positions before {before}"));
        locked(&self.state).horizons.insert(board, before);
    }

    fn is_forgotten(&self, board: BoardId, seq: Seq) -> bool {
        locked(&self.state).horizons.get(&board).is_some_and(|horizon| seq < *horizon)
    }
}

/// Polls once; the memory store is always ready.
pub(crate) fn now_or_panic<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the memory store is always ready")
}
