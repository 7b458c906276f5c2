//! The core: commands and queries in; commits, events, outcomes and replies out.

mod batch_decider;
mod board_batch;
mod board_cache;
mod cached_board;
mod decide_and_commit;
mod process_commands;
mod queries;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sockbit_domain::Limits;

use crate::bus_messages::{CommandEnvelope, CoreQuery, CoreReply};
use crate::ports::{
    Announcer, Clock, DecisionStore, Ids, ReadStore, Store, StoreError, StoreHealth, Unavailable,
};

use board_cache::BoardCache;

pub use process_commands::ProcessedBatch;

/// The ports of the core.
#[derive(Clone)]
pub struct CorePorts {
    /// Boards for decisions.
    pub decisions: Arc<dyn DecisionStore>,
    /// Boards for queries.
    pub reads: Arc<dyn ReadStore>,
    /// The store's health check.
    pub health: Arc<dyn StoreHealth>,
    /// Publishes events and outcomes.
    pub announcer: Arc<dyn Announcer>,
    /// The time of events and outcomes.
    pub clock: Arc<dyn Clock>,
    /// Ids of events and links.
    pub ids: Arc<dyn Ids>,
}

impl CorePorts {
    /// Ports of which one store serves all store roles.
    #[must_use]
    pub fn new(
        store: Arc<dyn Store>,
        announcer: Arc<dyn Announcer>,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
    ) -> Self {
        let (decisions, reads, health) = (Arc::clone(&store), Arc::clone(&store), store);
        Self { decisions, reads, health, announcer, clock, ids }
    }
}

/// The memory for boards that are kept for the next batch.
const CACHE_BYTES_MAX: usize = 128 * 1024 * 1024;

/// Decides commands and answers queries. Any number of calls may run at once: between two calls it
/// keeps only a cache of boards, on which commits are conditional.
#[derive(Clone)]
pub struct Core {
    ports: CorePorts,
    limits: Limits,
    cache: Arc<BoardCache>,
}

/// Why a batch could not be processed. Processing it again is safe: commands that were committed
/// are found by their outcomes.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ProcessError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The bus failed after the commit.
    #[error("could not announce: {0}")]
    Announce(#[from] Unavailable),
    /// A command that failed could not be dead-lettered.
    #[error("could not be dead-lettered: {0}")]
    DeadLetter(Unavailable),
    /// A panic outside of a single decision: a bug in this program.
    #[error("processing panicked")]
    Panicked,
}

impl Core {
    /// A core on these ports that enforces these limits.
    #[must_use]
    pub fn new(ports: CorePorts, limits: Limits) -> Self {
        Self { ports, limits, cache: Arc::new(BoardCache::new(CACHE_BYTES_MAX)) }
    }

    /// Whether the store accepts commits now, according to its health check.
    pub async fn can_commit(&self) -> bool {
        self.ports.health.check().await.is_ok()
    }

    /// Replies `again` to the senders of commands: they keep them and send them again later.
    pub async fn request_resend(&self, commands: &[CommandEnvelope]) -> Result<(), Unavailable> {
        let outcomes = commands.iter().map(|command| command.with_outcome(None)).collect();
        self.ports.announcer.publish(Vec::new(), outcomes).await
    }

    /// Answers a query with what its sender may know.
    pub async fn query(&self, query: CoreQuery) -> CoreReply {
        let (store, health) = (&*self.ports.reads, &*self.ports.health);
        let reply = match query {
            CoreQuery::Client { actor, query } => {
                queries::client(store, actor, query).await.map(CoreReply::Client)
            }
            CoreQuery::Admission(query) => queries::single(store, query).await,
            CoreQuery::Events(query) => queries::single(store, query).await,
            CoreQuery::Admissions(batch) => Ok(queries::batch(store, health, &batch).await),
            CoreQuery::EventPages(batch) => Ok(queries::batch(store, health, &batch).await),
            CoreQuery::Heads { boards } => store.heads(&boards).await.map(CoreReply::Heads),
        };
        reply.unwrap_or_else(|error| {
            tracing::warn!(%error, "a query could not be answered");
            CoreReply::Unavailable
        })
    }
}
