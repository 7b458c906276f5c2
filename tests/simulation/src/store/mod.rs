//! The database: the store in memory, which can be away, and be set back to a backup.

mod store_end;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use sockbit_application::ports::{BoardChanges, CommitResult, Squash, Store};
use sockbit_domain::{BoardId, Seq};
use sockbit_memory::MemoryStore;

use crate::locked;
use crate::sim::Sim;

pub(crate) use store_end::StoreEnd;

/// What all workers share.
pub(crate) struct Vault {
    sim: Arc<Sim>,
    content: Mutex<Content>,
    /// How many reasons there are for it to be away.
    outages: AtomicUsize,
}

enum Written {
    Commit(BoardChanges),
    Squash(Squash),
}

struct Content {
    store: Arc<MemoryStore>,
    /// All that was ever written, in order: a backup is a part of it.
    history: Vec<Written>,
    backup: usize,
    /// Positions before these cannot be verified any more.
    horizons: BTreeMap<BoardId, Seq>,
}

impl Vault {
    pub fn new(sim: Arc<Sim>) -> Self {
        let content = Content {
            store: Arc::new(MemoryStore::new()),
            history: Vec::new(),
            backup: 0,
            horizons: BTreeMap::new(),
        };
        Self { sim, content: Mutex::new(content), outages: AtomicUsize::new(0) }
    }

    /// The store as it is now.
    pub fn store(&self) -> Arc<MemoryStore> {
        Arc::clone(&locked(&self.content).store)
    }

    pub fn commit(&self, changes: &[BoardChanges]) -> Vec<CommitResult> {
        let mut content = locked(&self.content);
        let verdicts = at_once(content.store.commit(changes)).unwrap_or_default();
        for (changes, verdict) in changes.iter().zip(&verdicts) {
            let head = changes.head.seq;
            self.sim.tell(format_args!("store: {verdict:?} up to {head} of {}", changes.board));
            let mut evidence = locked(&self.sim.evidence);
            if *verdict == CommitResult::Done {
                evidence.committed(changes);
                content.history.push(Written::Commit(changes.clone()));
            } else {
                evidence.counts.conflicts += 1;
            }
        }
        verdicts
    }

    pub fn squash(&self, squash: &Squash) -> CommitResult {
        let mut content = locked(&self.content);
        let verdict = at_once(content.store.squash(squash)).unwrap_or(CommitResult::Conflict);
        let (runs, board) = (squash.runs.len(), squash.board);
        self.sim.tell(format_args!("store: {verdict:?}, {runs} runs of {board} squashed"));
        if verdict == CommitResult::Done {
            locked(&self.sim.evidence).squashed(squash);
            content.history.push(Written::Squash(squash.clone()));
        }
        verdict
    }

    pub fn is_away(&self) -> bool {
        self.outages.load(Ordering::Relaxed) > 0
    }

    pub fn go_away(&self) {
        self.sim.tell(format_args!("store: goes away"));
        self.outages.fetch_add(1, Ordering::Relaxed);
    }

    pub fn come_back(&self) {
        self.sim.tell(format_args!("store: comes back"));
        self.outages.fetch_sub(1, Ordering::Relaxed);
    }

    pub fn back_up(&self) {
        let mut content = locked(&self.content);
        content.backup = content.history.len();
        self.sim.tell(format_args!("store: backed up"));
    }

    /// Everything is as it was when it was backed up.
    pub fn restore(&self) {
        let mut content = locked(&self.content);
        let backup = content.backup;
        let gone = content.history.split_off(backup);
        let store = MemoryStore::new();
        for written in &content.history {
            match written {
                Written::Commit(it) => drop(at_once(store.commit(std::slice::from_ref(it)))),
                Written::Squash(it) => drop(at_once(store.squash(it))),
            }
        }
        content.store = Arc::new(store);
        content.horizons.clear();
        self.sim.tell(format_args!("store: restored, {} writes are gone", gone.len()));
        let commit = |it| match it {
            Written::Commit(changes) => Some(changes),
            Written::Squash(_) => None,
        };
        let gone: Vec<_> = gone.into_iter().filter_map(commit).collect();
        locked(&self.sim.evidence).restored(&gone);
    }

    /// History is bounded: nobody can resume from before this any more.
    pub fn forget(&self, board: BoardId, before: Seq) {
        self.sim.tell(format_args!("store: forgets what is before {before}"));
        locked(&self.content).horizons.insert(board, before);
    }

    fn is_forgotten(&self, board: BoardId, seq: Seq) -> bool {
        locked(&self.content).horizons.get(&board).is_some_and(|horizon| seq < *horizon)
    }
}

/// The store in memory never makes anybody wait.
pub(crate) fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing here waits")
}
