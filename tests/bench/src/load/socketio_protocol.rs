//! Engine.IO and Socket.IO over WebSocket, and the messages of the servers in `tests/bench/peers`.

use anyhow::Result;

use super::client_state::ClientState;
use super::edit_ids::EditIds;
use super::observation::{Observer, What};
use super::wire_protocol::{OutgoingEdit, WireProtocol};

/// Packet types: those of Engine.IO, where 4 is a message, followed by those of Socket.IO.
const OPEN: &[u8] = b"0";
const PING: &[u8] = b"2";
const CONNECTED: &[u8] = b"40";
const EVENT: &[u8] = b"42";
const ACKNOWLEDGEMENT: &[u8] = b"43";

/// The servers on Socket.IO.
pub struct SocketIoProtocol {
    ids: EditIds,
}

impl SocketIoProtocol {
    /// The protocol with the ids of one load.
    pub fn new(ids: EditIds) -> Self {
        Self { ids }
    }
}

impl WireProtocol for SocketIoProtocol {
    fn path(&self) -> &'static str {
        "/socket.io/?EIO=4&transport=websocket"
    }

    fn receive(
        &self,
        state: &mut ClientState,
        packet: &[u8],
        observer: &mut Observer<'_>,
    ) -> Result<()> {
        if packet.starts_with(EVENT) {
            if let Some(edit) = self.ids.number_in(packet) {
                observer.add(What::Arrived { edit, position: None });
            }
            return Ok(());
        }
        if packet.starts_with(ACKNOWLEDGEMENT) {
            state.is_subscribed = true;
            observer.add(What::Subscribed);
            return Ok(());
        }
        if packet.starts_with(CONNECTED) {
            return join(state, observer);
        }
        if packet.starts_with(OPEN) {
            return state.append_text("40");
        }
        if packet == PING {
            return state.append_text("3");
        }
        observer.add(What::Failed(String::from_utf8_lossy(packet).into_owned()));
        Ok(())
    }

    fn edit(&self, edit: &OutgoingEdit<'_>) -> String {
        let OutgoingEdit { id, board, note, text, .. } = edit;
        format!(
            r#"42["edit",{{"message":"{id}","board":"{board}","note":"{note}","text":"{text}"}}]"#
        )
    }

    fn has_outcomes(&self) -> bool {
        false
    }
}

/// Joins the board's room; the acknowledgement has the board's state.
fn join(state: &mut ClientState, observer: &mut Observer<'_>) -> Result<()> {
    if let Some(board) = state.client.board {
        return state.append_text(&format!(r#"420["join","{board}"]"#));
    }
    state.is_subscribed = true;
    observer.add(What::Subscribed);
    Ok(())
}
