//! Boards for the clauses: a script plays the core, and knows what the store must hold.

use std::sync::Arc;

use sockbit_application::ports::{
    BoardChanges, CommitResult, LoadRequest, LoadedBoard, Store, StoredOutcome,
};
use sockbit_domain::{
    Actor, ActorId, Board, BoardId, Change, ClientId, Colour, Delta, Event, EventId, Fact, KeyHash,
    Link, LinkId, MessageId, Note, NoteId, Outcome, Position, Rank, Role, Seq, Text, Timestamp,
    Title,
};
use uuid::Uuid;

/// More than any board of these tests takes.
pub const ALL: usize = usize::MAX;

pub fn board_id(n: u128) -> BoardId {
    BoardId(Uuid::from_u128(n))
}

pub fn note_id(n: u128) -> NoteId {
    NoteId(Uuid::from_u128(n))
}

pub fn actor(n: u8) -> Actor {
    Actor { id: ActorId(Uuid::from_u128(n.into())), name: format!("Person {n}"), colour: n }
}

pub fn text(text: &str) -> Text {
    Text::normalise(text)
}

pub fn title(title: &str) -> Title {
    Title::stored(title.to_owned())
}

pub fn created(note: NoteId, words: &str) -> Change {
    Change::NoteCreated { note, text: text(words), colour: Colour::Paper, rank: Rank::middle() }
}

/// The outcome of the command with this number, from the client with that one.
pub fn outcome(client: u128, message: u128, outcome: Outcome) -> StoredOutcome {
    StoredOutcome {
        client: ClientId(Uuid::from_u128(client)),
        message: MessageId(Uuid::from_u128(message)),
        body_hash: [u8::try_from(message % 251).unwrap_or_default(); 32],
        outcome,
        at: Timestamp(7),
    }
}

/// A board as the core has it in memory, and what happened on it since it was last saved.
#[derive(Clone)]
pub struct Script {
    pub state: Board,
    pub log: Vec<Fact>,
    pub outcomes: Vec<StoredOutcome>,
    saved_head: Option<Position>,
    saved_facts: usize,
    saved_outcomes: usize,
    actor: Actor,
    now: Timestamp,
    /// Tells the events of two scripts of the same board apart.
    strand: u64,
}

impl Script {
    /// A board that Person 1 began.
    pub fn begin(board: BoardId) -> Self {
        Self::begin_by(board, actor(1), 0)
    }

    pub fn begin_by(board: BoardId, actor: Actor, strand: u64) -> Self {
        let change = Change::BoardCreated { title: title("A board") };
        let now = Timestamp(1_000);
        let event = event(board, Seq(1), Seq(1), strand, &actor, now, change);
        let mut state = Board::created(&event).expect("the event begins a board");
        state.bases.insert(event.seq, event.id);
        let log = vec![Fact { event, inverse: None, key: None }];
        Self {
            state,
            log,
            outcomes: Vec::new(),
            saved_head: None,
            saved_facts: 0,
            saved_outcomes: 0,
            actor,
            now,
            strand,
        }
    }

    /// The same board in the hands of another writer.
    #[must_use]
    pub fn fork(&self, strand: u64) -> Self {
        Self { strand, ..self.clone() }
    }

    /// The board as another writer finds it at this head, without its history.
    pub fn found_at(board: BoardId, head: Position, strand: u64) -> Self {
        let mut script = Self::begin_by(board, actor(1), strand);
        script.take();
        script.state.head = head;
        script.saved_head = Some(head);
        script
    }

    pub fn board(&self) -> BoardId {
        self.state.id
    }

    pub fn by(&mut self, actor: Actor) -> &mut Self {
        self.actor = actor;
        self
    }

    pub fn at(&mut self, milliseconds: i64) -> &mut Self {
        self.now = Timestamp(milliseconds);
        self
    }

    pub fn happen(&mut self, change: Change) -> &mut Self {
        self.happen_over(1, change)
    }

    /// An event that stands for several squashed ones.
    pub fn happen_over(&mut self, numbers: u64, change: Change) -> &mut Self {
        let fact = self.fact(numbers, change);
        self.push(fact)
    }

    pub fn create(&mut self, note: NoteId, words: &str) -> &mut Self {
        self.happen(created(note, words))
    }

    pub fn edit(&mut self, note: NoteId, words: &str) -> &mut Self {
        let before = self.text(note);
        let delta = Delta::diff(&before, &text(words));
        let inverse = delta.invert(&before).expect("a difference fits what it was made of");
        let mut fact = self.fact(1, Change::NoteEdited { note, delta });
        fact.inverse = Some(inverse);
        self.push(fact)
    }

    pub fn join(&mut self, who: Actor, role: Role) -> &mut Self {
        let before = std::mem::replace(&mut self.actor, who);
        self.happen(Change::MemberJoined { role });
        self.by(before)
    }

    pub fn link(&mut self, n: u8, role: Role) -> &mut Self {
        let link = LinkId(Uuid::from_u128(n.into()));
        let mut fact = self.fact(1, Change::LinkAdded { link, role });
        fact.key = Some(KeyHash([n; 32]));
        self.push(fact)
    }

    pub fn answer(&mut self, answered: StoredOutcome) -> &mut Self {
        self.outcomes.push(answered);
        self
    }

    pub fn text(&self, note: NoteId) -> Text {
        self.state.notes.get(&note).map(|it| it.text.clone()).expect("the note exists")
    }

    fn fact(&self, numbers: u64, change: Change) -> Fact {
        let from = self.state.head.seq.next();
        let seq = Seq(self.state.head.seq.0.saturating_add(numbers));
        let event = event(self.board(), from, seq, self.strand, &self.actor, self.now, change);
        Fact { event, inverse: None, key: None }
    }

    fn push(&mut self, fact: Fact) -> &mut Self {
        self.state.apply(&fact).expect("the script is about texts that exist");
        self.log.push(fact);
        self
    }

    /// What the core would commit now.
    pub fn changes(&self) -> BoardChanges {
        let facts = self.log.get(self.saved_facts..).unwrap_or_default().to_vec();
        let notes = self.state.notes.values();
        let touched = |note: &&Note| facts.iter().any(|it| it.event.change.note() == Some(note.id));
        let links: Vec<_> = facts.iter().filter_map(|fact| fact.key).collect();
        BoardChanges {
            board: self.board(),
            expected: self.saved_head,
            head: self.state.head,
            title: self.state.title.clone(),
            note_count: self.state.note_count,
            text_bytes: self.state.text_bytes,
            notes: notes.filter(touched).cloned().collect(),
            members: facts.iter().filter_map(member).collect(),
            links: self.state.links.iter().filter(|it| links.contains(&it.hash)).cloned().collect(),
            outcomes: self.outcomes.get(self.saved_outcomes..).unwrap_or_default().to_vec(),
            facts,
        }
    }

    /// What the core would commit now, taken as committed.
    pub fn take(&mut self) -> BoardChanges {
        let changes = self.changes();
        self.saved_head = Some(self.state.head);
        self.saved_facts = self.log.len();
        self.saved_outcomes = self.outcomes.len();
        changes
    }

    /// Commits what happened since the last time.
    pub async fn save(&mut self, store: &Arc<dyn Store>) {
        let changes = self.take();
        assert_eq!(store.commit(&[changes]).await, Ok(vec![CommitResult::Done]));
    }

    /// A request for everything that the script knows of.
    pub fn wanted(&self) -> LoadRequest {
        LoadRequest {
            board: self.board(),
            actors: self.state.members.keys().copied().collect(),
            messages: self.outcomes.iter().map(|it| (it.client, it.message)).collect(),
            notes: self.state.notes.keys().map(|note| (*note, Some(Seq(0)))).collect(),
            edits_bytes_max: usize::MAX,
            bases: self.state.bases.keys().copied().collect(),
        }
    }

    pub fn events(&self) -> Vec<Event> {
        self.log.iter().map(|fact| fact.event.clone()).collect()
    }
}

fn event(
    board: BoardId,
    from: Seq,
    seq: Seq,
    strand: u64,
    actor: &Actor,
    at: Timestamp,
    change: Change,
) -> Event {
    let id = Uuid::from_u64_pair(strand, seq.0);
    let (id, message) = (EventId(id), MessageId(id));
    Event { board, seq, from, id, message, actor: actor.clone(), at, change }
}

fn member(fact: &Fact) -> Option<(ActorId, Role)> {
    match fact.event.change {
        Change::BoardCreated { .. } => Some((fact.event.actor.id, Role::Owner)),
        Change::MemberJoined { role } => Some((fact.event.actor.id, role)),
        _ => None,
    }
}

/// A request that names only the board.
pub fn bare(board: BoardId) -> LoadRequest {
    LoadRequest {
        board,
        actors: [].into(),
        messages: [].into(),
        notes: [].into(),
        edits_bytes_max: usize::MAX,
        bases: [].into(),
    }
}

pub async fn load(store: &Arc<dyn Store>, wanted: &LoadRequest) -> LoadedBoard {
    let mut loaded = store.load(std::slice::from_ref(wanted)).await.expect("the store answers");
    assert_eq!(loaded.len(), 1, "one answer for each request");
    let mut loaded = loaded.pop().expect("there is one");
    if let Some(board) = &mut loaded.board {
        board.links.sort_by_key(|link| link.id);
    }
    loaded
}

pub async fn load_board(store: &Arc<dyn Store>, wanted: &LoadRequest) -> Board {
    load(store, wanted).await.board.expect("the board exists")
}

pub async fn all_events(store: &Arc<dyn Store>, board: BoardId) -> Vec<Event> {
    store.events(board, Seq(0), ALL).await.expect("the store answers")
}

pub async fn all_notes(store: &Arc<dyn Store>, board: BoardId) -> Vec<Note> {
    let page = store.notes(board, None, ALL).await.expect("the store answers");
    page.expect("the board exists").notes
}

/// Everything that a store returns about a board and its members.
#[derive(PartialEq, Debug)]
pub struct Snapshot {
    loaded: LoadedBoard,
    events: Vec<Event>,
    notes: Vec<Note>,
    lists: Vec<Vec<sockbit_domain::wire::BoardSummary>>,
}

pub async fn snapshot(store: &Arc<dyn Store>, wanted: &LoadRequest) -> Snapshot {
    let mut lists = Vec::new();
    for actor in &wanted.actors {
        lists.push(store.boards_of(*actor, 100).await.expect("the store answers"));
    }
    Snapshot {
        loaded: load(store, wanted).await,
        events: all_events(store, wanted.board).await,
        notes: all_notes(store, wanted.board).await,
        lists,
    }
}

pub fn sorted(mut links: Vec<Link>) -> Vec<Link> {
    links.sort_by_key(|link| link.id);
    links
}
