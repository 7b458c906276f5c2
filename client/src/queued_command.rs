//! A command in the outbox.

use serde_json::value::RawValue;
use sockbit_domain::wire::{ClientMessage, SentCommand};
use sockbit_domain::{BoardId, Command, MessageId, NoteId, Position, Text, Timestamp};

use crate::clock_and_ids::{MonotonicTime, Now};

/// Servers accept frames of 256 KiB, and close the connection on longer ones.
const BODY_BYTES_MAX: usize = 250 * 1024;

/// A command with the time of its submission.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub at: Timestamp,
    /// The same on the monotonic clock of this process.
    pub since: MonotonicTime,
    pub command: QueuedCommand,
}

/// An edit is frozen when it is the first entry, every other command on submission.
#[derive(Clone, Debug)]
pub(crate) enum QueuedCommand {
    /// The pending change of this note.
    Edit(NoteId),
    Frozen(Box<FrozenCommand>),
}

/// A command that never changes again: every resend has the same bytes.
#[derive(Clone, Debug)]
pub(crate) struct FrozenCommand {
    pub id: MessageId,
    pub command: Command,
    /// The JSON of the command.
    pub body: String,
    pub key: Option<String>,
    /// The text of the note after the event of this edit, kept until the outcome: a server that was
    /// restored from a backup may reject an edit whose event was applied here.
    pub resulting_text: Option<Text>,
    /// Whether its event was applied.
    pub is_event_seen: bool,
    /// When it was sent over the present connection.
    pub sent_at: Option<MonotonicTime>,
    /// The end of the pause that the server asked for.
    pub not_before: Option<MonotonicTime>,
    /// The position in the outcome.
    pub done_at: Option<Position>,
}

impl Entry {
    pub fn edit(note: NoteId, at: Timestamp, now: Now) -> Self {
        Self { at, since: now.monotonic_of(at), command: QueuedCommand::Edit(note) }
    }

    pub fn new(command: FrozenCommand, at: Timestamp, now: Now) -> Self {
        let command = QueuedCommand::Frozen(Box::new(command));
        Self { at, since: now.monotonic_of(at), command }
    }

    pub fn frozen(&self) -> Option<&FrozenCommand> {
        match &self.command {
            QueuedCommand::Frozen(frozen) => Some(frozen),
            QueuedCommand::Edit(_) => None,
        }
    }

    pub fn frozen_mut(&mut self) -> Option<&mut FrozenCommand> {
        match &mut self.command {
            QueuedCommand::Frozen(frozen) => Some(frozen),
            QueuedCommand::Edit(_) => None,
        }
    }

    pub fn note(&self) -> Option<NoteId> {
        match &self.command {
            QueuedCommand::Edit(note) => Some(*note),
            QueuedCommand::Frozen(frozen) => frozen.command.note(),
        }
    }

    /// The note whose text this changes or creates.
    pub fn text_note(&self) -> Option<NoteId> {
        let is_text = self.frozen().is_none_or(|it| it.is_edit() || it.created().is_some());
        self.note().filter(|_| is_text)
    }

    pub fn is_queued_edit(&self, note: NoteId) -> bool {
        matches!(self.command, QueuedCommand::Edit(it) if it == note)
    }
}

impl FrozenCommand {
    pub fn new(id: MessageId, command: Command, key: Option<String>) -> Self {
        let body = serde_json::to_string(&command).expect("a command always has a JSON form");
        Self::with_body(id, command, body, key)
    }

    /// `body` is the JSON of the command, as an earlier process wrote it.
    pub fn with_body(id: MessageId, command: Command, body: String, key: Option<String>) -> Self {
        Self {
            id,
            command,
            body,
            key,
            resulting_text: None,
            is_event_seen: false,
            sent_at: None,
            not_before: None,
            done_at: None,
        }
    }

    /// Whether it makes the sender a member, so that it is sent before the join.
    pub fn is_for_membership(&self) -> bool {
        matches!(self.command, Command::CreateBoard { .. } | Command::JoinBoard {})
    }

    pub fn is_edit(&self) -> bool {
        matches!(self.command, Command::EditNote { .. })
    }

    /// The note that it creates, and the first text of that.
    pub fn created(&self) -> Option<(NoteId, &Text)> {
        match &self.command {
            Command::CreateNote { note, text, .. } => Some((*note, text)),
            _ => None,
        }
    }

    /// Whether no server accepts it.
    pub fn is_too_long(&self) -> bool {
        self.body.len() > BODY_BYTES_MAX
    }

    pub fn is_due(&self, now: MonotonicTime) -> bool {
        let is_paused = self.not_before.is_some_and(|time| now < time);
        self.done_at.is_none() && self.sent_at.is_none() && !is_paused && !self.is_too_long()
    }

    pub fn message(&self, board: BoardId) -> ClientMessage {
        let body = RawValue::from_string(self.body.clone());
        let body = body.expect("a body is written as JSON, and read as JSON when it is restored");
        ClientMessage::Command(SentCommand { id: self.id, board, key: self.key.clone(), body })
    }
}
