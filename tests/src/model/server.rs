//! The real core on a store in memory, with a bus that only collects.

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures::FutureExt;
use sockbit_application::bus_messages::{
    Announcement, CommandEnvelope, CoreQuery, CoreReply, OutcomeEnvelope,
};
use sockbit_application::core::{Core, CorePorts};
use sockbit_application::ports::{
    Announcer, Clock, CommitResult, CompactionStore, DecisionStore, Ids, ReadStore, Squash,
    StoreHealth, Unavailable,
};
use sockbit_domain::wire::{BoardPage, Query, Reply};
use sockbit_domain::{
    ActorId, BoardId, Event, Limits, MessageId, Note, Outcome, Seq, Timestamp, Title, squash,
};
use uuid::Uuid;

use super::bounded::BoundedStore;
use super::random::Random;

pub(super) struct Server {
    pub clock: Arc<ModelClock>,
    core: Core,
    store: Arc<BoundedStore>,
    told: Arc<Told>,
    board: BoardId,
    /// Every outcome that was ever answered: the same on every repeat.
    pub outcomes: BTreeMap<MessageId, Outcome>,
}

/// What a run of the core said.
pub(super) struct Said {
    pub events: Vec<Event>,
    pub answers: Vec<OutcomeEnvelope>,
}

#[derive(Default)]
struct Told {
    announcements: Mutex<Vec<Announcement>>,
    answers: Mutex<Vec<OutcomeEnvelope>>,
}

/// The model's time.
#[derive(Default)]
pub(super) struct ModelClock(AtomicI64);

impl ModelClock {
    pub fn advance(&self, milliseconds: i64) {
        self.0.fetch_add(milliseconds, Ordering::Relaxed);
    }
}

impl Clock for ModelClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.load(Ordering::Relaxed))
    }
}

struct ModelIds(AtomicU64);

impl Ids for ModelIds {
    fn mint(&self) -> Uuid {
        Random::new(self.0.fetch_add(1, Ordering::Relaxed)).uuid()
    }
}

#[async_trait]
impl Announcer for Told {
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable> {
        self.announcements.lock().unwrap_or_else(PoisonError::into_inner).extend(batch);
        Ok(())
    }

    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(batch);
        Ok(())
    }
}

impl Told {
    fn take(&self) -> Said {
        let take = |it: &Mutex<Vec<Announcement>>| {
            std::mem::take(&mut *it.lock().unwrap_or_else(PoisonError::into_inner))
        };
        let announced = take(&self.announcements).into_iter().flat_map(|it| it.events);
        let mut answers = self.answers.lock().unwrap_or_else(PoisonError::into_inner);
        Said {
            events: announced.map(|it| it.event).collect(),
            answers: std::mem::take(&mut *answers),
        }
    }
}

impl Server {
    pub fn new(board: BoardId, seed: u64, limits: Limits, page_bytes: usize) -> Self {
        let clock = Arc::new(ModelClock::default());
        clock.advance(1_700_000_000_000);
        let store = Arc::new(BoundedStore::new(page_bytes));
        let told = Arc::new(Told::default());
        let ports = CorePorts {
            decisions: Arc::clone(&store) as Arc<dyn DecisionStore>,
            reads: Arc::clone(&store) as Arc<dyn ReadStore>,
            health: Arc::clone(store.inner()) as Arc<dyn StoreHealth>,
            announcer: Arc::clone(&told) as Arc<dyn Announcer>,
            clock: Arc::clone(&clock) as Arc<dyn Clock>,
            ids: Arc::new(ModelIds(AtomicU64::new(seed << 32))),
        };
        let core = Core::new(ports, limits);
        Self { clock, core, store, told, board, outcomes: BTreeMap::new() }
    }

    /// Decides a batch. An outcome that is not the one given before is a broken promise.
    pub fn process(&mut self, batch: &[CommandEnvelope]) -> Result<Said, String> {
        at_once(self.core.process(batch)).map_err(|error| error.to_string())?;
        let said = self.told.take();
        for answer in &said.answers {
            let Some(outcome) = &answer.outcome else { continue };
            let first = self.outcomes.entry(answer.message).or_insert_with(|| outcome.clone());
            if first != outcome {
                return Err(format!("a repeat was answered {outcome:?}, first it was {first:?}"));
            }
        }
        Ok(said)
    }

    pub fn answer(&self, query: CoreQuery) -> CoreReply {
        at_once(self.core.query(query))
    }

    pub fn events(&self, after: Seq) -> Vec<Event> {
        match self.answer(CoreQuery::Events { board: self.board, after, id: None }) {
            CoreReply::Events(events) => events,
            _ => Vec::new(),
        }
    }

    pub fn head(&self) -> Seq {
        match self.answer(CoreQuery::Heads { boards: vec![self.board] }) {
            CoreReply::Heads(heads) => heads.first().map_or(Seq(0), |(_, position)| position.seq),
            _ => Seq(0),
        }
    }

    /// The whole board as a page carries it, if the actor may read it.
    pub fn snapshot(&self, actor: ActorId) -> Option<BoardPage> {
        let mut whole: Option<BoardPage> = None;
        let mut after = None;
        loop {
            let query = Query::BoardPage { board: self.board, after };
            let reply = self.answer(CoreQuery::Client { actor, query });
            let CoreReply::Client(Reply::BoardPage(page)) = reply else { return None };
            after = page.next;
            match &mut whole {
                Some(whole) => whole.notes.extend(page.notes),
                None => whole = Some(BoardPage { next: None, ..page }),
            }
            if after.is_none() {
                return whole;
            }
        }
    }

    /// Squashes what can be squashed between two numbers. Whether there was something.
    pub fn squash(&self, from: Seq, to: Seq) -> Result<bool, String> {
        let (after, later) = (Seq(from.0.saturating_sub(1)), Timestamp(i64::MAX));
        let part = at_once(self.store.inner().compactable_events(
            self.board,
            after,
            later,
            u32::MAX,
            usize::MAX,
        ));
        let mut part = part.map_err(|error| error.to_string())?.events;
        part.retain(|(event, _)| event.seq <= to);
        let runs = squash(&part).runs;
        let (board, none) = (self.board, Seq(0));
        let squash = Squash { board, expected: none, runs, seen: none, settled: none };
        match at_once(self.store.inner().squash(&squash)) {
            Ok(CommitResult::Done) => Ok(!squash.runs.is_empty()),
            refused => Err(format!("nobody else squashes, and it is {refused:?}")),
        }
    }

    pub fn forget(&self, before: Seq) {
        self.store.forget(before);
    }

    /// All notes as they are stored, and the title.
    pub fn stored(&self) -> Result<(Title, Vec<Note>), String> {
        let (mut notes, mut after) = (Vec::new(), None);
        loop {
            let page = at_once(self.store.notes(self.board, after, usize::MAX));
            let page = page.map_err(|error| error.to_string())?.ok_or("the board is gone")?;
            notes.extend(page.notes);
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok((page.title, notes)),
            }
        }
    }
}

/// The store in memory never makes anybody wait.
fn at_once<T>(future: impl Future<Output = T>) -> T {
    future.now_or_never().expect("nothing here waits")
}
