//! The database: a memory store that can be offline or be restored from a backup.

mod worker_store;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    BoardChanges, CommitResult, CompactionStore, DecisionStore, Squash,
};
use sockbit_domain::{BoardId, Seq};
use sockbit_memory::MemoryStore;

use crate::run_context::RunContext;

pub(crate) use worker_store::WorkerStore;

/// Shared by all workers.
pub(crate) struct Database {
    context: Arc<RunContext>,
    content: Mutex<DatabaseState>,
    /// How many outages overlap.
    outages: AtomicUsize,
}

enum Write {
    Commit(BoardChanges),
    Squash(Squash),
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
        Self { context, content: Mutex::new(state), outages: AtomicUsize::new(0) }
    }

    /// The store in its current state.
    pub fn store(&self) -> Arc<MemoryStore> {
        Arc::clone(&locked(&self.content).store)
    }

    pub fn commit(&self, changes: &[BoardChanges]) -> Vec<CommitResult> {
        let mut content = locked(&self.content);
        let results = now_or_panic(content.store.commit(changes)).unwrap_or_default();
        for (changes, result) in changes.iter().zip(&results) {
            let head = changes.head.seq;
            self.context.log(format_args!("store: {result:?} up to {head} of {}", changes.board));
            let mut observations = locked(&self.context.observations);
            if *result == CommitResult::Done {
                observations.committed(changes);
                content.history.push(Write::Commit(changes.clone()));
            } else {
                observations.counts.conflicts += 1;
            }
        }
        results
    }

    pub fn squash(&self, squash: &Squash) -> CommitResult {
        let mut content = locked(&self.content);
        let result = now_or_panic(content.store.squash(squash)).unwrap_or(CommitResult::Conflict);
        let (runs, board) = (squash.runs.len(), squash.board);
        self.context.log(format_args!("store: {result:?}, {runs} runs of {board} squashed"));
        if result == CommitResult::Done {
            locked(&self.context.observations).squashed(squash);
            content.history.push(Write::Squash(squash.clone()));
        }
        result
    }

    pub fn is_offline(&self) -> bool {
        self.outages.load(Ordering::Relaxed) > 0
    }

    pub fn go_offline(&self) {
        self.context.log(format_args!("store: goes offline"));
        self.outages.fetch_add(1, Ordering::Relaxed);
    }

    pub fn end_absence(&self) {
        self.context.log(format_args!("store: comes online"));
        self.outages.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn back_up(&self) {
        let mut content = locked(&self.content);
        content.backup = content.history.len();
        self.context.log(format_args!("store: backed up"));
    }

    /// Returns to the state of the last backup.
    pub fn restore(&self) {
        let mut content = locked(&self.content);
        let backup = content.backup;
        let gone = content.history.split_off(backup);
        let store = MemoryStore::new();
        for written in &content.history {
            match written {
                Write::Commit(it) => drop(now_or_panic(store.commit(std::slice::from_ref(it)))),
                Write::Squash(it) => drop(now_or_panic(store.squash(it))),
            }
        }
        content.store = Arc::new(store);
        content.horizons.clear();
        self.context.log(format_args!("store: restored, {} writes are lost", gone.len()));
        let commit = |it| match it {
            Write::Commit(changes) => Some(changes),
            Write::Squash(_) => None,
        };
        let gone: Vec<_> = gone.into_iter().filter_map(commit).collect();
        locked(&self.context.observations).restored(&gone);
    }

    /// Limits history: no client can resume from a position before this one.
    pub fn forget(&self, board: BoardId, before: Seq) {
        self.context.log(format_args!("store: forgets positions before {before}"));
        locked(&self.content).horizons.insert(board, before);
    }

    fn is_forgotten(&self, board: BoardId, seq: Seq) -> bool {
        locked(&self.content).horizons.get(&board).is_some_and(|horizon| seq < *horizon)
    }
}

/// Polls once; the memory store is always ready.
pub(crate) fn now_or_panic<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("the memory store is always ready")
}
