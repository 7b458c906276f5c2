//! Clients that change what goes into their machine, or what comes out of it.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_client::{MonotonicTime, Now, PersistedCommand, PersistedState, ViewChange};
use sockbit_domain::wire::{BoardPage, ClientMessage, Reply, SentCommand, ServerMessage};
use sockbit_domain::{ActorId, Command, MessageId, NoteId, Position, Seq, Text, Timestamp};
use uuid::Uuid;

use crate::planted_bugs::PlantedBug;

/// What a faulty client changes.
pub(crate) struct BuggyClient {
    bug: PlantedBug,
    sent: BTreeSet<MessageId>,
    /// The original ids of commands that were renamed.
    aliases: BTreeMap<MessageId, MessageId>,
    /// The base that each edit was sent with, and the base of each note's last edit.
    bases: BTreeMap<MessageId, Position>,
    last_bases: BTreeMap<NoteId, Position>,
    /// Where the snapshot begins that is being pulled.
    first_page: Option<Seq>,
}

impl BuggyClient {
    pub fn new(bug: PlantedBug) -> Self {
        Self {
            bug,
            sent: BTreeSet::new(),
            aliases: BTreeMap::new(),
            bases: BTreeMap::new(),
            last_bases: BTreeMap::new(),
            first_page: None,
        }
    }

    /// What is sent instead of a frame.
    pub fn outgoing(&mut self, frame: String) -> String {
        let rewritten = match (self.bug, ClientMessage::parse(&frame)) {
            (PlantedBug::ResendsUnderNewIds, Ok(ClientMessage::Command(sent))) => {
                Some(self.renamed(sent))
            }
            (PlantedBug::SendsPreviousBase, Ok(ClientMessage::Command(sent))) => self.rebased(sent),
            _ => None,
        };
        let json = rewritten.and_then(|sent| ClientMessage::Command(sent).to_json().ok());
        json.unwrap_or(frame)
    }

    fn renamed(&mut self, mut sent: SentCommand) -> SentCommand {
        let id = sent.id;
        if !self.sent.insert(id) {
            let number = 1 + self.aliases.len() as u128;
            sent.id = MessageId(Uuid::from_u128(id.0.as_u128().wrapping_add(number)));
            self.aliases.insert(sent.id, id);
        }
        sent
    }

    fn rebased(&mut self, sent: SentCommand) -> Option<SentCommand> {
        let command: Command = serde_json::from_str(sent.body.get()).ok()?;
        let Command::EditNote { note, base, change } = command else { return None };
        let before = self.last_bases.get(&note).copied();
        let wrong = *self.bases.entry(sent.id).or_insert(before.unwrap_or(base));
        self.last_bases.insert(note, base);
        let command = Command::EditNote { note, base: wrong, change };
        let body = serde_json::value::to_raw_value(&command).ok()?;
        Some(SentCommand { body, ..sent })
    }

    /// What the machine receives instead of a message.
    pub fn incoming(&mut self, message: ServerMessage) -> ServerMessage {
        match (self.bug, message) {
            (PlantedBug::ResendsUnderNewIds, ServerMessage::Outcome { id, board, outcome }) => {
                let id = self.aliases.get(&id).copied().unwrap_or(id);
                ServerMessage::Outcome { id, board, outcome }
            }
            (
                PlantedBug::AppliesStaleEvents,
                ServerMessage::Reply { id, body: Reply::BoardPage(page) },
            ) => ServerMessage::Reply { id, body: Reply::BoardPage(self.backdated(page)) },
            (
                PlantedBug::EmptiesPulledNotes | PlantedBug::PullsOnlyFirstPage,
                ServerMessage::Reply { id, body: Reply::BoardPage(page) },
            ) => ServerMessage::Reply { id, body: Reply::BoardPage(self.incomplete(page)) },
            (_, message) => message,
        }
    }

    /// Claims that all notes are as old as the first page.
    fn backdated(&mut self, mut page: BoardPage) -> BoardPage {
        let first = *self.first_page.get_or_insert(page.position.seq);
        page.notes.iter_mut().for_each(|note| note.seq = note.seq.min(first));
        if page.next.is_none() {
            self.first_page = None;
        }
        page
    }

    fn incomplete(&self, mut page: BoardPage) -> BoardPage {
        match self.bug {
            PlantedBug::PullsOnlyFirstPage => page.next = None,
            _ => page.notes.iter_mut().for_each(|note| note.text = Text::default()),
        }
        page
    }

    /// What a page is opened with instead of what was stored.
    pub fn restored(
        &self,
        stored: PersistedState,
        actor: ActorId,
        now: Timestamp,
    ) -> PersistedState {
        match self.bug {
            PlantedBug::SendsCommandsOfFormerIdentity => {
                PersistedState { actor: Some(actor), ..stored }
            }
            PlantedBug::ResendsExpiredCommands => with_times(stored, now),
            _ => stored,
        }
    }

    /// What the machine's clocks show instead.
    pub fn now(&self, now: Now) -> Now {
        match self.bug {
            PlantedBug::MeasuresPausesByWallClock => {
                Now { monotonic: MonotonicTime(now.wall.0), ..now }
            }
            _ => now,
        }
    }

    /// What the view receives instead of the machine's changes.
    pub fn changes(&self, mut changes: Vec<ViewChange>) -> Vec<ViewChange> {
        match self.bug {
            PlantedBug::OmitsTextChanges => {
                changes.retain(|it| !matches!(it, ViewChange::Text { .. }));
            }
            PlantedBug::RepeatsAddedNotes => {
                let is_added = |it: &&ViewChange| matches!(it, ViewChange::Added { .. });
                let added: Vec<_> = changes.iter().filter(is_added).cloned().collect();
                changes.extend(added);
            }
            _ => {}
        }
        changes
    }

    /// What is stored instead.
    pub fn stored(&mut self, saved: Option<PersistedState>) -> Option<PersistedState> {
        let mut saved = saved?;
        match self.bug {
            PlantedBug::ClearsOutboxOnSend => {
                saved.outbox.clear();
                saved.notes.retain(|note| note.in_flight.is_none());
            }
            PlantedBug::NeverStoresTyping => {
                saved.outbox.retain(|entry| matches!(entry, PersistedCommand::Frozen { .. }));
                saved.notes.clear();
            }
            _ => {}
        }
        Some(saved)
    }
}

/// As if all commands were submitted now.
fn with_times(mut stored: PersistedState, now: Timestamp) -> PersistedState {
    for command in &mut stored.outbox {
        match command {
            PersistedCommand::Frozen { at, .. } | PersistedCommand::Edit { at, .. } => *at = now,
        }
    }
    stored
}
