//! What the load generator must know of a server's protocol.

use anyhow::Result;
use sockbit_domain::{BoardId, NoteId, Position};

use super::client_state::ClientState;
use super::observation::Observer;

/// An edit that replaces the text of a note.
pub struct OutgoingEdit<'a> {
    pub id: &'a str,
    pub board: BoardId,
    pub note: NoteId,
    /// The position after the note's previous edit.
    pub base: Position,
    /// As long as the text that it replaces.
    pub text: &'a str,
}

/// A protocol over WebSocket.
pub trait WireProtocol {
    /// The path of the WebSocket.
    fn path(&self) -> &'static str;

    /// Handles a text frame of the server.
    fn receive(
        &self,
        state: &mut ClientState,
        frame: &[u8],
        observer: &mut Observer<'_>,
    ) -> Result<()>;

    /// The message that sends an edit.
    fn edit(&self, edit: &OutgoingEdit<'_>) -> String;

    /// Whether the sender of an edit gets an outcome besides the event.
    fn has_outcomes(&self) -> bool;
}
