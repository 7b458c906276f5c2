//! The core: commands and queries in; commits, events, outcomes and replies out.

mod batch_decider;
mod board_batch;
mod process_commands;
mod queries;
#[cfg(test)]
mod tests;

use std::sync::Arc;

use sockbit_domain::Limits;

use crate::envelope::{CommandEnvelope, CoreQuery, CoreReply};
use crate::ports::{Announcer, Clock, Ids, Store, StoreError, Unavailable};

pub use process_commands::ProcessedBatch;

/// What the core needs from the world.
#[derive(Clone)]
pub struct CorePorts {
    /// Keeps the boards.
    pub store: Arc<dyn Store>,
    /// Tells the gateways.
    pub announcer: Arc<dyn Announcer>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Mints ids of events.
    pub ids: Arc<dyn Ids>,
}

/// Decides what happens. It remembers nothing between two calls, so any number may run at once.
#[derive(Clone)]
pub struct Core {
    ports: CorePorts,
    limits: Limits,
}

/// Why a batch could not be carried through. Running it again is safe: what was committed is found
/// by its outcomes.
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
    /// Something panicked outside a single decision, which is a fault of ours.
    #[error("processing panicked")]
    Panicked,
}

impl Core {
    /// A core on these ports, which holds boards to these limits.
    #[must_use]
    pub fn new(ports: CorePorts, limits: Limits) -> Self {
        Self { ports, limits }
    }

    /// Whether a commit could be carried through now, as far as the store can tell.
    pub async fn can_commit(&self) -> bool {
        self.ports.store.check().await.is_ok()
    }

    /// Tells the senders that their commands are not accepted now: they keep them and send them
    /// again.
    pub async fn request_resend(&self, commands: &[CommandEnvelope]) -> Result<(), Unavailable> {
        let answers = commands.iter().map(|command| command.with_outcome(None)).collect();
        self.ports.announcer.send_outcomes(answers).await
    }

    /// Answers a query, as far as its sender may know.
    pub async fn query(&self, query: CoreQuery) -> CoreReply {
        let reply = match query {
            CoreQuery::Client { actor, query } => {
                queries::client(&*self.ports.store, actor, query).await.map(CoreReply::Client)
            }
            CoreQuery::Admission { actor, board, position } => {
                queries::admission(&*self.ports.store, actor, board, position)
                    .await
                    .map(CoreReply::Admission)
            }
            CoreQuery::Events { board, after, id } => {
                let events = queries::events(&*self.ports.store, board, after, id).await;
                events.map(|found| found.map_or(CoreReply::HistoryDiverged, CoreReply::Events))
            }
            CoreQuery::Heads { boards } => {
                self.ports.store.heads(&boards).await.map(CoreReply::Heads)
            }
        };
        reply.unwrap_or_else(|error| {
            tracing::warn!(%error, "a query could not be answered");
            CoreReply::Unavailable
        })
    }
}
