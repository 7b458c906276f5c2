//! The outbox of one board: its commands without an outcome, in the order of submission.

use std::collections::VecDeque;

use sockbit_domain::wire::ClientMessage;
use sockbit_domain::{
    BoardId, Command, Delta, MessageId, NoteId, Position, Seq, Text, TextChange, Timestamp,
};

use crate::clock_and_ids::{MonotonicTime, Now};
use crate::effect::Effect;
use crate::queued_command::{Entry, FrozenCommand, QueuedCommand};
use crate::reason::Reason;

/// A command without an outcome is sent again after this long.
const RESEND_AFTER_MS: i64 = 5_000;

/// The server forgets outcomes after 90 days, and would carry out an older command again.
const AGE_MAX_MS: i64 = 60 * 24 * 60 * 60 * 1000;

/// Only the first command is sent before it has its outcome, which keeps their order.
#[derive(Clone, Debug, Default)]
pub(crate) struct Outbox {
    entries: VecDeque<Entry>,
}

impl Outbox {
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter()
    }

    /// The entries whose events are not applied yet.
    pub fn pending(&self) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(|it| !it.frozen().is_some_and(|frozen| frozen.is_event_seen))
    }

    /// The frozen commands among these.
    pub fn pending_commands(&self) -> impl Iterator<Item = &FrozenCommand> {
        self.pending().filter_map(Entry::frozen)
    }

    /// The text of a note whose creation has not been seen on the board.
    pub fn created_text(&self, note: NoteId) -> Option<&Text> {
        let mut created = self.pending_commands().filter_map(FrozenCommand::created);
        created.find(|(created, _)| *created == note).map(|(_, text)| text)
    }

    pub fn has_frozen_edit(&self, note: NoteId) -> bool {
        let mut commands = self.entries.iter().filter_map(Entry::frozen);
        commands.any(|frozen| frozen.is_edit() && frozen.command.note() == Some(note))
    }

    /// Whether the first command makes the sender a member.
    pub fn is_for_membership(&self) -> bool {
        self.first().is_some_and(FrozenCommand::is_for_membership)
    }

    pub fn push(&mut self, entry: Entry) {
        self.entries.push_back(entry);
    }

    /// Queues the pending change of a note. Returns whether it was not queued yet.
    pub fn queue_edit(&mut self, note: NoteId, now: Now) -> bool {
        let is_queued = self.entries.iter().any(|entry| entry.is_queued_edit(note));
        if !is_queued {
            self.push(Entry::edit(note, now.wall, now));
        }
        !is_queued
    }

    /// Queues a command before those that require the membership.
    pub fn push_first(&mut self, entry: Entry) {
        let is_before = |it: &&Entry| it.frozen().is_some_and(FrozenCommand::is_for_membership);
        let place = self.entries.iter().take_while(is_before).count();
        self.entries.insert(place, entry);
    }

    /// The note of the first entry, if that is an edit that can be frozen now.
    pub fn edit_to_freeze(&self) -> Option<NoteId> {
        self.entries.front().filter(|entry| entry.frozen().is_none())?.note()
    }

    /// Freezes the first entry, or drops it if there is nothing to send.
    pub fn freeze_edit(&mut self, note: NoteId, edit: Option<(MessageId, Position, Delta)>) {
        let (Some((id, base, delta)), Some(entry)) = (edit, self.entries.front_mut()) else {
            return self.drop_first();
        };
        let command = Command::EditNote { note, base, change: TextChange::Delta(delta) };
        entry.command = QueuedCommand::Frozen(Box::new(FrozenCommand::new(id, command, None)));
    }

    /// The first command if it is due. It is sent once over each connection, and again by `tick`.
    pub fn take_due(
        &mut self,
        board: BoardId,
        now: MonotonicTime,
        is_connected: bool,
        is_caught_up: bool,
    ) -> Option<ClientMessage> {
        let first = self.first_mut()?;
        let may_send = is_caught_up || (is_connected && first.is_for_membership());
        if !may_send || !first.is_due(now) {
            return None;
        }
        (first.sent_at, first.not_before) = (Some(now), None);
        Some(first.message(board))
    }

    /// Returns whether the event is that of the first command, which is not pending any more.
    pub fn event_seen(&mut self, message: MessageId) -> bool {
        let first = self.first_mut().filter(|first| first.id == message);
        first.map(|first| first.is_event_seen = true).is_some()
    }

    /// The text of the note after the event of the first command.
    pub fn set_resulting_text(&mut self, text: Text) {
        if let Some(first) = self.first_mut() {
            first.resulting_text = Some(text);
        }
    }

    /// The server has, or had, this note, so the event of its creation is seen.
    pub fn note_was_seen(&mut self, note: NoteId) {
        let creations = self.creations_mut().filter(|(created, _)| *created == note);
        for (_, command) in creations {
            command.is_event_seen = true;
        }
    }

    /// A snapshot is loaded, perhaps of another history. It tells which notes are created, and the
    /// outcome of the first command is requested again.
    pub fn board_loaded(&mut self, has_note: impl Fn(NoteId) -> bool) {
        self.forget_outcome();
        for (note, command) in self.creations_mut() {
            command.is_event_seen = has_note(note);
        }
    }

    /// Joined at this head: an outcome at a later position is of another history.
    pub fn joined(&mut self, head: Seq) {
        if self.first().and_then(|first| first.done_at).is_some_and(|it| it.seq > head) {
            self.forget_outcome();
        }
    }

    /// What was sent may be lost with the connection.
    pub fn disconnected(&mut self) {
        if let Some(first) = self.first_mut() {
            (first.sent_at, first.not_before) = (None, None);
        }
    }

    /// The first command is saved, or changed nothing.
    pub fn done(&mut self, id: MessageId, position: Position) {
        if let Some(first) = self.first_mut().filter(|first| first.id == id) {
            first.done_at = Some(position);
        }
    }

    /// The server asked for a pause before the first command is sent again.
    pub fn postpone(&mut self, id: Option<MessageId>, until: MonotonicTime) {
        if let Some(first) = self.first_mut().filter(|first| Some(first.id) == id) {
            (first.sent_at, first.not_before) = (None, Some(until));
        }
    }

    /// The first command is rejected, and will never be carried out under its id.
    pub fn reject(&mut self, id: MessageId, reason: &Reason) -> Vec<Effect> {
        let mut effects = Vec::new();
        let Some(first) = self.first().filter(|first| first.id == id).cloned() else {
            return effects;
        };
        let is_for_membership = first.is_for_membership();
        let lost_text = first.resulting_text.filter(|text| text.len_bytes() > 0);
        if let (Some(note), Some(text)) = (first.command.note(), lost_text) {
            effects.push(Effect::KeepLostText { note, text, reason: reason.clone() });
        }
        if let Command::EditNote { note, base, .. } = first.command
            && reason.is_base_gone()
        {
            effects.push(Effect::RequeueEdit { note, base });
            return effects;
        }
        let entry = self.entries.pop_front();
        effects.extend(entry.map(|entry| self.abandon(&entry, reason.clone())));
        if is_for_membership {
            effects.push(Effect::MembershipDecided);
        }
        effects
    }

    /// Rejects the first command if no server accepts it: its frame would close each connection.
    pub fn reject_too_long(&mut self) -> Vec<Effect> {
        self.reject_first_if(FrozenCommand::is_too_long)
    }

    /// The server closed the connection over a frame that it does not accept. Only the first command
    /// can be so long.
    pub fn reject_sent(&mut self) -> Vec<Effect> {
        self.reject_first_if(|first| first.sent_at.is_some() && first.done_at.is_none())
    }

    fn reject_first_if(&mut self, is_too_long: impl Fn(&FrozenCommand) -> bool) -> Vec<Effect> {
        let id = self.first().filter(|first| is_too_long(first)).map(|first| first.id);
        id.map_or_else(Vec::new, |id| self.reject(id, &Reason::too_long()))
    }

    /// Removes the first command if it has its outcome, and everything up to there is applied.
    pub fn take_done(&mut self, head: Option<Seq>) -> Option<Effect> {
        let first = self.first()?;
        let is_applied = head >= Some(first.done_at?.seq);
        if !is_applied && !first.is_for_membership() {
            return None;
        }
        let effect = match first.command {
            Command::EditNote { note, .. } => Effect::EditSaved(note),
            Command::CreateNote { note, .. } => Effect::CreationSaved(note),
            Command::CreateBoard { .. } | Command::JoinBoard {} => Effect::MembershipDecided,
            ref command => Effect::CommandDone { note: command.note() },
        };
        self.drop_first();
        Some(effect)
    }

    /// Puts the edit of a note in place of the first command, as old as that.
    pub fn requeue_edit(&mut self, note: NoteId) {
        self.drop_queued_edits(note);
        if let Some(entry) = self.entries.front_mut() {
            entry.command = QueuedCommand::Edit(note);
        }
    }

    pub fn drop_first(&mut self) {
        self.entries.pop_front();
    }

    pub fn drop_queued_edits(&mut self, note: NoteId) {
        self.entries.retain(|entry| !entry.is_queued_edit(note));
    }

    /// Drops what changes or creates the text of a note.
    pub fn drop_text_commands(&mut self, note: NoteId) {
        self.entries.retain(|entry| entry.text_note() != Some(note));
    }

    pub fn abandon_all(&mut self, reason: &Reason) -> Vec<Effect> {
        self.abandon_if(reason, |_| true)
    }

    pub fn abandon_expired(&mut self, wall: Timestamp) -> Vec<Effect> {
        let oldest = wall.0.saturating_sub(AGE_MAX_MS);
        self.abandon_if(&Reason::expired(), |entry| entry.at.0 < oldest)
    }

    fn abandon_if(&mut self, reason: &Reason, is_dropped: impl Fn(&Entry) -> bool) -> Vec<Effect> {
        let entries = std::mem::take(&mut self.entries).into_iter();
        let (dropped, kept): (VecDeque<Entry>, VecDeque<Entry>) = entries.partition(is_dropped);
        self.entries = kept;
        dropped.iter().map(|entry| self.abandon(entry, reason.clone())).collect()
    }

    /// An entry is dropped. Drops all others that cannot be carried out without it.
    fn abandon(&mut self, entry: &Entry, reason: Reason) -> Effect {
        if let Some((note, text)) = entry.frozen().and_then(FrozenCommand::created) {
            self.entries.retain(|it| it.note() != Some(note));
            return Effect::AbandonNote { note, text: text.clone(), reason };
        }
        if let Some(note) = entry.text_note() {
            self.drop_text_commands(note);
            return Effect::AbandonEdits { note, reason };
        }
        Effect::Notify { note: entry.note(), reason }
    }

    /// After a while without an outcome, or without the event of one, the first command is due again.
    pub fn tick(&mut self, now: MonotonicTime) {
        let is_overdue = |sent: MonotonicTime| now.since(sent) >= RESEND_AFTER_MS;
        if self.first().and_then(|first| first.sent_at).is_some_and(is_overdue) {
            self.forget_outcome();
        }
    }

    /// The first command, unless it is an edit that is not frozen.
    fn first(&self) -> Option<&FrozenCommand> {
        self.entries.front()?.frozen()
    }

    fn first_mut(&mut self) -> Option<&mut FrozenCommand> {
        self.entries.front_mut()?.frozen_mut()
    }

    fn forget_outcome(&mut self) {
        if let Some(first) = self.first_mut() {
            (first.done_at, first.sent_at) = (None, None);
        }
    }

    fn creations_mut(&mut self) -> impl Iterator<Item = (NoteId, &mut FrozenCommand)> {
        let commands = self.entries.iter_mut().filter_map(Entry::frozen_mut);
        commands.filter_map(|command| Some((command.created()?.0, command)))
    }
}
