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

    fn publish_outcomes_once(
        &self,
        announcements: Vec<Announcement>,
        mut outcomes: Vec<OutcomeEnvelope>,
    ) -> Confirm<Unavailable> {
        let context = Arc::clone(&self.context);
        outcomes.retain(|it| !locked(&context.bug_state.outcomes_sent).contains(&it.message));
        let messages: Vec<_> = outcomes.iter().map(|it| it.message).collect();
        let confirm = self.inner.publish(announcements, outcomes);
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
    fn publish(
        &self,
        announcements: Vec<Announcement>,
        outcomes: Vec<OutcomeEnvelope>,
    ) -> Confirm<Unavailable> {
        let publish = |outcomes| self.inner.publish(announcements.clone(), outcomes);
        match self.context.bug {
            PlantedBug::NeverRepeatsOutcomes => self.publish_outcomes_once(announcements, outcomes),
            PlantedBug::SendsOutcomesToPreviousSender => {
                publish(outcomes.into_iter().map(|it| self.to_previous_sender(it)).collect())
            }
            PlantedBug::ConfirmsFailedPublishes => {
                let confirm = publish(outcomes);
                Box::pin(async move { confirm.await.or(Ok(())) })
            }
            PlantedBug::RejectsWholeBatches => publish(reject_all(outcomes)),
            _ => publish(outcomes),
        }
    }
}
