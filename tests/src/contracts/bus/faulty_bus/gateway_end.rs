//! A gateway's ends of a faulty bus.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::envelope::{CommandEnvelope, CoreQuery, CoreReply, PresenceUpdate};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcements, Commands, Incoming, Presence, Queries, SendError, Unavailable,
};
use sockbit_application::slot::Slot;

use super::super::GatewayPorts;
use super::super::fixtures::body;
use super::{All, BusFault};

pub(super) struct FaultyGateway {
    inner: GatewayPorts,
    all: Arc<All>,
    is_first: bool,
    /// Incoming to be given before any other.
    repeated: Mutex<VecDeque<Incoming>>,
    /// Incoming to be given after the next.
    held: Mutex<Option<Incoming>>,
    announced: AtomicU64,
    outcomes_heard: AtomicUsize,
}

impl FaultyGateway {
    pub(super) fn new(inner: GatewayPorts, all: Arc<All>) -> Self {
        Self {
            inner,
            is_first: all.gateways.fetch_add(1, Ordering::Relaxed) == 0,
            all,
            repeated: Mutex::default(),
            held: Mutex::default(),
            announced: AtomicU64::new(0),
            outcomes_heard: AtomicUsize::new(0),
        }
    }

    fn tamper(&self, command: &mut CommandEnvelope) {
        match self.all.fault {
            BusFault::ForgetsKeys => command.key = None,
            BusFault::RewritesBodies => {
                let value = serde_json::from_str::<serde_json::Value>(command.body.get());
                command.body = body(&value.unwrap_or_default().to_string());
            }
            _ => {}
        }
    }

    /// The news as the fault gives it on, if it does.
    fn pass_on(&self, news: Incoming) -> Option<Incoming> {
        match (self.all.fault, news) {
            (BusFault::DropsAnswers, Incoming::Outcomes(_))
            | (BusFault::KeepsQuietAboutLosses, Incoming::Interrupted) => None,
            (BusFault::LosesNewsForPresence, _)
                if self.all.presences.load(Ordering::Relaxed) > 500 =>
            {
                None
            }
            (BusFault::DropsNews, Incoming::Announcement(it)) => {
                let number = self.announced.fetch_add(1, Ordering::Relaxed);
                (number % 5 != 4).then_some(Incoming::Announcement(it))
            }
            (BusFault::ReversesNews, Incoming::Announcement(mut it)) => {
                it.events.reverse();
                Some(Incoming::Announcement(it))
            }
            (BusFault::RepeatsNews, news) => {
                locked(&self.repeated).push_back(news.clone());
                Some(news)
            }
            (BusFault::SwapsNews, news) => {
                let first = locked(&self.held).replace(news)?;
                let second = locked(&self.held).take();
                locked(&self.repeated).push_back(first);
                second
            }
            (_, news) => Some(news),
        }
    }

    /// Outcomes of all gateways that this gateway has not received yet.
    fn outcomes_of_everybody(&self) -> Option<Incoming> {
        let outcomes = locked(&self.all.outcomes);
        let heard = self.outcomes_heard.swap(outcomes.len(), Ordering::Relaxed);
        let fresh = outcomes.get(heard..).filter(|it| !it.is_empty())?;
        Some(Incoming::Outcomes(fresh.to_vec()))
    }

    /// Takes the next answer that comes, whatever was asked.
    async fn any_answer(&self, query: CoreQuery) -> CoreReply {
        let (queries, all) = (Arc::clone(&self.inner.queries), Arc::clone(&self.all));
        tokio::spawn(async move {
            if let Ok(answer) = queries.query(query).await {
                locked(&all.last_answer).get_or_insert(answer);
            }
            all.answered.notify_waiters();
        });
        loop {
            if let Some(answer) = locked(&self.all.last_answer).take() {
                return answer;
            }
            self.all.answered.notified().await;
        }
    }
}

#[async_trait]
impl Commands for FaultyGateway {
    async fn send(&self, mut batch: Vec<CommandEnvelope>) -> Result<(), SendError> {
        if self.all.fault == BusFault::HearsOneGatewayOnly && !self.is_first {
            return Ok(());
        }
        for command in &mut batch {
            self.tamper(command);
        }
        let sent = self.inner.commands.send(batch).await;
        if self.all.fault == BusFault::ClosesLate && self.all.is_closed.load(Ordering::Relaxed) {
            tokio::time::sleep(Duration::from_secs(5)).await;
        }
        if self.all.fault == BusFault::AcceptsWhatItLoses { Ok(()) } else { sent }
    }
}

#[async_trait]
impl Announcements for FaultyGateway {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        if self.all.fault != BusFault::ListensLate {
            return self.inner.announcements.subscribe(slot).await;
        }
        let announcements = Arc::clone(&self.inner.announcements);
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_millis(1)).await;
            announcements.subscribe(slot).await
        });
        Ok(())
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        match self.all.fault {
            BusFault::NeverUnlistens => Ok(()),
            _ => self.inner.announcements.unsubscribe(slot).await,
        }
    }

    async fn next(&self) -> Option<Incoming> {
        loop {
            let repeated = locked(&self.repeated).pop_front();
            if let Some(news) = repeated.or_else(|| self.outcomes_of_everybody()) {
                return Some(news);
            }
            let news = tokio::select! {
                news = self.inner.announcements.next() => news?,
                () = self.all.answered.notified() => continue,
            };
            if let Some(news) = self.pass_on(news) {
                return Some(news);
            }
        }
    }
}

#[async_trait]
impl Queries for FaultyGateway {
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        let inner = &self.inner.queries;
        match self.all.fault {
            BusFault::NeverAnswers => std::future::pending().await,
            BusFault::AnswersWhoeverAsks => Ok(self.any_answer(query).await),
            BusFault::AnswersWithTheLast => {
                let answer = inner.query(query).await?;
                let last = locked(&self.all.last_answer).replace(answer.clone());
                Ok(last.unwrap_or(answer))
            }
            BusFault::AsksTwice => tokio::join!(inner.query(query.clone()), inner.query(query)).0,
            BusFault::FailsWithItsAsker => {
                let mut asking = Asking { all: &self.all, is_answered: false };
                let answer = inner.query(query).await;
                asking.is_answered = true;
                answer
            }
            _ => inner.query(query).await,
        }
    }
}

#[async_trait]
impl Presence for FaultyGateway {
    async fn publish(&self, mut presences: PresenceUpdate) {
        self.all.presences.fetch_add(1, Ordering::Relaxed);
        match self.all.fault {
            BusFault::DropsPresence => return,
            BusFault::ForgetsWhichNotes => {
                let people = presences.boards.iter_mut().flat_map(|it| &mut it.people);
                people.for_each(|it| it.notes.clear());
            }
            BusFault::KeepsAllPresence => locked(&self.all.told).push_back(presences.clone()),
            _ => {}
        }
        self.inner.presence.publish(presences).await;
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        let kept = locked(&self.all.told).pop_front();
        match kept {
            Some(presences) => Some(presences),
            None => self.inner.presence.next_update().await,
        }
    }
}

/// Records when a query is cancelled.
struct Asking<'a> {
    all: &'a All,
    is_answered: bool,
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.all.was_given_up.fetch_or(!self.is_answered, Ordering::Relaxed);
    }
}
