//! One board in memory: its state, its log, and the conditions under which changes are accepted.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::ops::Bound;

use sockbit_application::json_size::json_bytes;
use sockbit_application::page_budget::PageBudget;
use sockbit_application::ports::{
    BoardChanges, BoardStatus, LoadRequest, LoadedBoard, NoteHistoryPage, NotesPage, StoredOutcome,
};
use sockbit_domain::wire::BoardSummary;
use sockbit_domain::{
    Actor, ActorId, Board, BoardId, Change, ClientId, Event, EventId, Fact, Link, MessageId, Note,
    NoteId, NoteState, PastEdit, Position, Role, Seq, Timestamp, Title,
};

pub(super) struct BoardRecord {
    id: BoardId,
    title: Title,
    head: Position,
    note_count: u32,
    text_bytes: u64,
    changed_by: Actor,
    pub(super) changed_at: Timestamp,
    members: BTreeMap<ActorId, Role>,
    links: Vec<Link>,
    notes: BTreeMap<NoteId, Note>,
    outcomes: HashMap<(ClientId, MessageId), StoredOutcome>,
    pub(super) log: BTreeMap<Seq, Logged>,
    /// The numbers of each note's events.
    pub(super) note_log: HashMap<NoteId, BTreeSet<Seq>>,
    pub(super) compaction: CompactionProgress,
}

/// How far compaction of a board's log has come.
#[derive(Default)]
pub(super) struct CompactionProgress {
    /// Compaction of events up to this number is final.
    pub settled: Seq,
    /// The time of the first event that compaction has not seen, or a little later.
    pub unseen_since: Option<Timestamp>,
}

pub(super) struct Logged {
    pub fact: Fact,
    /// Bytes of JSON of the log up to and including this event, as they were written.
    bytes_until: u64,
}

impl Logged {
    fn seq(&self) -> Seq {
        self.fact.event.seq
    }

    fn edit(&self) -> Option<PastEdit> {
        let Change::NoteEdited { delta, .. } = &self.fact.event.change else { return None };
        let inverse = self.fact.inverse.clone()?;
        Some(PastEdit { seq: self.seq(), delta: delta.clone(), inverse })
    }
}

impl BoardRecord {
    /// A new board before its first event; `None` if the changes have no event or break a
    /// constraint.
    pub fn begin(changes: &BoardChanges) -> Option<Self> {
        let first = &changes.facts.first()?.event;
        let record = Self {
            id: changes.board,
            title: changes.title.clone(),
            head: first.position(),
            note_count: 0,
            text_bytes: 0,
            changed_by: first.actor.clone(),
            changed_at: first.at,
            members: BTreeMap::new(),
            links: Vec::new(),
            notes: BTreeMap::new(),
            outcomes: HashMap::new(),
            log: BTreeMap::new(),
            note_log: HashMap::new(),
            compaction: CompactionProgress::default(),
        };
        record.are_keys_unique(changes).then_some(record)
    }

    /// Whether the changes were decided on the current state and break no constraint.
    pub fn accepts(&self, changes: &BoardChanges) -> bool {
        changes.expected == Some(self.head) && self.are_keys_unique(changes)
    }

    /// Whether no outcome or link has the key of another one.
    fn are_keys_unique(&self, changes: &BoardChanges) -> bool {
        let mut outcomes = HashSet::new();
        let mut links: HashSet<_> = self.links.iter().map(|it| it.id).collect();
        let mut hashes: HashSet<_> = self.links.iter().map(|it| it.hash).collect();
        changes
            .outcomes
            .iter()
            .map(|it| (it.client, it.message))
            .all(|key| !self.outcomes.contains_key(&key) && outcomes.insert(key))
            && changes.links.iter().all(|it| links.insert(it.id) && hashes.insert(it.hash))
    }

    /// Writes accepted changes.
    pub fn write(&mut self, changes: &BoardChanges) {
        self.title = changes.title.clone();
        self.head = changes.head;
        self.note_count = changes.note_count;
        self.text_bytes = changes.text_bytes;
        changes.facts.iter().for_each(|fact| self.log(fact));
        self.members.extend(changes.members.iter().copied());
        self.links.extend(changes.links.iter().cloned());
        self.notes.extend(changes.notes.iter().map(|note| (note.id, note.clone())));
        let outcomes = changes.outcomes.iter().map(|it| ((it.client, it.message), it.clone()));
        self.outcomes.extend(outcomes);
    }

    pub fn delete_outcome(&mut self, client: ClientId, message: MessageId) {
        self.outcomes.remove(&(client, message));
    }

    fn log(&mut self, fact: &Fact) {
        let event = &fact.event;
        self.changed_by = event.actor.clone();
        self.changed_at = event.at;
        let unseen_since = self.compaction.unseen_since;
        self.compaction.unseen_since = Some(unseen_since.unwrap_or(event.at).min(event.at));
        if let Some(note) = event.change.note() {
            self.note_log.entry(note).or_default().insert(event.seq);
        }
        let bytes_until = self.log_bytes().saturating_add(json_bytes(event) as u64);
        self.log.insert(event.seq, Logged { fact: fact.clone(), bytes_until });
    }

    fn log_bytes(&self) -> u64 {
        self.log.last_key_value().map_or(0, |(_, it)| it.bytes_until)
    }

    pub fn id(&self) -> BoardId {
        self.id
    }

    pub fn head(&self) -> Position {
        self.head
    }

    /// The sort key of lists of boards: latest change first.
    pub fn list_key(&self) -> (Reverse<Timestamp>, BoardId) {
        (Reverse(self.changed_at), self.id)
    }

    pub fn summary(&self, actor: ActorId) -> Option<BoardSummary> {
        let live = self.notes.values().filter(|note| note.state == NoteState::Live).count();
        Some(BoardSummary {
            board: self.id,
            title: self.title.clone(),
            role: *self.members.get(&actor)?,
            notes: u32::try_from(live).unwrap_or(u32::MAX),
            changed_by: self.changed_by.clone(),
            changed_at: self.changed_at,
        })
    }

    pub fn load(&self, request: &LoadRequest) -> LoadedBoard {
        let role = |actor: &ActorId| Some((*actor, *self.members.get(actor)?));
        let note = |id: &NoteId| Some((*id, self.notes.get(id)?.clone()));
        let (edits, left_out) = self.edits(request);
        let board = Board {
            id: self.id,
            title: self.title.clone(),
            head: self.head,
            note_count: self.note_count,
            text_bytes: self.text_bytes,
            links: self.links.clone(),
            members: request.actors.iter().filter_map(role).collect(),
            notes: request.notes.keys().filter_map(note).collect(),
            edits,
            left_out,
            bases: request
                .bases
                .iter()
                .filter_map(|seq| Some((*seq, self.event_at(*seq)?)))
                .collect(),
        };
        let outcomes = request.messages.iter().filter_map(|key| self.outcomes.get(key));
        LoadedBoard { board: Some(board), outcomes: outcomes.cloned().collect() }
    }

    /// The latest edits of the notes, and where older ones were left out.
    fn edits(
        &self,
        request: &LoadRequest,
    ) -> (BTreeMap<NoteId, Vec<PastEdit>>, BTreeMap<NoteId, Seq>) {
        let (mut found, mut left_out) = (BTreeMap::new(), BTreeMap::new());
        for (note, base) in &request.notes {
            let Some(base) = base else { continue };
            let mut budget = PageBudget::new(request.edits_bytes_max);
            let mut edits: Vec<PastEdit> = Vec::new();
            for edit in self.note_log(*note, base.next()).filter_map(Logged::edit).rev() {
                if !budget.try_add(&(&edit.delta, &edit.inverse)) {
                    left_out.insert(*note, edit.seq);
                    break;
                }
                edits.push(edit);
            }
            edits.reverse();
            if !edits.is_empty() {
                found.insert(*note, edits);
            }
        }
        (found, left_out)
    }

    /// The events of a note, from a number on.
    fn note_log(&self, note: NoteId, first: Seq) -> impl DoubleEndedIterator<Item = &Logged> {
        let numbers = self.note_log.get(&note).into_iter().flat_map(move |it| it.range(first..));
        numbers.filter_map(|seq| self.log.get(seq))
    }

    /// The id of the event with this number; `None` for a number inside a squashed run.
    fn event_at(&self, seq: Seq) -> Option<EventId> {
        self.log.get(&seq).map(|it| it.fact.event.id)
    }

    /// The log after a number.
    pub(super) fn log_after(&self, after: Seq) -> impl Iterator<Item = &Logged> {
        self.log.range((Bound::Excluded(after), Bound::Unbounded)).map(|(_, it)| it)
    }

    pub fn board_status(&self, actor: ActorId, position: Option<Seq>) -> BoardStatus {
        let bytes_since = |seq| {
            let seen = self.log.range(..=seq).next_back();
            self.log_bytes().saturating_sub(seen.map_or(0, |(_, it)| it.bytes_until))
        };
        BoardStatus {
            role: self.members.get(&actor).copied(),
            title: self.title.clone(),
            head: self.head,
            event_at: position.and_then(|seq| self.event_at(seq)),
            bytes_since: position.map_or(0, bytes_since),
            text_bytes: self.text_bytes,
        }
    }

    pub fn notes(&self, after: Option<NoteId>, bytes_max: usize) -> NotesPage {
        let first = after.map_or(Bound::Unbounded, Bound::Excluded);
        let mut visible = self
            .notes
            .range((first, Bound::Unbounded))
            .map(|(_, note)| note)
            .filter(|note| note.state != NoteState::Deleted)
            .peekable();
        let mut page = PageBudget::new(bytes_max);
        let mut notes = Vec::new();
        while let Some(note) = visible.next_if(|note| page.try_add(note)) {
            notes.push(note.clone());
        }
        let next = visible.peek().and(notes.last()).map(|last| last.id);
        NotesPage { head: self.head, title: self.title.clone(), notes, next }
    }

    pub fn note(&self, id: NoteId) -> (Position, Option<Note>) {
        (self.head, self.notes.get(&id).cloned())
    }

    pub fn events(&self, after: Seq, bytes_max: usize) -> Vec<Event> {
        let mut page = PageBudget::new(bytes_max);
        let events = self.log_after(after).map(|it| &it.fact.event);
        events.take_while(|event| page.try_add(event)).cloned().collect()
    }

    pub fn note_events(&self, id: NoteId, before: Option<Seq>, max: u32) -> NoteHistoryPage {
        let before = before.unwrap_or(Seq(u64::MAX));
        let mut earlier =
            self.note_log(id, Seq(0)).rev().skip_while(|it| it.seq() >= before).map(|it| &it.fact);
        let mut events: Vec<_> = earlier
            .by_ref()
            .take(max as usize)
            .map(|fact| (fact.event.clone(), fact.inverse.clone()))
            .collect();
        events.reverse();
        NoteHistoryPage {
            events,
            later_inverses: self
                .note_log(id, before)
                .filter_map(|it| it.fact.inverse.clone())
                .collect(),
            more: earlier.next().is_some(),
            note: self.notes.get(&id).cloned(),
        }
    }
}
