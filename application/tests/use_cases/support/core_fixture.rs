//! The core on a store in memory, with somebody who writes down what it announces and answers.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use serde_json::value::to_raw_value;
use sockbit_application::core::{Core, CorePorts};
use sockbit_application::envelope::{
    Address, Admission, AnnouncedEvent, Announcement, CommandEnvelope, CoreQuery, CoreReply,
    OutcomeEnvelope,
};
use sockbit_application::gateway::Identity;
use sockbit_application::ports::{Announcer, Clock, Ids, Store, Unavailable};
use sockbit_application::trace::TraceId;
use sockbit_domain::wire::{NotePage, Query, Reply};
use sockbit_domain::{
    BoardId, Command, Event, KeyHash, Limits, MessageId, NoteId, Outcome, Position, Rejection,
    Role, Seq, Timestamp,
};
use sockbit_memory::MemoryStore;
use uuid::Uuid;

use super::samples::{board_id, create_board, create_note, note_id, person, saved, uuid};

/// The board on which most tests take place.
pub const BOARD: u64 = 1;

pub struct CoreFixture {
    pub core: Core,
    pub store: Arc<MemoryStore>,
    heard: Arc<Heard>,
    messages: AtomicU64,
}

/// Writes down what the core says.
#[derive(Default)]
struct Heard {
    events: Mutex<Vec<AnnouncedEvent>>,
    answers: Mutex<Vec<OutcomeEnvelope>>,
}

#[async_trait]
impl Announcer for Heard {
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable> {
        let mut events = self.events.lock().expect("nobody panics with it");
        events.extend(batch.into_iter().flat_map(|it| it.events));
        Ok(())
    }

    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        self.answers.lock().expect("nobody panics with it").extend(batch);
        Ok(())
    }
}

/// Each call is a millisecond later than the one before.
#[derive(Default)]
pub struct TickingClock(AtomicI64);

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Fresh ids that no other part of the tests uses.
pub struct FreshIds(AtomicU64);

impl Default for FreshIds {
    fn default() -> Self {
        Self(AtomicU64::new(1 << 40))
    }
}

impl Ids for FreshIds {
    fn mint(&self) -> Uuid {
        uuid(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

impl CoreFixture {
    /// An empty store.
    pub fn new() -> Self {
        Self::on(Arc::new(MemoryStore::new()), Arc::new(FreshIds::default()))
    }

    /// A further core on the same store: another worker.
    pub fn beside(other: &Self, ids: Arc<dyn Ids>) -> Self {
        Self::on(Arc::clone(&other.store), ids)
    }

    fn on(store: Arc<MemoryStore>, ids: Arc<dyn Ids>) -> Self {
        let heard = Arc::new(Heard::default());
        let ports = CorePorts {
            store: Arc::clone(&store) as Arc<dyn Store>,
            announcer: Arc::clone(&heard) as Arc<dyn Announcer>,
            clock: Arc::new(TickingClock::default()),
            ids,
        };
        let core = Core::new(ports, Limits::default());
        Self { core, store, heard, messages: AtomicU64::new(1) }
    }

    /// A core with Person 1's board on it.
    pub async fn with_board() -> Self {
        let core = Self::new();
        saved(&core.send(&person(1), &create_board("Ideas")).await);
        core
    }

    /// A core with a board that holds note 1; second what the note's creator then stands at.
    pub async fn with_note(text: &str) -> (Self, Position) {
        let core = Self::with_board().await;
        let base = saved(&core.send(&person(1), &create_note(note_id(1), text)).await);
        (core, base)
    }

    /// The command under a fresh message id.
    pub fn envelope(&self, who: &Identity, board: BoardId, command: &Command) -> CommandEnvelope {
        let number = self.messages.fetch_add(1, Ordering::Relaxed);
        CommandEnvelope {
            trace: TraceId(uuid(number)),
            reply_to: Address { gateway: uuid(1), session: number },
            actor: who.actor.clone(),
            client: who.client,
            message: MessageId(uuid(number)),
            board,
            key: None,
            body: to_raw_value(command).expect("a command is JSON"),
        }
    }

    /// Has the batch processed, and gives the outcomes in its order.
    pub async fn process(&self, batch: &[CommandEnvelope]) -> Vec<Outcome> {
        let processed = self.core.process(batch).await.expect("the batch is through");
        assert!(processed.failed.is_empty(), "{processed:?}");
        let answers = std::mem::take(&mut *self.heard.answers.lock().expect("nobody panics"));
        let answer = |it: &CommandEnvelope| {
            let answered = answers.iter().find(|answer| answer.to == it.reply_to);
            answered.and_then(|it| it.outcome.clone()).expect("each command has an outcome")
        };
        assert_eq!(answers.len(), batch.len(), "one answer for each command");
        batch.iter().map(answer).collect()
    }

    pub async fn run(&self, envelope: CommandEnvelope) -> Outcome {
        self.process(&[envelope]).await.remove(0)
    }

    /// Sends one command about the board.
    pub async fn send(&self, who: &Identity, command: &Command) -> Outcome {
        self.send_to(who, board_id(BOARD), command).await
    }

    pub async fn send_to(&self, who: &Identity, board: BoardId, command: &Command) -> Outcome {
        self.run(self.envelope(who, board, command)).await
    }

    /// Makes somebody an editor of the board, by a link.
    pub async fn let_in(&self, who: &Identity) {
        let key = KeyHash([7; 32]);
        let add = Command::AddLink { role: Role::Editor };
        for (who, command) in [(&person(1), add), (who, Command::JoinBoard {})] {
            let mut envelope = self.envelope(who, board_id(BOARD), &command);
            envelope.key = Some(key);
            self.run(envelope).await;
        }
    }

    pub async fn query(&self, who: &Identity, query: Query) -> Reply {
        match self.core.query(CoreQuery::Client { actor: who.actor.id, query }).await {
            CoreReply::Client(reply) => reply,
            other => panic!("this is no reply: {other:?}"),
        }
    }

    pub async fn admission(
        &self,
        who: &Identity,
        position: Option<Position>,
    ) -> Result<Admission, Rejection> {
        let (actor, board) = (who.actor.id, board_id(BOARD));
        match self.core.query(CoreQuery::Admission { actor, board, position }).await {
            CoreReply::Admission(admission) => admission,
            other => panic!("this is no admission: {other:?}"),
        }
    }

    pub async fn note(&self, note: NoteId) -> NotePage {
        match self.query(&person(1), Query::Note { board: board_id(BOARD), note }).await {
            Reply::Note(page) => page,
            other => panic!("this is no note: {other:?}"),
        }
    }

    pub async fn text(&self, note: NoteId) -> String {
        self.note(note).await.note.text.into()
    }

    /// Everything that happened on the board.
    pub async fn log(&self) -> Vec<Event> {
        let log = self.store.events(board_id(BOARD), Seq(0), usize::MAX).await;
        log.expect("memory does not fail")
    }

    pub async fn head(&self) -> Position {
        self.log().await.last().expect("something happened").position()
    }

    /// What was announced since this was last asked.
    pub fn announced(&self) -> Vec<Event> {
        self.announced_with_what_it_follows().into_iter().map(|it| it.event).collect()
    }

    pub fn announced_with_what_it_follows(&self) -> Vec<AnnouncedEvent> {
        std::mem::take(&mut *self.heard.events.lock().expect("nobody panics"))
    }
}
