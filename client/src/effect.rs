//! What one part of the client asks of the others.

use sockbit_domain::wire::{BoardPage, ClientMessage};
use sockbit_domain::{NoteId, Position, Seq, Text};

use crate::reason::Reason;

/// A consequence of an input for other parts, which `ClientParts` carries out.
#[derive(Debug)]
pub(crate) enum Effect {
    /// Send a message to the server.
    Send(ClientMessage),
    /// Load all pages of a pull, and join at their position.
    Load(Vec<BoardPage>),
    /// The board is joined; this is its head.
    Joined(Seq),
    /// An edit is saved: what was in flight is part of the server's text.
    EditSaved(NoteId),
    /// The creation of a note is saved.
    CreationSaved(NoteId),
    /// Another command is saved, or changed nothing.
    CommandDone { note: Option<NoteId> },
    /// A command that makes the user a member has its outcome: the board can be joined.
    MembershipDecided,
    /// The server no longer knows the base of the first edit: it is rebased, and sent under another id.
    RequeueEdit { note: NoteId, base: Position },
    /// Text that was saved is lost with a part of the server's history: it becomes a draft.
    KeepLostText { note: NoteId, text: Text, reason: Reason },
    /// The edits of a note are dropped: its local text becomes a draft, and its status `rejected`.
    AbandonEdits { note: NoteId, reason: Reason },
    /// The creation of a note with this text is dropped: its latest text becomes a draft.
    AbandonNote { note: NoteId, text: Text, reason: Reason },
    /// The note was permanently deleted, or the server lost it: its local text becomes a draft.
    NoteGone(NoteId),
    /// Something without text was not carried out: the user is notified.
    Notify { note: Option<NoteId>, reason: Reason },
}
