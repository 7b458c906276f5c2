//! A database that is empty each time it is opened.

use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::ports::Store;
use sockbit_memory::MemoryStore;

use super::super::persistence::Reopenable;

pub struct DiscardingStore;

#[async_trait]
impl Reopenable for DiscardingStore {
    async fn reopen(&self) -> Arc<dyn Store> {
        Arc::new(MemoryStore::new())
    }
}
