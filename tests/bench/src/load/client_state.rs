//! A client as the protocols see it: what it has joined, and what it sends next.

use std::net::SocketAddr;

use anyhow::Result;
use sockbit_domain::{BoardId, Position, Seq};

use super::web_socket_frames::{append_pong, append_text};

/// Spreads consecutive numbers over all bits of a mask.
const MASK_STEP: u32 = 0x9e37_79b9;

/// Who connects where.
#[derive(Clone, Debug)]
pub struct Client {
    pub gateway: SocketAddr,
    pub cookie: Option<String>,
    /// The board to join; `None` for a client that only sends.
    pub board: Option<BoardId>,
    /// The position to join with.
    pub position: Option<Position>,
    /// Whether the position follows the events.
    pub tracks_position: bool,
}

/// A client and the state of its connection.
pub struct ClientState {
    pub client: Client,
    pub is_subscribed: bool,
    /// The board's head when the client joined.
    pub head_at_join: Option<Seq>,
    /// Frames that the socket has not taken yet.
    pub outgoing: Vec<u8>,
    mask: u32,
}

impl ClientState {
    pub fn new(client: Client) -> Self {
        Self { client, is_subscribed: false, head_at_join: None, outgoing: Vec::new(), mask: 0 }
    }

    /// Forgets what belongs to the lost connection.
    pub fn disconnected(&mut self) {
        (self.is_subscribed, self.head_at_join) = (false, None);
        self.outgoing.clear();
    }

    /// Appends a text frame to what is sent next.
    pub fn append_text(&mut self, text: &str) -> Result<()> {
        let mask = self.next_mask();
        append_text(&mut self.outgoing, text, mask)
    }

    /// Appends the response to a ping.
    pub fn append_pong(&mut self, payload: &[u8]) -> Result<()> {
        let mask = self.next_mask();
        append_pong(&mut self.outgoing, payload, mask)
    }

    fn next_mask(&mut self) -> [u8; 4] {
        self.mask = self.mask.wrapping_add(MASK_STEP);
        self.mask.to_be_bytes()
    }
}
