//! The core on a store in memory, with an announcer that records everything.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::value::to_raw_value;
use sockbit_application::bus_messages::{
    Address, Admission, AdmissionQuery, AnnouncedEvent, Announcement, CommandEnvelope, CoreQuery,
    CoreReply, OutcomeEnvelope,
};
use sockbit_application::core::{Core, CorePorts};
use sockbit_application::gateway::Identity;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcer, Clock, Confirm, Ids, SingleReads, Store, Unavailable, ready_confirm,
};
use sockbit_application::trace_id::TraceId;
use sockbit_domain::wire::{NotePage, Query, Reply};
use sockbit_domain::{
    BoardId, Command, Event, KeyHash, Limits, MessageId, NoteId, Outcome, Position, Rejection,
    Role, Seq, Timestamp,
};
use sockbit_memory::MemoryStore;
use uuid::Uuid;

use super::counted_loads::CountedLoads;
use super::samples::{board_id, create_board, create_note, note_id, person, saved, uuid};

/// The board that most tests use.
pub const BOARD: u64 = 1;

pub struct CoreFixture {
    pub core: Core,
    pub store: Arc<MemoryStore>,
    pub loads: Arc<CountedLoads>,
    announcer: Arc<RecordingAnnouncer>,
    next_message: AtomicU64,
}

#[derive(Default)]
struct RecordingAnnouncer {
    events: Mutex<Vec<AnnouncedEvent>>,
    outcomes: Mutex<Vec<OutcomeEnvelope>>,
}

impl Announcer for RecordingAnnouncer {
    fn publish(
        &self,
        announcements: Vec<Announcement>,
        outcomes: Vec<OutcomeEnvelope>,
    ) -> Confirm<Unavailable> {
        locked(&self.events).extend(announcements.into_iter().flat_map(|it| it.events));
        locked(&self.outcomes).extend(outcomes);
        ready_confirm(Ok(()))
    }
}

/// Advances by a millisecond with each call.
#[derive(Default)]
pub struct TickingClock(AtomicI64);

impl Clock for TickingClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.0.fetch_add(1, Ordering::Relaxed))
    }
}

/// Ids that the tests use for nothing else.
pub struct FreshIds(AtomicU64);

impl Default for FreshIds {
    fn default() -> Self {
        Self(AtomicU64::new(1 << 40))
    }
}

impl FreshIds {
    /// Ids that another generator does not reach.
    pub fn starting_at(first: u64) -> Self {
        Self(AtomicU64::new(first))
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

    /// Another core on the same store, as in another worker, with message ids of its own.
    pub fn on_same_store(other: &Self, ids: Arc<dyn Ids>) -> Self {
        let core = Self::on(Arc::clone(&other.store), ids);
        core.next_message.store(1 << 20, Ordering::Relaxed);
        core
    }

    fn on(store: Arc<MemoryStore>, ids: Arc<dyn Ids>) -> Self {
        let announcer = Arc::new(RecordingAnnouncer::default());
        let loads = Arc::new(CountedLoads::new(Arc::clone(&store)));
        let ports = CorePorts {
            decisions: Arc::clone(&loads) as _,
            ..CorePorts::new(
                Arc::clone(&store) as Arc<dyn Store>,
                Arc::clone(&announcer) as Arc<dyn Announcer>,
                Arc::new(TickingClock::default()),
                ids,
            )
        };
        let core = Core::new(ports, Limits::default());
        Self { core, store, loads, announcer, next_message: AtomicU64::new(1) }
    }

    /// A core with a board of Person 1.
    pub async fn with_board() -> Self {
        let core = Self::new();
        saved(&core.send(&person(1), &create_board("Ideas")).await);
        core
    }

    /// A core with a board that has note 1, and the position of its creation.
    pub async fn with_note(text: &str) -> (Self, Position) {
        let core = Self::with_board().await;
        let base = saved(&core.send(&person(1), &create_note(note_id(1), text)).await);
        (core, base)
    }

    /// The command under a fresh message id.
    pub fn envelope(
        &self,
        sender: &Identity,
        board: BoardId,
        command: &Command,
    ) -> CommandEnvelope {
        let number = self.next_message.fetch_add(1, Ordering::Relaxed);
        CommandEnvelope {
            trace: TraceId(uuid(number)),
            reply_to: Address::new(uuid(1), number),
            actor: sender.actor.clone(),
            client: sender.client,
            message: MessageId(uuid(number)),
            board,
            key: None,
            body: to_raw_value(command).expect("a command is JSON"),
        }
    }

    /// Processes a batch. Returns the outcomes in its order.
    pub async fn process(&self, batch: &[CommandEnvelope]) -> Vec<Outcome> {
        let processed = self.core.process(batch).await.expect("the batch is processed");
        assert!(processed.failed.is_empty(), "{processed:?}");
        let outcomes = std::mem::take(&mut *locked(&self.announcer.outcomes));
        let outcome_of = |command: &CommandEnvelope| {
            let envelope = outcomes.iter().find(|it| it.to == command.reply_to);
            envelope.and_then(|it| it.outcome.clone()).expect("each command has an outcome")
        };
        assert_eq!(outcomes.len(), batch.len(), "one outcome for each command");
        batch.iter().map(outcome_of).collect()
    }

    pub async fn run(&self, envelope: CommandEnvelope) -> Outcome {
        self.process(&[envelope]).await.remove(0)
    }

    /// Sends one command to the board.
    pub async fn send(&self, sender: &Identity, command: &Command) -> Outcome {
        self.send_to(sender, board_id(BOARD), command).await
    }

    pub async fn send_to(&self, sender: &Identity, board: BoardId, command: &Command) -> Outcome {
        self.run(self.envelope(sender, board, command)).await
    }

    /// Makes a person an editor of the board, by a link.
    pub async fn add_editor(&self, sender: &Identity) {
        let key = KeyHash([7; 32]);
        let add = Command::AddLink { role: Role::Editor };
        for (sender, command) in [(&person(1), add), (sender, Command::JoinBoard {})] {
            let mut envelope = self.envelope(sender, board_id(BOARD), &command);
            envelope.key = Some(key);
            self.run(envelope).await;
        }
    }

    pub async fn query(&self, sender: &Identity, query: Query) -> Reply {
        match self.core.query(CoreQuery::Client { actor: sender.actor.id, query }).await {
            CoreReply::Client(reply) => reply,
            other => panic!("not a reply: {other:?}"),
        }
    }

    pub async fn admission(
        &self,
        sender: &Identity,
        position: Option<Position>,
    ) -> Result<Admission, Rejection> {
        let (actor, board) = (sender.actor.id, board_id(BOARD));
        match self.core.query(CoreQuery::Admission(AdmissionQuery { actor, board, position })).await
        {
            CoreReply::Admission(admission) => admission,
            other => panic!("not an admission: {other:?}"),
        }
    }

    pub async fn note(&self, note: NoteId) -> NotePage {
        match self.query(&person(1), Query::Note { board: board_id(BOARD), note }).await {
            Reply::Note(page) => page,
            other => panic!("not a note: {other:?}"),
        }
    }

    pub async fn text(&self, note: NoteId) -> String {
        self.note(note).await.note.text.into()
    }

    /// All events of the board.
    pub async fn log(&self) -> Vec<Event> {
        let log = self.store.events(board_id(BOARD), Seq(0), usize::MAX).await;
        log.expect("the memory store does not fail")
    }

    pub async fn head(&self) -> Position {
        self.log().await.last().expect("the board exists").position()
    }

    /// The events that were announced since the last call.
    pub fn announced_events(&self) -> Vec<Event> {
        self.announced().into_iter().map(|it| it.event).collect()
    }

    pub fn announced(&self) -> Vec<AnnouncedEvent> {
        std::mem::take(&mut *locked(&self.announcer.events))
    }
}
