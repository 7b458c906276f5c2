//! The commands of one board that have no outcome yet, in the order in which they were wished.

use std::collections::VecDeque;

use crate::clock_and_ids::{MonotonicTime, Now};
use sockbit_domain::{Command, MessageId, NoteId, Position, Seq, Text, TextChange, Timestamp};

/// How long an answer is waited for before the same bytes are sent again.
const RESEND_AFTER_MS: i64 = 5_000;

/// Servers take frames of 256 KiB, and close the connection on longer ones.
const BODY_BYTES_MAX: usize = 250 * 1024;

/// One wish.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// When it was wished.
    pub at: Timestamp,
    /// The same on this process's monotonic clock.
    pub since: MonotonicTime,
    pub wish: QueuedCommand,
}

/// An edit is frozen only when its turn has come; everything else at once.
#[derive(Clone, Debug)]
pub(crate) enum QueuedCommand {
    /// What is typed in this note by then.
    Edit(NoteId),
    Frozen(Box<Frozen>),
}

/// A command that never changes again: a repeat must be the same to the byte.
#[derive(Clone, Debug)]
pub(crate) struct Frozen {
    pub id: MessageId,
    pub body: String,
    pub command: Command,
    pub key: Option<String>,
    /// When it went out over the present connection.
    pub sent_at: Option<MonotonicTime>,
    /// The server asked not to be asked again before.
    pub not_before: Option<MonotonicTime>,
    /// Where the outcome said that it stands.
    pub done_at: Option<Position>,
    /// Its event was seen.
    pub happened: bool,
    /// What an edit made of its note. With its event the words are the server's, until the outcome says that
    /// they were lost with a part of the history.
    pub shown: Option<Text>,
}

/// At most the front one is unanswered at any time, so order needs no further mechanism.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    entries: VecDeque<Entry>,
}

impl Entry {
    pub fn edit(note: NoteId, at: Timestamp, now: Now) -> Self {
        Self { at, since: now.monotonic_of(at), wish: QueuedCommand::Edit(note) }
    }

    pub fn frozen(frozen: Frozen, at: Timestamp, now: Now) -> Self {
        Self { at, since: now.monotonic_of(at), wish: QueuedCommand::Frozen(Box::new(frozen)) }
    }

    pub fn note(&self) -> Option<NoteId> {
        match &self.wish {
            QueuedCommand::Edit(note) => Some(*note),
            QueuedCommand::Frozen(frozen) => frozen.command.note(),
        }
    }

    fn opens_board(&self) -> bool {
        matches!(&self.wish, QueuedCommand::Frozen(frozen) if frozen.opens_board())
    }

    pub fn is_creation(&self) -> bool {
        matches!(&self.wish, QueuedCommand::Frozen(frozen) if frozen.creates().is_some())
    }

    /// The note whose words this carries.
    pub fn words_of(&self) -> Option<NoteId> {
        match &self.wish {
            QueuedCommand::Edit(note) => Some(*note),
            QueuedCommand::Frozen(frozen) => match &frozen.command {
                Command::CreateNote { note, .. } | Command::EditNote { note, .. } => Some(*note),
                _ => None,
            },
        }
    }
}

impl Frozen {
    pub fn new(id: MessageId, command: Command, body: String, key: Option<String>) -> Self {
        Self {
            id,
            body,
            command,
            key,
            sent_at: None,
            not_before: None,
            done_at: None,
            happened: false,
            shown: None,
        }
    }

    /// Whether it makes the sender a member, and so goes before the join.
    pub fn opens_board(&self) -> bool {
        matches!(self.command, Command::CreateBoard { .. } | Command::JoinBoard {})
    }

    pub fn is_due(&self, now: MonotonicTime) -> bool {
        let is_waiting = self.not_before.is_some_and(|time| now < time);
        self.done_at.is_none() && self.sent_at.is_none() && !is_waiting && !self.is_too_long()
    }

    /// Whether no server would take it.
    pub fn is_too_long(&self) -> bool {
        self.body.len() > BODY_BYTES_MAX
    }

    pub fn creates(&self) -> Option<NoteId> {
        match &self.command {
            Command::CreateNote { note, .. } => Some(*note),
            _ => None,
        }
    }

    pub fn is_edit(&self) -> bool {
        matches!(self.command, Command::EditNote { .. })
    }
}

impl Outbox {
    pub fn iter(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The commands, without the typing that waits for its turn.
    pub fn commands(&self) -> impl Iterator<Item = (&Entry, &Frozen)> {
        self.entries.iter().filter_map(|entry| match &entry.wish {
            QueuedCommand::Frozen(frozen) => Some((entry, &**frozen)),
            QueuedCommand::Edit(_) => None,
        })
    }

    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    pub fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    /// What lets the sender in goes before all that needs them to be in.
    pub fn push_first(&mut self, entry: Entry) {
        let opens = self.entries.iter().take_while(|entry| entry.opens_board()).count();
        self.entries.insert(opens, entry);
    }

    pub fn pop(&mut self) -> Option<Entry> {
        self.entries.pop_front()
    }

    pub fn front(&self) -> Option<&Entry> {
        self.entries.front()
    }

    /// The command whose turn it is.
    pub fn open(&self) -> Option<&Frozen> {
        match &self.entries.front()?.wish {
            QueuedCommand::Frozen(frozen) => Some(frozen),
            QueuedCommand::Edit(_) => None,
        }
    }

    pub fn open_mut(&mut self) -> Option<&mut Frozen> {
        match &mut self.entries.front_mut()?.wish {
            QueuedCommand::Frozen(frozen) => Some(frozen),
            QueuedCommand::Edit(_) => None,
        }
    }

    /// Puts another wish in the place of the front one, as old as that.
    pub fn replace_front(&mut self, wish: QueuedCommand) {
        if let Some(entry) = self.entries.front_mut() {
            entry.wish = wish;
        }
    }

    pub fn drop_if(&mut self, is_dropped: impl Fn(&Entry) -> bool) {
        self.entries.retain(|entry| !is_dropped(entry));
    }

    /// Typing in this note no longer waits for its turn.
    pub fn drop_waiting_edits(&mut self, note: NoteId) {
        self.drop_if(|entry| matches!(entry.wish, QueuedCommand::Edit(it) if it == note));
    }

    /// Whether typing in this note waits for its turn already.
    pub fn has_waiting_edit(&self, note: NoteId) -> bool {
        self.entries.iter().any(|entry| matches!(entry.wish, QueuedCommand::Edit(it) if it == note))
    }

    /// The creation of this note, while nobody knows whether it happened.
    pub fn creation(&self, note: NoteId) -> Option<&Frozen> {
        let creates = |frozen: &&Frozen| frozen.creates() == Some(note) && !frozen.happened;
        self.commands().map(|(_, frozen)| frozen).find(creates)
    }

    /// The board is known anew, and may be an older one: whether notes were created is seen there.
    pub fn forget_creations(&mut self) {
        for entry in &mut self.entries {
            if let QueuedCommand::Frozen(frozen) = &mut entry.wish
                && frozen.creates().is_some()
            {
                frozen.happened = false;
            }
        }
    }

    /// The server has this note, or had it, so its creation happened.
    pub fn note_was_seen(&mut self, note: NoteId) {
        for entry in &mut self.entries {
            if let QueuedCommand::Frozen(frozen) = &mut entry.wish
                && frozen.creates() == Some(note)
            {
                frozen.happened = true;
            }
        }
    }

    /// Whether a text of this note is on its way.
    pub fn has_edit_in_flight(&self, note: NoteId) -> bool {
        self.commands().any(|(_, frozen)| frozen.is_edit() && frozen.command.note() == Some(note))
    }

    /// The connection is gone, and with it what was in the air.
    pub fn disconnected(&mut self) {
        if let Some(open) = self.open_mut() {
            open.sent_at = None;
            open.not_before = None;
        }
    }

    /// What the server said before a snapshot is asked again: its history may be another one.
    pub fn forget_outcome(&mut self) {
        if let Some(open) = self.open_mut() {
            open.done_at = None;
            open.sent_at = None;
        }
    }

    /// What the server said of a position that it does not have is asked again.
    pub fn forget_outcome_beyond(&mut self, head: Seq) {
        let done_at = self.open().and_then(|open| open.done_at);
        if done_at.is_some_and(|position| position.seq > head) {
            self.forget_outcome();
        }
    }

    /// Lets an answer that is overdue be asked for again, and one whose event is.
    pub fn tick(&mut self, now: MonotonicTime) {
        if let Some(open) = self.open_mut() {
            let is_overdue = |sent: MonotonicTime| now.since(sent) >= RESEND_AFTER_MS;
            if open.sent_at.is_some_and(is_overdue) {
                open.sent_at = None;
                open.done_at = None;
            }
        }
    }
}

/// The command that changes a text by a delta.
pub(crate) fn edit_note(note: NoteId, base: Position, delta: sockbit_domain::Delta) -> Command {
    Command::EditNote { note, base, change: TextChange::Delta(delta) }
}

/// The JSON of a command, frozen.
pub(crate) fn body_of(command: &Command) -> String {
    serde_json::to_string(command).expect("a command is plain data, which always has a JSON form")
}
