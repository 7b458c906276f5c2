//! Gateways that believe what they should not.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use sockbit_application::envelope::{Answer, Presences, Question};
use sockbit_application::gateway::GatewayPorts;
use sockbit_application::ports::{Announcements, News, Presence, Queries, Unavailable};
use sockbit_application::slot::Slot;

use crate::sim::Sim;
use crate::trick::Trick;

pub(super) struct SabotagedGateway {
    sim: Arc<Sim>,
    queries: Arc<dyn Queries>,
    announcements: Arc<dyn Announcements>,
    presence: Arc<dyn Presence>,
}

impl SabotagedGateway {
    pub fn new(sim: &Arc<Sim>, ports: &GatewayPorts) -> Self {
        Self {
            sim: Arc::clone(sim),
            queries: Arc::clone(&ports.queries),
            announcements: Arc::clone(&ports.announcements),
            presence: Arc::clone(&ports.presence),
        }
    }

    fn twisted(&self, answer: Answer, has_position: bool) -> Answer {
        match (self.sim.trick, answer) {
            (Trick::ResumesFromAnything, Answer::Admission(Ok(mut admission))) => {
                admission.resumable |= has_position;
                Answer::Admission(Ok(admission))
            }
            (Trick::SkipsTheFirstOfAPage, Answer::Events(events)) if events.len() > 1 => {
                Answer::Events(events.into_iter().skip(1).collect())
            }
            (_, answer) => answer,
        }
    }
}

#[async_trait]
impl Queries for SabotagedGateway {
    async fn ask(&self, question: Question) -> Result<Answer, Unavailable> {
        let is_page = matches!(question, Question::Events { .. });
        let has_position = matches!(question, Question::Admission { position: Some(_), .. });
        let pages = &self.sim.memory.pages_on_their_way;
        pages.fetch_add(usize::from(is_page), Ordering::Relaxed);
        let answer = self.queries.ask(question).await;
        pages.fetch_sub(usize::from(is_page), Ordering::Relaxed);
        Ok(self.twisted(answer?, has_position))
    }
}

/// Hears everything but that something may be missing.
#[async_trait]
impl Announcements for SabotagedGateway {
    async fn listen(&self, slot: Slot) -> Result<(), Unavailable> {
        self.announcements.listen(slot).await
    }

    async fn unlisten(&self, slot: Slot) -> Result<(), Unavailable> {
        self.announcements.unlisten(slot).await
    }

    async fn next(&self) -> Option<News> {
        loop {
            match self.announcements.next().await? {
                News::Interrupted => {}
                news => return Some(news),
            }
        }
    }
}

/// Tells of its own people and is deaf to others'.
#[async_trait]
impl Presence for SabotagedGateway {
    async fn tell(&self, presences: Presences) {
        self.presence.tell(presences).await;
    }

    async fn hear(&self) -> Option<Presences> {
        while self.presence.hear().await.is_some() {}
        None
    }
}
