//! The machine of one board at one client: what the person does, and the state that it all works on.

use std::collections::BTreeMap;

use sockbit_domain::{Actor, ActorId, BoardId, Command, Delta, DeltaError, MessageId, NoteId};
use uuid::Uuid;

use crate::clock_and_ids::{ClockAndIds, Now};
use crate::draft::Draft;
use crate::note_text::NoteText;
use crate::outbox::{Entry, Frozen, Outbox, body_of};
use crate::presence::Presence;
use crate::save_status::SaveStatus;
use crate::server_board::ServerBoard;
use crate::subscription::Subscription;
use crate::view_changes::{Changes, ViewChange};

/// One board as one client has it. Call it with what happens; then keep what [`unsent_state`] gives, send
/// what [`take_outgoing`] gives, and show what [`take_changes`] names, in this order.
///
/// [`unsent_state`]: BoardClient::unsent_state
/// [`take_outgoing`]: BoardClient::take_outgoing
/// [`take_changes`]: BoardClient::take_changes
#[derive(Clone, Debug)]
pub struct BoardClient {
    pub(crate) board: BoardId,
    /// Who the server takes the sender for.
    pub(crate) me: Option<Actor>,
    /// Whose words and wishes these are.
    pub(crate) owner: Option<ActorId>,
    pub(crate) known: ServerBoard,
    /// Only of notes with local changes.
    pub(crate) texts: BTreeMap<NoteId, NoteText>,
    pub(crate) outbox: Outbox,
    pub(crate) drafts: Vec<Draft>,
    /// What became of the words that were sent last.
    pub(crate) save_statuses: BTreeMap<NoteId, SaveStatus>,
    pub(crate) subscription: Subscription,
    pub(crate) presence: Presence,
    pub(crate) changes: Changes,
    pub(crate) outgoing: Vec<String>,
    pub(crate) disagreements: u64,
}

/// Why typing could not be taken in: the caller shows something else than the machine.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum EditError {
    /// It is not on the board.
    #[error("there is no note {0} to type in")]
    NoSuchNote(NoteId),
    /// The change does not fit the shown text.
    #[error(transparent)]
    Delta(#[from] DeltaError),
}

/// Why a wish could not be taken in.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("a text is changed by typing in it, not by an `edit_note`")]
pub struct SubmitError;

impl BoardClient {
    /// Knows nothing yet, but perhaps for whom the page was made.
    #[must_use]
    pub fn new(board: BoardId, actor: Option<ActorId>) -> Self {
        Self {
            board,
            me: None,
            owner: actor,
            known: ServerBoard::default(),
            texts: BTreeMap::new(),
            outbox: Outbox::default(),
            drafts: Vec::new(),
            save_statuses: BTreeMap::new(),
            subscription: Subscription::Offline,
            presence: Presence::default(),
            changes: Changes::default(),
            outgoing: Vec::new(),
            disagreements: 0,
        }
    }

    /// The person typed: a change of the shown text. It is not sent before [`BoardClient::flush`].
    pub fn edit(&mut self, note: NoteId, delta: &Delta) -> Result<(), EditError> {
        if self.view(note).is_none() {
            return Err(EditError::NoSuchNote(note));
        }
        let shown = self.text(note);
        let text = self.texts.entry(note).or_insert_with(|| NoteText::on(shown));
        let typed = text.typed(delta);
        self.drop_if_clean(note);
        self.changes.touch(note);
        self.settle_changes();
        Ok(typed?)
    }

    /// What was typed in a note may be sent.
    pub fn flush(&mut self, note: NoteId, clock_and_ids: &mut ClockAndIds<'_>) {
        let is_typed = self.texts.get(&note).is_some_and(|text| !text.pending().is_empty());
        if is_typed && !self.outbox.has_waiting_edit(note) {
            self.outbox.push(Entry::edit(note, clock_and_ids.now.wall, clock_and_ids.now));
            self.changes.touch(note);
        }
        self.advance(clock_and_ids);
    }

    /// Any command but `edit_note`, under a fresh message id; `key` travels beside it.
    pub fn submit(
        &mut self,
        command: Command,
        id: MessageId,
        now: Now,
        key: Option<String>,
    ) -> Result<(), SubmitError> {
        if matches!(command, Command::EditNote { .. }) {
            return Err(SubmitError);
        }
        match command.note() {
            Some(note) => self.changes.touch(note),
            None => self.changes.board(),
        }
        let body = body_of(&command);
        let frozen = Frozen::new(id, command, body, key);
        if frozen.opens_board() && !self.is_caught_up() {
            self.outbox.push_first(Entry::frozen(frozen, now.wall, now));
        } else {
            self.outbox.push(Entry::frozen(frozen, now.wall, now));
        }
        self.send_open(now.monotonic);
        self.settle_changes();
        Ok(())
    }

    /// The person needs a draft no longer.
    pub fn dismiss_draft(&mut self, id: Uuid) {
        for draft in self.drafts.extract_if(.., |draft| draft.id == id) {
            self.save_statuses.remove(&draft.note);
            self.changes.touch(draft.note);
        }
        self.settle_changes();
    }

    /// The frames to send, in order.
    #[must_use]
    pub fn take_outgoing(&mut self) -> Vec<String> {
        std::mem::take(&mut self.outgoing)
    }

    /// What the view has to show anew, in order.
    #[must_use]
    pub fn take_changes(&mut self) -> Vec<ViewChange> {
        self.changes.take()
    }

    /// How often the server merged an edit into something else than this client did. Texts are the
    /// same all the same, but one of the two has a fault.
    #[must_use]
    pub fn merge_mismatches(&self) -> u64 {
        self.disagreements
    }

    pub(crate) fn drop_if_clean(&mut self, note: NoteId) {
        if self.texts.get(&note).is_some_and(NoteText::is_clean) {
            self.texts.remove(&note);
        }
    }

    /// Every call ends here, so that a view is told what is different after it.
    pub(crate) fn settle_changes(&mut self) {
        let mut changes = std::mem::take(&mut self.changes);
        if changes.is_reset() {
            changes.show_only(self.notes().iter().map(|note| note.id).collect());
        } else {
            changes.settle(|note| self.view(note).is_some());
        }
        self.changes = changes;
    }
}
