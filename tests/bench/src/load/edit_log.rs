//! All edits of a load, and which clients have received which of them.

use std::time::Instant;

/// An edit that was sent.
#[derive(Debug)]
pub struct SentEdit {
    /// When it had to be sent, which may be before it was.
    pub due: Instant,
    /// The index of its board.
    pub board: usize,
    pub writer: usize,
    /// The index of its note among those of the writer.
    pub note: usize,
    pub is_measured: bool,
    /// Whether its writer knows that it is saved.
    pub is_finished: bool,
    /// The number of clients that have received it.
    pub deliveries: usize,
    /// The number of outcomes that its writer has received.
    pub outcomes: usize,
}

/// The edits by number, and for each connection a bit for each edit.
#[derive(Default)]
pub struct EditLog {
    pub edits: Vec<SentEdit>,
    received: Vec<Vec<u64>>,
    /// Events that clients received, each client's counted.
    pub delivered: u64,
    /// Events that a client received a second time.
    pub duplicated: u64,
}

impl EditLog {
    /// Notes the arrival of an edit. Returns whether it is the first one on this connection.
    pub fn arrived(&mut self, connection: usize, edit: usize) -> bool {
        if self.received.len() <= connection {
            self.received.resize_with(connection + 1, Vec::new);
        }
        let (word, bit) = (edit / 64, 1 << (edit % 64));
        let bits = &mut self.received[connection];
        if bits.len() <= word {
            bits.resize(word + 1, 0);
        }
        let is_first = bits[word] & bit == 0;
        bits[word] |= bit;
        if is_first {
            self.edits[edit].deliveries += 1;
            self.delivered += 1;
        } else {
            self.duplicated += 1;
        }
        is_first
    }

    /// The number of edits that were sent to a board.
    pub fn sent_to(&self, board: usize) -> u64 {
        self.edits.iter().filter(|it| it.board == board).count() as u64
    }
}
