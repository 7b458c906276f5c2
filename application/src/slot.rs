//! Slots: the hash partitions of board ids by which messages are routed.

use serde::{Deserialize, Serialize};
use sockbit_domain::BoardId;

use crate::fnv::fnv1a_32;

/// The number of slots.
pub const SLOTS: u16 = 256;

/// One of [`SLOTS`] hash partitions of board ids.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u8);

impl Slot {
    /// The slot of a board: FNV-1a over the id's bytes, folded to eight bits.
    #[must_use]
    pub fn of(board: BoardId) -> Self {
        let [a, b, c, d] = fnv1a_32(board.0.into_bytes()).to_le_bytes();
        Self(a ^ b ^ c ^ d)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn the_slot_of_a_board_never_changes() {
        let board = BoardId(Uuid::from_u128(0x0123_4567_89ab_cdef_0123_4567_89ab_cdef));
        assert_eq!(Slot::of(board), Slot(166));
    }

    #[test]
    fn boards_spread_over_all_slots() {
        let slots: HashSet<Slot> =
            (0..4_096).map(|n| Slot::of(BoardId(Uuid::from_u128(n << 64)))).collect();
        assert_eq!(slots.len(), usize::from(SLOTS));
    }
}
