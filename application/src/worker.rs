//! The worker: takes commands and queries off the bus and passes them to the core.

mod batch;
mod batch_dispatcher;
mod batch_processor;
#[cfg(test)]
mod tests;
mod waiting_deliveries;

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::core::Core;
use crate::ports::{QueryQueue, ReceivedQuery, WorkQueue};

use batch_dispatcher::process_commands;
use batch_processor::BatchProcessor;

/// Queries that are answered concurrently.
const CONCURRENT_QUERIES_MAX: usize = 16;

/// Runs the core on what a bus delivers.
pub struct Worker {
    core: Arc<Core>,
    work: Arc<dyn WorkQueue>,
    queries: Arc<dyn QueryQueue>,
}

impl Worker {
    /// A worker on these ports.
    #[must_use]
    pub fn new(core: Arc<Core>, work: Arc<dyn WorkQueue>, queries: Arc<dyn QueryQueue>) -> Self {
        Self { core, work, queries }
    }

    /// Runs until the bus is closed and the commands that were taken are processed.
    pub async fn run(&self) {
        let processor = BatchProcessor::new(Arc::clone(&self.core), Arc::clone(&self.work));
        tokio::join!(process_commands(&*self.work, &processor), self.answer_queries());
    }

    async fn answer_queries(&self) {
        let permits = Arc::new(Semaphore::new(CONCURRENT_QUERIES_MAX));
        while let Some(ReceivedQuery { query, reply }) = self.queries.next().await {
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else { return };
            let core = Arc::clone(&self.core);
            tokio::spawn(async move {
                reply(core.query(query).await);
                drop(permit);
            });
        }
    }
}
