//! A batch sorted by board, and what must be known to decide it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use sha2::{Digest, Sha256};
use sockbit_domain::{BoardId, Command, Rejection, RejectionCode};

use crate::envelope::CommandEnvelope;
use crate::ports::LoadRequest;

/// What the edits of a batch are merged over, all together: whoever is further behind pulls the note
/// anew, which costs less.
const EDITS_BYTES_IN_ALL: usize = 8 * 1024 * 1024;
/// The same for one note: some thousands of small edits.
const EDITS_BYTES_MAX: usize = 256 * 1024;
/// What there is room for even in a full batch: some hundreds of small edits.
const EDITS_BYTES_MIN: usize = 16 * 1024;

/// The commands of a batch that are for one board, in their order.
pub(super) struct BoardBatch<'a> {
    pub board: BoardId,
    pub commands: Vec<ReceivedCommand<'a>>,
}

/// A command as the core reads it.
pub(super) struct ReceivedCommand<'a> {
    pub envelope: &'a CommandEnvelope,
    pub command: Result<Command, Rejection>,
    pub body_hash: [u8; 32],
}

/// Sorts a batch by board; the boards keep the order in which they were first named.
pub(super) fn group_by_board(batch: &[CommandEnvelope]) -> Vec<BoardBatch<'_>> {
    let mut places = BTreeMap::new();
    let mut boards: Vec<BoardBatch<'_>> = Vec::new();
    for envelope in batch {
        let place = match places.entry(envelope.board) {
            Entry::Occupied(place) => *place.get(),
            Entry::Vacant(place) => {
                boards.push(BoardBatch { board: envelope.board, commands: Vec::new() });
                *place.insert(boards.len() - 1)
            }
        };
        if let Some(batch) = boards.get_mut(place) {
            batch.commands.push(ReceivedCommand::read(envelope));
        }
    }
    boards
}

impl<'a> ReceivedCommand<'a> {
    fn read(envelope: &'a CommandEnvelope) -> Self {
        Self { envelope, command: command(envelope.body.get()), body_hash: body_hash(envelope) }
    }
}

fn command(body: &str) -> Result<Command, Rejection> {
    let malformed = |detail: String| Rejection::new(RejectionCode::Malformed, detail);
    // Fields in a row without their names would be read too, and their order be part of the protocol.
    if !body.starts_with('{') {
        return Err(malformed("the body is not a JSON object".to_owned()));
    }
    serde_json::from_str(body)
        .map_err(|error| malformed(format!("the body is not a command: {error}")))
}

/// The body's bytes as received, and the key beside it: what makes two sendings the same command.
fn body_hash(envelope: &CommandEnvelope) -> [u8; 32] {
    let mut hash = Sha256::new_with_prefix(envelope.body.get().as_bytes());
    if let Some(key) = envelope.key {
        hash.update(key.0);
    }
    hash.finalize().into()
}

/// What the store is asked for, for each board of a batch.
pub(super) fn wanted(boards: &[BoardBatch<'_>]) -> Vec<LoadRequest> {
    let edits = boards.iter().flat_map(BoardBatch::known).filter(|it| it.base().is_some()).count();
    let share = EDITS_BYTES_IN_ALL / edits.max(1);
    let edits_bytes_max = share.clamp(EDITS_BYTES_MIN, EDITS_BYTES_MAX);
    boards.iter().map(|board| board.wanted(edits_bytes_max)).collect()
}

impl BoardBatch<'_> {
    fn wanted(&self, edits_bytes_max: usize) -> LoadRequest {
        let mut wanted = LoadRequest {
            board: self.board,
            actors: self.commands.iter().map(|it| it.envelope.actor.id).collect(),
            messages: self
                .commands
                .iter()
                .map(|it| (it.envelope.client, it.envelope.message))
                .collect(),
            notes: BTreeMap::new(),
            edits_bytes_max,
            bases: self.known().filter_map(|it| Some(it.base()?.seq)).collect(),
        };
        for command in self.known() {
            let Some(note) = command.note() else { continue };
            let base = command.base().map(|base| base.seq);
            let lowest = wanted.notes.entry(note).or_insert(base);
            *lowest = match (*lowest, base) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        wanted
    }

    fn known(&self) -> impl Iterator<Item = &Command> {
        self.commands.iter().filter_map(|it| it.command.as_ref().ok())
    }
}
