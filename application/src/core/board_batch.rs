//! A batch of commands grouped by board, and what must be loaded to decide it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sha2::{Digest, Sha256};
use sockbit_domain::{BoardId, Command, Rejection, RejectionCode};

use crate::bus_messages::CommandEnvelope;
use crate::ports::LoadRequest;

/// Bytes of past edits that are loaded for a whole batch. A client that is further behind pulls the
/// note again, which costs less than the merge.
const BATCH_EDITS_BYTES_MAX: usize = 8 * 1024 * 1024;
/// The same for one note: some thousands of small edits.
const NOTE_EDITS_BYTES_MAX: usize = 256 * 1024;
/// What each note gets even in a full batch: some hundreds of small edits.
const NOTE_EDITS_BYTES_MIN: usize = 16 * 1024;

/// The commands of a batch for one board, in order.
pub(super) struct BoardBatch<'a> {
    pub id: BoardId,
    pub commands: Vec<ReceivedCommand<'a>>,
}

/// A command with its parsed body.
pub(super) struct ReceivedCommand<'a> {
    pub envelope: &'a CommandEnvelope,
    pub command: Result<Command, Rejection>,
    pub body_hash: [u8; 32],
}

/// Groups a batch by board; the boards keep the order in which they first occur.
pub(super) fn group_by_board(batch: &[CommandEnvelope]) -> Vec<BoardBatch<'_>> {
    let mut indices = BTreeMap::new();
    let mut boards: Vec<BoardBatch<'_>> = Vec::new();
    for envelope in batch {
        let index = match indices.entry(envelope.board) {
            Entry::Occupied(index) => *index.get(),
            Entry::Vacant(index) => {
                boards.push(BoardBatch { id: envelope.board, commands: Vec::new() });
                *index.insert(boards.len() - 1)
            }
        };
        if let Some(board) = boards.get_mut(index) {
            board.commands.push(ReceivedCommand::parse(envelope));
        }
    }
    boards
}

impl<'a> ReceivedCommand<'a> {
    fn parse(envelope: &'a CommandEnvelope) -> Self {
        let command = parse_command(envelope.body.get());
        Self { envelope, command, body_hash: body_hash(envelope) }
    }
}

fn parse_command(body: &str) -> Result<Command, Rejection> {
    let malformed = |detail: String| Rejection::new(RejectionCode::Malformed, detail);
    // serde would accept an array of the fields too, and their order become part of the protocol.
    if !body.starts_with('{') {
        return Err(malformed("the body is not a JSON object".to_owned()));
    }
    serde_json::from_str(body)
        .map_err(|error| malformed(format!("the body is not a command: {error}")))
}

/// Hashes the body as received and the key beside it: two messages with the same hash are the same
/// command.
fn body_hash(envelope: &CommandEnvelope) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(envelope.body.get().as_bytes());
    if let Some(key) = envelope.key {
        hash.update(key.0);
    }
    hash.finalize().into()
}

/// The load request for each board of a batch.
pub(super) fn load_requests(boards: &[&BoardBatch<'_>]) -> Vec<LoadRequest> {
    let edits =
        boards.iter().flat_map(|board| board.valid()).filter(|it| it.base().is_some()).count();
    let share = BATCH_EDITS_BYTES_MAX / edits.max(1);
    let edits_bytes_max = share.clamp(NOTE_EDITS_BYTES_MIN, NOTE_EDITS_BYTES_MAX);
    boards.iter().map(|board| board.load_request(edits_bytes_max)).collect()
}

impl BoardBatch<'_> {
    fn load_request(&self, edits_bytes_max: usize) -> LoadRequest {
        let mut request = LoadRequest {
            board: self.id,
            actors: self.commands.iter().map(|it| it.envelope.actor.id).collect(),
            messages: self
                .commands
                .iter()
                .map(|it| (it.envelope.client, it.envelope.message))
                .collect(),
            notes: BTreeMap::new(),
            edits_bytes_max,
            bases: self.valid().filter_map(|it| Some(it.base()?.seq)).collect(),
        };
        for command in self.valid() {
            let Some(note) = command.note() else { continue };
            let base = command.base().map(|base| base.seq);
            let lowest = request.notes.entry(note).or_insert(base);
            *lowest = match (*lowest, base) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        request
    }

    fn valid(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter().filter_map(|it| it.command.as_ref().ok())
    }
}
