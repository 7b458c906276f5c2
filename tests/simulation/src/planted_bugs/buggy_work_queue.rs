//! Workers that mishandle deliveries.

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::value::RawValue;
use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{Delivery, DeliveryTag, SingleReads, Unavailable, WorkQueue};
use sockbit_domain::{Change, Command, TextChange};

use crate::database::{Database, now_or_panic};
use crate::planted_bugs::PlantedBug;
use crate::run_context::RunContext;

pub(super) struct BuggyWorkQueue {
    pub context: Arc<RunContext>,
    pub database: Arc<Database>,
    pub inner: Arc<dyn WorkQueue>,
}

impl BuggyWorkQueue {
    /// Transforms an edit before the core can, with the wrong priority. A repeated command keeps
    /// its first form.
    fn merge(&self, envelope: &mut CommandEnvelope) {
        let rewritten = &self.context.bug_state.rewritten;
        let known = locked(rewritten).get(&envelope.message).cloned();
        let body = known.or_else(|| self.merged(envelope)).unwrap_or_else(|| envelope.body.clone());
        locked(rewritten).insert(envelope.message, body.clone());
        envelope.body = body;
    }

    fn merged(&self, envelope: &CommandEnvelope) -> Option<Box<RawValue>> {
        let command: Command = serde_json::from_str(envelope.body.get()).ok()?;
        let Command::EditNote { note, base, change: TextChange::Delta(delta) } = command else {
            return None;
        };
        let events =
            now_or_panic(self.database.store().events(envelope.board, base.seq, usize::MAX))
                .ok()?;
        let head = events.last()?.position();
        let delta = events.iter().fold(delta, |delta, event| match &event.change {
            Change::NoteEdited { note: it, delta: past } if *it == note => {
                past.transform(&delta, false)
            }
            _ => delta,
        });
        let change = TextChange::Delta(delta);
        serde_json::value::to_raw_value(&Command::EditNote { note, base: head, change }).ok()
    }
}

#[async_trait]
impl WorkQueue for BuggyWorkQueue {
    async fn take(&self, commands_max: usize) -> Option<Vec<Delivery>> {
        let mut deliveries = self.inner.take(commands_max).await?;
        match self.context.bug {
            PlantedBug::AcknowledgesOnTake => {
                let tags = deliveries.iter().map(|it| it.tag).collect();
                self.inner.acknowledge(tags).await.ok();
            }
            PlantedBug::HidesRedeliveries => {
                for delivery in &mut deliveries {
                    delivery.redeliveries = 0;
                }
            }
            _ => {
                for command in deliveries.iter_mut().flat_map(|it| &mut it.commands) {
                    self.merge(command);
                }
            }
        }
        Some(deliveries)
    }

    async fn acknowledge(&self, tags: Vec<DeliveryTag>) -> Result<(), Unavailable> {
        self.inner.acknowledge(tags).await
    }

    async fn dead_letter(
        &self,
        command: CommandEnvelope,
        reason: String,
    ) -> Result<(), Unavailable> {
        self.inner.dead_letter(command, reason).await
    }
}
