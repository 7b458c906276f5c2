//! What a view shows: the server's state with the outstanding wishes laid over it, in their order.

use serde::Serialize;
use sockbit_domain::{
    Actor, Colour, Command, Note, NoteId, NoteState, Position, Rank, Role, Seq, Text, Timestamp,
};

use crate::board_client::BoardClient;
use crate::clock_and_ids::MonotonicTime;
use crate::draft::Draft;
use crate::outbox::{Entry, Frozen, QueuedCommand};
use crate::reason::Reason;
use crate::save_status::{SaveState, SaveStatus};
use crate::subscription::{JoinState, Subscription};

/// A note without its text.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NoteView {
    /// Which note.
    pub id: NoteId,
    /// The sheet's colour.
    pub colour: Colour,
    /// The place on the board.
    pub rank: Rank,
    /// On the board or in the trash.
    pub state: NoteState,
    /// Who wrote in it last; `None` for a new note of somebody who never was connected.
    pub edited_by: Option<Actor>,
    /// When that was.
    pub edited_at: Timestamp,
    /// The last event that changed it, as far as this client knows.
    pub seq: Seq,
    /// Whether only this client knows of it yet.
    pub is_new: bool,
}

impl BoardClient {
    /// The board's title; empty until it is known.
    #[must_use]
    pub fn title(&self) -> &str {
        let wished = self.overlaid_commands().filter_map(|(_, frozen)| match &frozen.command {
            Command::RenameBoard { title } | Command::CreateBoard { title } => Some(&**title),
            _ => None,
        });
        let known = self.known.title.as_ref().map_or("", |title| title.as_str());
        wished.last().unwrap_or(known)
    }

    /// What the person may do here, once that is known.
    #[must_use]
    pub fn role(&self) -> Option<Role> {
        self.known.role
    }

    /// Up to where events are applied.
    #[must_use]
    pub fn position(&self) -> Option<Position> {
        self.known.position
    }

    /// Whether the board's events follow.
    #[must_use]
    pub fn join_state(&self) -> JoinState {
        match self.subscription {
            Subscription::Offline => JoinState::NotJoined,
            Subscription::AwaitingMembership
            | Subscription::Joining(_)
            | Subscription::Pulling(_) => JoinState::Joining,
            Subscription::Live { .. } => JoinState::Live,
            Subscription::Refused(_) => JoinState::Refused,
        }
    }

    /// Why the board could not be joined.
    #[must_use]
    pub fn refusal(&self) -> Option<&Reason> {
        match &self.subscription {
            Subscription::Refused(reason) => Some(reason),
            _ => None,
        }
    }

    /// The notes in their order, those in the trash too.
    #[must_use]
    pub fn notes(&self) -> Vec<NoteView> {
        let created = self.overlaid_commands().filter_map(|(_, frozen)| match frozen.command {
            Command::CreateNote { note, .. } => Some(note),
            _ => None,
        });
        let unknown = created.filter(|note| !self.known.notes.contains_key(note));
        let mut ids: Vec<NoteId> = self.known.notes.keys().copied().chain(unknown).collect();
        ids.dedup();
        let mut notes: Vec<NoteView> = ids.into_iter().filter_map(|id| self.view(id)).collect();
        notes.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        notes
    }

    /// One note; `None` where there is no such note.
    #[must_use]
    pub fn view(&self, note: NoteId) -> Option<NoteView> {
        let known = self.known.notes.get(&note).map(NoteView::of);
        let about_it = self.outbox.iter().filter(|entry| entry.note() == Some(note));
        about_it.fold(known, |view, entry| self.overlaid(view, entry))
    }

    /// The text that the person sees; empty where there is no such note.
    #[must_use]
    pub fn text(&self, note: NoteId) -> Text {
        if let Some(text) = self.texts.get(&note) {
            return text.shown();
        }
        if let Some(known) = self.known.notes.get(&note) {
            return known.text.clone();
        }
        match self.outbox.creation(note).map(|frozen| &frozen.command) {
            Some(Command::CreateNote { text, .. }) => text.clone(),
            _ => Text::default(),
        }
    }

    /// The state of the words in a note.
    #[must_use]
    pub fn save_status(&self, note: NoteId) -> SaveStatus {
        if let Some(entry) = self.outbox.iter().find(|entry| entry.words_of() == Some(note)) {
            return SaveStatus::settled(SaveState::Saving, entry.since);
        }
        if self.texts.contains_key(&note) {
            return SaveStatus { state: SaveState::Editing, since: None, reason: None };
        }
        let saved = SaveStatus { state: SaveState::Saved, since: None, reason: None };
        self.save_statuses.get(&note).cloned().unwrap_or(saved)
    }

    /// Words that were set aside, oldest first.
    #[must_use]
    pub fn drafts(&self) -> &[Draft] {
        &self.drafts
    }

    /// Since when the oldest command has been without an outcome.
    #[must_use]
    pub fn unsaved_since(&self) -> Option<MonotonicTime> {
        self.outbox.iter().map(|entry| entry.since).min()
    }

    /// How many commands and notes the server does not have yet.
    #[must_use]
    pub fn unsent_count(&self) -> usize {
        let is_dirty = |note: Option<NoteId>| note.is_some_and(|it| self.texts.contains_key(&it));
        let others =
            self.outbox.commands().filter(|(entry, it)| !it.is_edit() || !is_dirty(entry.note()));
        self.texts.len() + others.count()
    }

    /// A rank between two notes; `None` means the board's edge. Where the two share a rank, the
    /// next place after both.
    #[must_use]
    pub fn rank_between(&self, after: Option<NoteId>, before: Option<NoteId>) -> Rank {
        let rank_of = |id: NoteId| self.view(id).map(|note| note.rank);
        let low = after.and_then(rank_of);
        let mut bounds: Vec<Option<Rank>> = match before.and_then(rank_of) {
            Some(high) => {
                let ranks = self.notes().into_iter().map(|note| note.rank);
                ranks.filter(|rank| *rank >= high).map(Some).collect()
            }
            None => Vec::new(),
        };
        bounds.push(None);
        let between = |high: &Option<Rank>| Rank::between(low.as_ref(), high.as_ref()).ok();
        bounds.iter().find_map(between).or(low).unwrap_or_else(Rank::middle)
    }

    /// The commands that are laid over the server's state: those whose events were not seen.
    fn overlaid_commands(&self) -> impl Iterator<Item = (&Entry, &Frozen)> {
        self.outbox.commands().filter(|(_, frozen)| !frozen.happened)
    }

    fn overlaid(&self, view: Option<NoteView>, entry: &Entry) -> Option<NoteView> {
        let frozen = match &entry.wish {
            QueuedCommand::Edit(_) => {
                return view.map(|view| NoteView { state: NoteState::Live, ..view });
            }
            QueuedCommand::Frozen(frozen) if frozen.happened => return view,
            QueuedCommand::Frozen(frozen) => frozen,
        };
        match &frozen.command {
            Command::CreateNote { note, colour, rank, .. } => {
                Some(view.unwrap_or_else(|| NoteView {
                    id: *note,
                    colour: *colour,
                    rank: rank.clone(),
                    state: NoteState::Live,
                    edited_by: self.me.clone(),
                    edited_at: entry.at,
                    seq: Seq(0),
                    is_new: true,
                }))
            }
            Command::EditNote { .. } | Command::RestoreNote { .. } => {
                view.map(|view| NoteView { state: NoteState::Live, ..view })
            }
            Command::TrashNote { .. } => {
                view.map(|view| NoteView { state: NoteState::Trashed, ..view })
            }
            Command::MoveNote { rank, .. } => {
                view.map(|view| NoteView { rank: rank.clone(), ..view })
            }
            Command::RecolourNote { colour, .. } => {
                view.map(|view| NoteView { colour: *colour, ..view })
            }
            Command::DeleteNote { .. } => None,
            _ => view,
        }
    }
}

impl NoteView {
    fn of(note: &Note) -> Self {
        Self {
            id: note.id,
            colour: note.colour,
            rank: note.rank.clone(),
            state: note.state,
            edited_by: Some(note.edited_by.clone()),
            edited_at: note.edited_at,
            seq: note.seq,
            is_new: false,
        }
    }
}
