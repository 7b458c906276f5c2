//! Boards for the clauses. A script changes a board like the core, and knows what the store must hold.

use std::sync::Arc;

use sockbit_application::ports::{
    BoardChanges, CommitResult, LoadRequest, LoadedBoard, SingleReads, Store, StoredOutcome,
};
use sockbit_domain::{
    Actor, ActorId, Board, BoardId, Change, ClientId, Colour, Delta, Event, EventId, Fact, KeyHash,
    Link, LinkId, MessageId, Note, NoteId, Outcome, Position, Rank, Role, Seq, Text, Timestamp,
    Title,
};
use uuid::Uuid;

/// No size limit.
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

pub fn created(note: NoteId, content: &str) -> Change {
    Change::NoteCreated { note, text: text(content), colour: Colour::Paper, rank: Rank::middle() }
}

/// The stored outcome of a command of a client, by numbers.
pub fn outcome(client: u128, message: u128, outcome: Outcome) -> StoredOutcome {
    StoredOutcome {
        client: ClientId(Uuid::from_u128(client)),
        message: MessageId(Uuid::from_u128(message)),
        body_hash: [u8::try_from(message % 251).unwrap_or_default(); 32],
        outcome,
        at: Timestamp(7),
    }
}

/// A board in memory, with its history and the changes since it was last saved.
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
    /// Distinguishes the event ids of two scripts of the same board.
    branch: u64,
}

impl Script {
    /// A board that actor 1 created.
    pub fn new(board: BoardId) -> Self {
        Self::new_by(board, actor(1), 0)
    }

    pub fn new_by(board: BoardId, actor: Actor, branch: u64) -> Self {
        let change = Change::BoardCreated { title: title("A board") };
        let now = Timestamp(1_000);
        let event = event(board, Seq(1), Seq(1), branch, &actor, now, change);
        let mut state = Board::created(&event).expect("the event creates a board");
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
            branch,
        }
    }

    /// The same board, changed by another writer.
    #[must_use]
    pub fn fork(&self, branch: u64) -> Self {
        Self { branch, ..self.clone() }
    }

    /// The board at this head, without its history.
    pub fn at_head(board: BoardId, head: Position, branch: u64) -> Self {
        let mut script = Self::new_by(board, actor(1), branch);
        script.take_changes();
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

    pub fn change(&mut self, change: Change) -> &mut Self {
        self.change_over(1, change)
    }

    /// A squashed event over several seqs.
    pub fn change_over(&mut self, numbers: u64, change: Change) -> &mut Self {
        let fact = self.fact(numbers, change);
        self.push(fact)
    }

    pub fn create(&mut self, note: NoteId, content: &str) -> &mut Self {
        self.change(created(note, content))
    }

    pub fn edit(&mut self, note: NoteId, content: &str) -> &mut Self {
        let before = self.text(note);
        let delta = Delta::diff(&before, &text(content));
        let inverse = delta.invert(&before).expect("a difference fits its base");
        let mut fact = self.fact(1, Change::NoteEdited { note, delta });
        fact.inverse = Some(inverse);
        self.push(fact)
    }

    pub fn join(&mut self, who: Actor, role: Role) -> &mut Self {
        let before = std::mem::replace(&mut self.actor, who);
        self.change(Change::MemberJoined { role });
        self.by(before)
    }

    pub fn link(&mut self, n: u8, role: Role) -> &mut Self {
        let link = LinkId(Uuid::from_u128(n.into()));
        let mut fact = self.fact(1, Change::LinkAdded { link, role });
        fact.key = Some(KeyHash([n; 32]));
        self.push(fact)
    }

    pub fn add_outcome(&mut self, answered: StoredOutcome) -> &mut Self {
        self.outcomes.push(answered);
        self
    }

    pub fn text(&self, note: NoteId) -> Text {
        self.state.notes.get(&note).map(|it| it.text.clone()).expect("the note exists")
    }

    fn fact(&self, numbers: u64, change: Change) -> Fact {
        let from = self.state.head.seq.next();
        let seq = Seq(self.state.head.seq.0.saturating_add(numbers));
        let event = event(self.board(), from, seq, self.branch, &self.actor, self.now, change);
        Fact { event, inverse: None, key: None }
    }

    fn push(&mut self, fact: Fact) -> &mut Self {
        self.state.apply(&fact).expect("the change fits the text");
        self.log.push(fact);
        self
    }

    /// The changes since the last save.
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

    /// The changes since the last save, which count as saved from now on.
    pub fn take_changes(&mut self) -> BoardChanges {
        let changes = self.changes();
        self.saved_head = Some(self.state.head);
        self.saved_facts = self.log.len();
        self.saved_outcomes = self.outcomes.len();
        changes
    }

    /// Commits the changes since the last save.
    pub async fn save(&mut self, store: &Arc<dyn Store>) {
        let changes = self.take_changes();
        assert_eq!(store.commit(&[changes]).await, Ok(vec![CommitResult::Done]));
    }

    /// A load request for everything in the script.
    pub fn request(&self) -> LoadRequest {
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
    branch: u64,
    actor: &Actor,
    at: Timestamp,
    change: Change,
) -> Event {
    let id = Uuid::from_u64_pair(branch, seq.0);
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

/// A load request for the header only.
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

pub async fn load(store: &Arc<dyn Store>, request: &LoadRequest) -> LoadedBoard {
    let mut loaded =
        store.load(std::slice::from_ref(request)).await.expect("the store is available");
    assert_eq!(loaded.len(), 1, "one result for each request");
    let mut loaded = loaded.pop().expect("a result");
    if let Some(board) = &mut loaded.board {
        board.links.sort_by_key(|link| link.id);
    }
    loaded
}

pub async fn load_board(store: &Arc<dyn Store>, request: &LoadRequest) -> Board {
    load(store, request).await.board.expect("the board exists")
}

pub async fn all_events(store: &Arc<dyn Store>, board: BoardId) -> Vec<Event> {
    store.events(board, Seq(0), ALL).await.expect("the store is available")
}

pub async fn all_notes(store: &Arc<dyn Store>, board: BoardId) -> Vec<Note> {
    let page = store.notes(board, None, ALL).await.expect("the store is available");
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

pub async fn snapshot(store: &Arc<dyn Store>, request: &LoadRequest) -> Snapshot {
    let mut lists = Vec::new();
    for actor in &request.actors {
        lists.push(store.boards_of(*actor, 100).await.expect("the store is available"));
    }
    Snapshot {
        loaded: load(store, request).await,
        events: all_events(store, request.board).await,
        notes: all_notes(store, request.board).await,
        lists,
    }
}

pub fn sorted(mut links: Vec<Link>) -> Vec<Link> {
    links.sort_by_key(|link| link.id);
    links
}
