//! What survives a reload: everything that the server does not have.

use serde::{Deserialize, Serialize};
use sockbit_domain::wire::BoardPage;
use sockbit_domain::{ActorId, BoardId, Command, Delta, MessageId, NoteId, Text, Timestamp};

use crate::board_client::BoardClient;
use crate::clock_and_ids::{ClockAndIds, Now};
use crate::draft::Draft;
use crate::note_text::NoteText;
use crate::outbox::{Entry, Frozen, QueuedCommand};
use crate::reason::Reason;

/// The server forgets outcomes after 90 days; what is older than this might happen twice.
const AGE_MAX_MS: i64 = 60 * 24 * 60 * 60 * 1000;

/// What one client keeps of one board.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnsentState {
    /// Which board.
    pub board: BoardId,
    /// Whose words and wishes these are, if they ever were connected.
    pub actor: Option<ActorId>,
    /// Local changes of texts, by note.
    pub notes: Vec<UnsentNote>,
    /// Commands without outcome, in order.
    pub outbox: Vec<UnsentCommand>,
    /// Words that were set aside.
    pub drafts: Vec<Draft>,
}

/// The local changes of one note.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UnsentNote {
    /// Which note.
    pub note: NoteId,
    /// The text that they stand on.
    pub ground: Text,
    /// What was sent.
    pub in_flight: Option<Delta>,
    /// What was typed since.
    pub pending: Delta,
}

/// One wish.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(untagged)]
pub enum UnsentCommand {
    /// A command, byte for byte as it was sent or will be.
    Frozen {
        /// The message id.
        id: MessageId,
        /// The JSON of the command.
        body: String,
        /// The key beside it.
        key: Option<String>,
        /// When it was wished.
        at: Timestamp,
        /// What an edit made of its note, where its event was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        shown: Option<Text>,
    },
    /// Typing that may be sent when its turn comes.
    Edit {
        /// In which note.
        edit: NoteId,
        /// Since when.
        at: Timestamp,
    },
}

impl BoardClient {
    /// What must be kept, if there is anything.
    #[must_use]
    pub fn unsent_state(&self) -> Option<UnsentState> {
        if self.texts.is_empty() && self.outbox.is_empty() && self.drafts.is_empty() {
            return None;
        }
        let notes = self.texts.iter().map(|(note, text)| UnsentNote {
            note: *note,
            ground: text.ground().clone(),
            in_flight: text.in_flight().cloned(),
            pending: text.pending().clone(),
        });
        Some(UnsentState {
            board: self.board,
            actor: self.owner,
            notes: notes.collect(),
            outbox: self.outbox.iter().map(UnsentCommand::of).collect(),
            drafts: self.drafts.clone(),
        })
    }

    /// Goes on from what was kept. What is too old, or somebody else's than `actor`'s, is not sent.
    #[must_use]
    pub fn restore(
        saved: UnsentState,
        actor: Option<ActorId>,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Self {
        let mut client = Self::new(saved.board, saved.actor);
        client.drafts = saved.drafts;
        for note in saved.notes {
            client.restore_note(note, clock_and_ids);
        }
        for entry in saved.outbox {
            match entry.read(clock_and_ids.now) {
                Ok(entry) => client.outbox.push(entry),
                Err(error) => client.notify(None, &Reason::unreadable(&error)),
            }
        }
        client.set_aside_orphans(clock_and_ids);
        client.set_aside_old(clock_and_ids);
        if let Some(actor) = actor {
            client.adopt(actor, clock_and_ids);
        }
        client.changes.reset();
        client.settle_changes();
        client
    }

    /// Starts from a snapshot of the whole board, such as the one that a page carries, and joins at
    /// its position: the server then sends only later events. If it can no longer verify that
    /// position, it answers `base_gone` and the board is pulled.
    ///
    /// `unsent` is what an earlier machine of the same board left, as for
    /// [`restore`](Self::restore). Its pending edits are rebased onto the snapshot's texts; an edit
    /// in flight stays as shown until its outcome arrives; text in a note that the snapshot does
    /// not have becomes a draft. The snapshot may be older than the unsent state.
    #[must_use]
    pub fn from_snapshot(
        snapshot: BoardPage,
        unsent: Option<UnsentState>,
        actor: Option<ActorId>,
        clock_and_ids: &mut ClockAndIds<'_>,
    ) -> Self {
        let mut client = match unsent {
            Some(unsent) => Self::restore(unsent, actor, clock_and_ids),
            None => Self::new(snapshot.board, actor),
        };
        client.load(vec![snapshot], clock_and_ids);
        client.settle_changes();
        client
    }

    fn restore_note(&mut self, saved: UnsentNote, clock_and_ids: &mut ClockAndIds<'_>) {
        let UnsentNote { note, ground, in_flight, pending } = saved;
        match NoteText::kept(ground.clone(), in_flight, pending) {
            Ok(text) => {
                self.texts.insert(note, text);
            }
            Err(error) => {
                self.texts.insert(note, NoteText::on(ground));
                self.keep_as_draft(note, &Reason::unreadable(&error), clock_and_ids);
            }
        }
    }

    /// From now on everything here is `actor`'s; what is somebody else's is set aside.
    pub(crate) fn adopt(&mut self, actor: ActorId, clock_and_ids: &mut ClockAndIds<'_>) {
        if self.owner.is_some_and(|owner| owner != actor) {
            let reason = Reason::other_identity();
            self.set_aside(&reason, clock_and_ids, |_| true);
            let notes: Vec<NoteId> = self.texts.keys().copied().collect();
            for note in notes {
                self.give_up_words(note, &reason, clock_and_ids);
            }
        }
        self.owner = Some(actor);
    }

    /// Words in flight without their command: nobody will ever say what became of them.
    fn set_aside_orphans(&mut self, clock_and_ids: &mut ClockAndIds<'_>) {
        let in_flight = self.texts.iter().filter(|(_, text)| text.in_flight().is_some());
        let notes: Vec<NoteId> = in_flight.map(|(note, _)| *note).collect();
        for note in notes {
            if !self.outbox.has_edit_in_flight(note) {
                self.give_up_words(
                    note,
                    &Reason::unreadable(&"its command is missing"),
                    clock_and_ids,
                );
            }
        }
    }

    pub(crate) fn set_aside_old(&mut self, clock_and_ids: &mut ClockAndIds<'_>) {
        let oldest = clock_and_ids.now.wall.0.saturating_sub(AGE_MAX_MS);
        self.set_aside(&Reason::expired(), clock_and_ids, |entry| entry.at.0 < oldest);
    }

    /// Takes wishes back out of the outbox: words become drafts, the rest is told.
    fn set_aside(
        &mut self,
        reason: &Reason,
        clock_and_ids: &mut ClockAndIds<'_>,
        is_aside: impl Fn(&Entry) -> bool,
    ) {
        let aside: Vec<Entry> = self.outbox.iter().filter(|it| is_aside(it)).cloned().collect();
        for entry in aside {
            match entry.words_of() {
                Some(note) if entry.is_creation() => {
                    self.reject_creation(note, reason, clock_and_ids);
                }
                Some(note) => self.give_up_words(note, reason, clock_and_ids),
                None => self.notify(entry.note(), reason),
            }
        }
        self.outbox.drop_if(is_aside);
    }
}

impl UnsentCommand {
    fn of(entry: &Entry) -> Self {
        match &entry.wish {
            QueuedCommand::Edit(note) => Self::Edit { edit: *note, at: entry.at },
            QueuedCommand::Frozen(frozen) => Self::Frozen {
                id: frozen.id,
                body: frozen.body.clone(),
                key: frozen.key.clone(),
                at: entry.at,
                shown: frozen.shown.clone(),
            },
        }
    }

    fn read(self, now: Now) -> Result<Entry, serde_json::Error> {
        match self {
            Self::Edit { edit, at } => Ok(Entry::edit(edit, at, now)),
            Self::Frozen { id, body, key, at, shown } => {
                let command: Command = serde_json::from_str(&body)?;
                let frozen = Frozen { shown, ..Frozen::new(id, command, body, key) };
                Ok(Entry::frozen(frozen, at, now))
            }
        }
    }
}
