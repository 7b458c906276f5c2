//! The presence on all boards that sessions of this gateway have joined, and when each is due.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sockbit_domain::{Actor, BoardId, NoteId};
use tokio::time::Instant;
use uuid::Uuid;

use super::board_presence::{BoardPresenceState, REPUBLISH_WITHIN};
use super::deadline_queue::DeadlineQueue;
use crate::backoff::jitter;
use crate::bus_messages::{BoardPresence, PresenceUpdate};
use crate::byte_batches::split_by_bytes;
use crate::gateway::outgoing_queue::OutgoingQueue;
use crate::json_size::json_bytes;
use crate::slot::Slot;

/// The size of an update, about: the presence of more boards is split over several updates.
const UPDATE_BYTES_MAX: usize = 64 * 1024;

/// The presence on the boards of a gateway, without I/O.
pub(super) struct PresenceRegistry {
    gateway: Uuid,
    boards: BTreeMap<BoardId, BoardPresenceState>,
    deadlines: DeadlineQueue,
    /// Boards whose last member left, which other gateways have yet to be sent.
    emptied: BTreeSet<BoardId>,
}

impl PresenceRegistry {
    pub fn new(gateway: Uuid) -> Self {
        let (boards, deadlines) = (BTreeMap::new(), DeadlineQueue::default());
        Self { gateway, boards, deadlines, emptied: BTreeSet::new() }
    }

    pub fn join(&mut self, board: BoardId, session: u64, outgoing: Arc<OutgoingQueue>) {
        // Jitter only shortens the interval.
        let earlier = jitter((self.gateway, board), REPUBLISH_WITHIN / 10);
        let new = || BoardPresenceState::new(board, REPUBLISH_WITHIN.saturating_sub(earlier));
        self.boards.entry(board).or_insert_with(new).add_member(session, outgoing);
        self.emptied.remove(&board);
        self.reschedule(board);
    }

    pub fn set_location(
        &mut self,
        board: BoardId,
        session: u64,
        actor: &Actor,
        note: Option<NoteId>,
    ) {
        if let Some(presence) = self.boards.get_mut(&board) {
            presence.set_location(session, actor, note);
            self.reschedule(board);
        }
    }

    pub fn leave(&mut self, board: BoardId, session: u64) {
        let Some(presence) = self.boards.get_mut(&board) else { return };
        presence.remove_member(session);
        if !presence.has_members() {
            if presence.has_published_people() {
                self.emptied.insert(board);
            }
            self.boards.remove(&board);
        }
        self.reschedule(board);
    }

    /// Applies an update of another gateway.
    pub fn apply(&mut self, update: PresenceUpdate) {
        // A bus may return updates to their sender.
        if update.gateway == self.gateway {
            return;
        }
        let now = Instant::now();
        for of_board in update.boards {
            let board = of_board.board;
            if let Some(presence) = self.boards.get_mut(&board) {
                presence.apply(update.gateway, of_board, now);
                self.reschedule(board);
            }
        }
    }

    /// Processes all boards that are due. Returns the updates to publish.
    pub fn process_due(&mut self) -> Vec<PresenceUpdate> {
        let now = Instant::now();
        let mut updates: BTreeMap<Slot, Vec<BoardPresence>> = BTreeMap::new();
        for board in std::mem::take(&mut self.emptied) {
            let empty = BoardPresence { board, people: Vec::new(), more: 0, asks: false };
            updates.entry(Slot::of(board)).or_default().push(empty);
        }
        for board in self.deadlines.due(now) {
            let update = self.boards.get_mut(&board).and_then(|it| it.process(now));
            updates.entry(Slot::of(board)).or_default().extend(update);
            self.reschedule(board);
        }
        updates.into_iter().flat_map(|(slot, boards)| self.split(slot, boards)).collect()
    }

    /// When [`Self::process_due`] has to be called next.
    pub fn next_deadline(&self) -> Option<Instant> {
        if self.emptied.is_empty() { self.deadlines.next_deadline() } else { Some(Instant::now()) }
    }

    fn reschedule(&mut self, board: BoardId) {
        let deadline = self.boards.get(&board).and_then(|it| it.next_deadline(Instant::now()));
        self.deadlines.set(board, deadline);
    }

    fn split(&self, slot: Slot, boards: Vec<BoardPresence>) -> Vec<PresenceUpdate> {
        let update = |boards| PresenceUpdate { gateway: self.gateway, slot, boards };
        let batches = split_by_bytes(boards, UPDATE_BYTES_MAX, json_bytes);
        batches.into_iter().map(update).collect()
    }
}
