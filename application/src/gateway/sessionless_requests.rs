//! Single commands and queries of callers without a session: forms, and external programs.

use sockbit_domain::wire::{Query, Reply, SentCommand};
use sockbit_domain::{ActorId, Outcome};

use super::command_batcher::envelope;
use super::gateway::Gateway;
use super::identity::Identity;
use crate::bus_messages::{CoreQuery, CoreReply};
use crate::ports::Unavailable;

impl Gateway {
    /// Sends one command and waits for its outcome.
    ///
    /// On an error the command may have been saved or not. The caller repeats it under the same id
    /// to get its outcome.
    pub async fn command(
        &self,
        identity: &Identity,
        sent: SentCommand,
    ) -> Result<Outcome, Unavailable> {
        let mut pending = self.recipients.add_caller();
        let envelope = envelope(sent, identity, pending.address(), &*self.ports.ids);
        let outcome = async {
            self.command_batcher.send(envelope).await.ok()?;
            pending.outcome().await
        };
        let outcome = tokio::time::timeout(self.settings.outcome_within, outcome).await;
        outcome.ok().flatten().ok_or_else(|| Unavailable("no outcome in time".to_owned()))
    }

    /// Sends a query of an actor and returns the reply.
    pub async fn query(&self, actor: ActorId, query: Query) -> Result<Reply, Unavailable> {
        metrics::counter!("sockbit_queries_total", "query" => query.kind()).increment(1);
        match self.ports.queries.query(CoreQuery::Client { actor, query }).await? {
            CoreReply::Client(reply) => Ok(reply),
            _ => Err(Unavailable("the store is not available".to_owned())),
        }
    }
}
