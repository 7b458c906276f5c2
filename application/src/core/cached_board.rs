//! A board in memory between two batches, and how much of it is known.

use std::collections::{BTreeMap, BTreeSet};

use sockbit_domain::{ActorId, Board, Change, Delta, Fact, Note, NoteId, Op, PastEdit, Seq};

use crate::ports::LoadRequest;

/// The past edits of a note, and the event ids of a board, that are kept when memory is saved. An
/// edit on an older base is decided on what the store has.
const PAST_EDITS_MAX: usize = 64;
const BASES_MAX: usize = 1_024;

/// The memory of one value beside its text, including its node in a map.
const NOTE_BYTES: usize = 512;
const EDIT_BYTES: usize = 128;
const OP_BYTES: usize = 32;
const ENTRY_BYTES: usize = 64;

/// A board as of its last commit, with the members, notes and edits that recent batches needed.
pub(super) struct CachedBoard {
    pub board: Board,
    pub known: KnownParts,
}

/// Which parts of a board are known, beside its header and links.
#[derive(Default)]
pub(super) struct KnownParts {
    /// The actors whose roles are known, including those that are not members.
    actors: BTreeSet<ActorId>,
    /// The notes that are known, each with the number after which all its edits are known.
    edits_after: BTreeMap<NoteId, Seq>,
    /// The memory that the board uses at most, and that it used when it was last measured.
    bytes: usize,
    measured: usize,
}

impl KnownParts {
    /// Of a board that does not exist, after a load for this request: it has no members.
    pub fn of_absent(request: &LoadRequest) -> Self {
        Self { actors: request.actors.clone(), ..Self::default() }
    }
}

impl CachedBoard {
    /// A board that was loaded for this request.
    pub fn loaded(board: Board, request: &LoadRequest) -> Self {
        let known_after = |(note, base): (&NoteId, &Option<Seq>)| {
            board.notes.get(note)?;
            // The edits of a note that was requested without a base are known from now on.
            let base = base.unwrap_or(board.head.seq);
            let last_left_out = board.left_out.get(note).copied().unwrap_or_default();
            Some((*note, base.max(last_left_out)))
        };
        let known = KnownParts {
            actors: request.actors.clone(),
            edits_after: request.notes.iter().filter_map(known_after).collect(),
            ..KnownParts::default()
        };
        Self { board, known }.measured()
    }

    /// About the memory that it uses.
    pub fn bytes(&self) -> usize {
        self.known.bytes
    }

    /// Whether the store would load nothing for this request that is not known.
    pub fn covers(&self, request: &LoadRequest) -> bool {
        let knows_note = |(note, base): (&NoteId, &Option<Seq>)| match base {
            None => self.known.edits_after.contains_key(note),
            Some(base) => self.covers_edits(*note, *base, request.edits_bytes_max),
        };
        let knows_base =
            |seq: &Seq| *seq == self.board.head.seq || self.board.bases.contains_key(seq);
        request.actors.is_subset(&self.known.actors)
            && request.notes.iter().all(knows_note)
            && request.bases.iter().all(knows_base)
    }

    /// Whether all edits of a note after its base are known, and no more than a load would return.
    fn covers_edits(&self, note: NoteId, base: Seq, bytes_max: usize) -> bool {
        let is_known = self.known.edits_after.get(&note).is_some_and(|after| *after <= base);
        let edits = self.board.edits.get(&note).map_or(&[][..], |edits| edits);
        let later = edits.iter().rev().take_while(|edit| edit.seq > base);
        is_known && later.map(edit_bytes).sum::<usize>() <= bytes_max
    }

    /// Adds what was known before, unless the board has changed since.
    #[must_use]
    pub fn with_known_before(mut self, mut before: Self) -> Self {
        if before.board.head != self.board.head {
            return self;
        }
        for (note, after) in std::mem::take(&mut before.known.edits_after) {
            if self.known.edits_after.get(&note).is_none_or(|it| after < *it) {
                self.known.edits_after.insert(note, after);
                replace(&mut self.board.edits, &mut before.board.edits, &note);
                replace(&mut self.board.left_out, &mut before.board.left_out, &note);
                replace(&mut self.board.notes, &mut before.board.notes, &note);
            }
        }
        self.known.actors.append(&mut before.known.actors);
        self.board.members.append(&mut before.board.members);
        self.board.bases.append(&mut before.board.bases);
        self.measured()
    }

    /// Adds facts that have been applied to the board. Past edits and event ids are forgotten once
    /// they use half of the board's memory.
    #[must_use]
    pub fn with_facts(mut self, facts: &[Fact]) -> Self {
        for fact in facts {
            if let Change::NoteCreated { note, .. } = &fact.event.change {
                self.known.edits_after.insert(*note, fact.event.seq);
            }
            self.known.bytes += fact_bytes(fact);
        }
        if self.known.bytes > 2 * self.known.measured {
            self.forget_oldest();
            return self.measured();
        }
        self
    }

    fn forget_oldest(&mut self) {
        for (note, edits) in &mut self.board.edits {
            let forgotten = edits.len().saturating_sub(PAST_EDITS_MAX);
            if let Some(last) = edits.drain(..forgotten).next_back() {
                self.known.edits_after.insert(*note, last.seq);
            }
        }
        while self.board.bases.len() > BASES_MAX {
            self.board.bases.pop_first();
        }
    }

    fn measured(mut self) -> Self {
        let board = &self.board;
        let note = |it: &Note| NOTE_BYTES + it.text.len_bytes() + it.edited_by.name.len();
        let entries = board.members.len()
            + board.bases.len()
            + board.links.len()
            + self.known.actors.len()
            + self.known.edits_after.len();
        self.known.measured = NOTE_BYTES
            + ENTRY_BYTES * entries
            + board.notes.values().map(note).sum::<usize>()
            + board.edits.values().flatten().map(edit_bytes).sum::<usize>();
        self.known.bytes = self.known.measured;
        self
    }
}

/// Replaces the value of a key by that of another map, or removes it if there is none.
fn replace<V>(to: &mut BTreeMap<NoteId, V>, from: &mut BTreeMap<NoteId, V>, key: &NoteId) {
    match from.remove(key) {
        Some(value) => to.insert(*key, value),
        None => to.remove(key),
    };
}

/// The memory that a fact adds to a board at most.
fn fact_bytes(fact: &Fact) -> usize {
    let inverse = fact.inverse.as_ref().map_or(0, delta_bytes);
    let change = match &fact.event.change {
        Change::NoteCreated { text, .. } => NOTE_BYTES + text.len_bytes(),
        // Once in the text, and once in the past edit.
        Change::NoteEdited { delta, .. } => EDIT_BYTES + 2 * delta_bytes(delta),
        _ => 0,
    };
    2 * ENTRY_BYTES + inverse + change
}

fn edit_bytes(edit: &PastEdit) -> usize {
    EDIT_BYTES + delta_bytes(&edit.delta) + delta_bytes(&edit.inverse)
}

fn delta_bytes(delta: &Delta) -> usize {
    let op = |op: &Op| match op {
        Op::Insert(text) => OP_BYTES + text.len(),
        Op::Retain(_) | Op::Delete(_) => OP_BYTES,
    };
    delta.ops().iter().map(op).sum()
}
