//! Announcers that tell the wrong thing, or the wrong one.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sockbit_application::envelope::{Address, Announcement, OutcomeEnvelope};
use sockbit_application::ports::{Announcer, Unavailable};
use sockbit_domain::{Outcome, RejectionCode};

use crate::locked;
use crate::sim::Sim;
use crate::trick::Trick;

pub(super) struct SabotagedAnnouncer {
    sim: Arc<Sim>,
    inner: Arc<dyn Announcer>,
    before: Mutex<Option<Address>>,
}

impl SabotagedAnnouncer {
    pub fn new(sim: &Arc<Sim>, inner: Arc<dyn Announcer>) -> Self {
        Self { sim: Arc::clone(sim), inner, before: Mutex::default() }
    }

    async fn answer_once(&self, mut batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        let memory = &self.sim.memory.answered;
        batch.retain(|it| !locked(memory).contains(&it.message));
        self.inner.send_outcomes(batch.clone()).await?;
        locked(memory).extend(batch.iter().map(|it| it.message));
        Ok(())
    }

    fn to_the_one_before(&self, answered: OutcomeEnvelope) -> OutcomeEnvelope {
        let before = locked(&self.before).replace(answered.to);
        OutcomeEnvelope { to: before.unwrap_or(answered.to), ..answered }
    }
}

/// What became of the one that failed becomes of all.
fn all_set_aside(batch: Vec<OutcomeEnvelope>) -> Vec<OutcomeEnvelope> {
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
impl Announcer for SabotagedAnnouncer {
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable> {
        self.inner.announce(batch).await
    }

    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        match self.sim.trick {
            Trick::AnswersOnce => self.answer_once(batch).await,
            Trick::AnswersTheOneBefore => {
                let batch = batch.into_iter().map(|it| self.to_the_one_before(it)).collect();
                self.inner.send_outcomes(batch).await
            }
            Trick::SetsWholeBatchesAside => self.inner.send_outcomes(all_set_aside(batch)).await,
            _ => self.inner.send_outcomes(batch).await,
        }
    }
}
