//! Announcers that send wrong outcomes, or send them to the wrong client.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sockbit_application::bus_messages::{Address, Announcement, OutcomeEnvelope};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{Announcer, Unavailable};
use sockbit_domain::{Outcome, RejectionCode};

use crate::planted_bugs::PlantedBug;
use crate::run_context::RunContext;

pub(super) struct BuggyAnnouncer {
    context: Arc<RunContext>,
    inner: Arc<dyn Announcer>,
    previous: Mutex<Option<Address>>,
}

impl BuggyAnnouncer {
    pub fn new(context: &Arc<RunContext>, inner: Arc<dyn Announcer>) -> Self {
        Self { context: Arc::clone(context), inner, previous: Mutex::default() }
    }

    async fn send_each_once(&self, mut batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        let sent = &self.context.bug_state.outcomes_sent;
        batch.retain(|it| !locked(sent).contains(&it.message));
        self.inner.send_outcomes(batch.clone()).await?;
        locked(sent).extend(batch.iter().map(|it| it.message));
        Ok(())
    }

    fn to_previous_sender(&self, outcome: OutcomeEnvelope) -> OutcomeEnvelope {
        let previous = locked(&self.previous).replace(outcome.to);
        OutcomeEnvelope { to: previous.unwrap_or(outcome.to), ..outcome }
    }
}

/// Gives every command of a batch the outcome of the one that failed.
fn reject_all(batch: Vec<OutcomeEnvelope>) -> Vec<OutcomeEnvelope> {
    let has_failed = |it: &&OutcomeEnvelope| match &it.outcome {
        Some(Outcome::Rejected(rejection)) => rejection.code == RejectionCode::Internal,
        _ => false,
    };
    match batch.iter().find(has_failed).map(|it| it.outcome.clone()) {
        Some(outcome) => {
            batch.into_iter().map(|it| OutcomeEnvelope { outcome: outcome.clone(), ..it }).collect()
        }
        None => batch,
    }
}

#[async_trait]
impl Announcer for BuggyAnnouncer {
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable> {
        self.inner.announce(batch).await
    }

    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        match self.context.bug {
            PlantedBug::NeverRepeatsOutcomes => self.send_each_once(batch).await,
            PlantedBug::SendsOutcomesToPreviousSender => {
                let batch = batch.into_iter().map(|it| self.to_previous_sender(it)).collect();
                self.inner.send_outcomes(batch).await
            }
            PlantedBug::RejectsWholeBatches => self.inner.send_outcomes(reject_all(batch)).await,
            _ => self.inner.send_outcomes(batch).await,
        }
    }
}
