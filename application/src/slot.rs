//! The slots by which messages find their way.

use serde::{Deserialize, Serialize};
use sockbit_domain::BoardId;

/// How many slots there are.
pub const SLOTS: u16 = 256;

/// One of [`SLOTS`] hashes of a board's id.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub u8);

impl Slot {
    /// The slot of a board: FNV-1a over the id's bytes, folded to eight bits.
    #[must_use]
    pub fn of(board: BoardId) -> Self {
        let hash = board.0.as_bytes().iter().fold(0x811c_9dc5_u32, |hash, byte| {
            (hash ^ u32::from(*byte)).wrapping_mul(0x0100_0193)
        });
        let [a, b, c, d] = hash.to_le_bytes();
        Self(a ^ b ^ c ^ d)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_board_keeps_its_slot() {
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
