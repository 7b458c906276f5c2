//! A store that counts what decisions load from it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use sockbit_application::ports::{
    BoardChanges, CommitResult, DecisionStore, LoadRequest, LoadedBoard, StoreError,
};
use sockbit_memory::MemoryStore;

pub struct CountedLoads {
    store: Arc<MemoryStore>,
    boards: AtomicUsize,
}

impl CountedLoads {
    pub fn new(store: Arc<MemoryStore>) -> Self {
        Self { store, boards: AtomicUsize::new(0) }
    }

    /// The boards that were loaded since the last call.
    pub fn boards(&self) -> usize {
        self.boards.swap(0, Ordering::Relaxed)
    }
}

#[async_trait]
impl DecisionStore for CountedLoads {
    async fn load(&self, requests: &[LoadRequest]) -> Result<Vec<LoadedBoard>, StoreError> {
        self.boards.fetch_add(requests.len(), Ordering::Relaxed);
        self.store.load(requests).await
    }

    async fn commit(&self, changes: &[BoardChanges]) -> Result<Vec<CommitResult>, StoreError> {
        self.store.commit(changes).await
    }
}
