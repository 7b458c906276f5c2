//! All boards at which somebody at this gateway looks, and who is there.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use sockbit_domain::{Actor, BoardId, NoteId};
use tokio::time::Instant;
use uuid::Uuid;

use super::board_presence::{BoardPresenceState, TOLD_EVERY};
use super::deadline_queue::DeadlineQueue;
use crate::backoff::spread;
use crate::envelope::{BoardPresence, PresenceUpdate};
use crate::gateway::outgoing_queue::OutgoingQueue;
use crate::ports::json_bytes;
use crate::slot::Slot;

/// What is told of several boards at once is told in messages of about this size.
const MESSAGE_BYTES_MAX: usize = 64 * 1024;

pub(super) struct PresenceState {
    gateway: Uuid,
    looked_at: BTreeMap<BoardId, BoardPresenceState>,
    deadlines: DeadlineQueue,
    /// Where nobody looks any more, and other gateways are still to be told so.
    deserted: BTreeSet<BoardId>,
}

impl PresenceState {
    pub fn new(gateway: Uuid) -> Self {
        let (looked_at, deadlines) = (BTreeMap::new(), DeadlineQueue::default());
        Self { gateway, looked_at, deadlines, deserted: BTreeSet::new() }
    }

    pub fn joined(&mut self, board: BoardId, session: u64, outgoing: Arc<OutgoingQueue>) {
        // Not all at one moment, and never later than is promised.
        let earlier = spread((self.gateway, board), TOLD_EVERY / 10);
        let new = || BoardPresenceState::new(board, TOLD_EVERY.saturating_sub(earlier));
        self.looked_at.entry(board).or_insert_with(new).add(session, outgoing);
        self.deserted.remove(&board);
        self.plan(board);
    }

    pub fn says(&mut self, board: BoardId, session: u64, actor: &Actor, note: Option<NoteId>) {
        if let Some(at) = self.looked_at.get_mut(&board) {
            at.place(session, actor, note);
            self.plan(board);
        }
    }

    pub fn left(&mut self, board: BoardId, session: u64) {
        let Some(at) = self.looked_at.get_mut(&board) else { return };
        at.remove(session);
        if at.is_deserted() {
            if at.is_known_elsewhere() {
                self.deserted.insert(board);
            }
            self.looked_at.remove(&board);
        }
        self.plan(board);
    }

    pub fn heard(&mut self, presences: PresenceUpdate) {
        // A bus may bring back what is told.
        if presences.gateway == self.gateway {
            return;
        }
        let now = Instant::now();
        for told in presences.boards {
            let board = told.board;
            if let Some(at) = self.looked_at.get_mut(&board) {
                at.hear(presences.gateway, told, now);
                self.plan(board);
            }
        }
    }

    /// Does what is due, and gives what is to be told.
    pub fn turn(&mut self) -> Vec<PresenceUpdate> {
        let now = Instant::now();
        let mut told: BTreeMap<Slot, Vec<BoardPresence>> = BTreeMap::new();
        for board in std::mem::take(&mut self.deserted) {
            let nobody = BoardPresence { board, people: Vec::new(), more: 0, asks: false };
            told.entry(Slot::of(board)).or_default().push(nobody);
        }
        for board in self.deadlines.due(now) {
            let people = self.looked_at.get_mut(&board).and_then(|at| at.turn(now));
            told.entry(Slot::of(board)).or_default().extend(people);
            self.plan(board);
        }
        told.into_iter().flat_map(|(slot, boards)| self.in_messages(slot, boards)).collect()
    }

    /// When the next turn is due.
    pub fn next_turn(&self) -> Option<Instant> {
        if self.deserted.is_empty() { self.deadlines.next() } else { Some(Instant::now()) }
    }

    fn plan(&mut self, board: BoardId) {
        let due = self.looked_at.get(&board).and_then(|at| at.due(Instant::now()));
        self.deadlines.set(board, due);
    }

    fn in_messages(&self, slot: Slot, boards: Vec<BoardPresence>) -> Vec<PresenceUpdate> {
        let mut messages: Vec<PresenceUpdate> = Vec::new();
        let mut bytes = 0;
        for people in boards {
            let more = json_bytes(&people);
            bytes += more;
            if let Some(last) = messages.last_mut().filter(|_| bytes <= MESSAGE_BYTES_MAX) {
                last.boards.push(people);
            } else {
                messages.push(PresenceUpdate { gateway: self.gateway, slot, boards: vec![people] });
                bytes = more;
            }
        }
        messages
    }
}
