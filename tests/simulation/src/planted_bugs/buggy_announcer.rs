//! Announcers that send wrong outcomes, or send them to the wrong client.

use std::sync::{Arc, Mutex};

use sockbit_application::bus_messages::{Address, Announcement, OutcomeEnvelope};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{Announcer, Confirm, Unavailable};
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

    fn send_each_once(&self, mut batch: Vec<OutcomeEnvelope>) -> Confirm<Unavailable> {
        let context = Arc::clone(&self.context);
        batch.retain(|it| !locked(&context.bug_state.outcomes_sent).contains(&it.message));
        let messages: Vec<_> = batch.iter().map(|it| it.message).collect();
        let confirm = self.inner.send_outcomes(batch);
        Box::pin(async move {
            confirm.await?;
            locked(&context.bug_state.outcomes_sent).extend(messages);
            Ok(())
        })
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

impl Announcer for BuggyAnnouncer {
    fn announce(&self, batch: Vec<Announcement>) -> Confirm<Unavailable> {
        self.inner.announce(batch)
    }

    fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Confirm<Unavailable> {
        match self.context.bug {
            PlantedBug::NeverRepeatsOutcomes => self.send_each_once(batch),
            PlantedBug::SendsOutcomesToPreviousSender => {
                let batch = batch.into_iter().map(|it| self.to_previous_sender(it)).collect();
                self.inner.send_outcomes(batch)
            }
            PlantedBug::ConfirmsFailedPublishes => {
                let confirm = self.inner.send_outcomes(batch);
                Box::pin(async move { confirm.await.or(Ok(())) })
            }
            PlantedBug::RejectsWholeBatches => self.inner.send_outcomes(reject_all(batch)),
            _ => self.inner.send_outcomes(batch),
        }
    }
}
