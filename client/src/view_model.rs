//! What the view shows: the server's board with local texts and pending commands applied to it.

use std::collections::BTreeSet;

use sockbit_domain::{Actor, Command, NoteId, Rank, Text};

use crate::local_texts::LocalTexts;
use crate::note_view::NoteView;
use crate::outbox::Outbox;
use crate::queued_command::FrozenCommand;
use crate::server_board::ServerBoard;

/// Reads the parts that the view is computed from.
#[derive(Clone, Copy)]
pub(crate) struct ViewModel<'a> {
    pub server: &'a ServerBoard,
    pub texts: &'a LocalTexts,
    pub outbox: &'a Outbox,
    pub user: Option<&'a Actor>,
}

impl<'a> ViewModel<'a> {
    pub fn title(self) -> &'a str {
        let titles = self.outbox.pending_commands().filter_map(|it| match &it.command {
            Command::RenameBoard { title } | Command::CreateBoard { title } => Some(&**title),
            _ => None,
        });
        titles.last().unwrap_or(self.server.title())
    }

    /// In their order, those in the trash too.
    pub fn notes(self) -> Vec<NoteView> {
        let created = self.outbox.pending_commands().filter_map(FrozenCommand::created);
        let ids: BTreeSet<NoteId> =
            self.server.note_ids().chain(created.map(|(note, _)| note)).collect();
        let mut notes: Vec<NoteView> = ids.into_iter().filter_map(|id| self.note(id)).collect();
        notes.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        notes
    }

    /// The pending commands apply in their order.
    pub fn note(self, note: NoteId) -> Option<NoteView> {
        let saved = self.server.note(note).map(NoteView::of);
        let entries = self.outbox.pending().filter(|entry| entry.note() == Some(note));
        entries.fold(saved, |view, entry| match (view, entry.frozen()) {
            (view, None) => view.map(NoteView::live),
            (Some(view), Some(frozen)) => view.after(&frozen.command),
            (None, Some(frozen)) => NoteView::created(&frozen.command, self.user, entry.at),
        })
    }

    /// Empty if there is no such note.
    pub fn text(self, note: NoteId) -> Text {
        if let Some(text) = self.texts.get(note) {
            return text.shown();
        }
        let text = self.server.text(note).or_else(|| self.outbox.created_text(note));
        text.cloned().unwrap_or_default()
    }

    /// A rank between two notes; `None` is the edge of the board. If the two have the same rank, the
    /// first one after both.
    pub fn rank_between(self, after: Option<NoteId>, before: Option<NoteId>) -> Rank {
        let rank_of = |id: NoteId| self.note(id).map(|note| note.rank);
        let low = after.and_then(rank_of);
        let high = before.and_then(rank_of);
        let ranks = self.notes().into_iter().map(|note| note.rank);
        let bounds = ranks.filter(|rank| high.as_ref().is_some_and(|high| rank >= high));
        let bounds = bounds.map(Some).chain([None]);
        let mut between =
            bounds.filter_map(|bound| Rank::between(low.as_ref(), bound.as_ref()).ok());
        between.next().or_else(|| low.clone()).unwrap_or_else(Rank::middle)
    }
}
