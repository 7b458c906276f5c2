//! Ids that no other board, note or load of this process has.

use std::hash::{BuildHasher, RandomState};

use uuid::Uuid;

/// A source of ids. Another process has other ids.
pub struct Ids {
    process: u64,
    last: u64,
}

impl Ids {
    /// A source with a random start: the standard library seeds its hashers with random numbers.
    pub fn new() -> Self {
        Self { process: RandomState::new().hash_one(0), last: 0 }
    }

    /// A new id.
    pub fn next(&mut self) -> Uuid {
        self.last += 1;
        Uuid::from_u64_pair(self.process, self.last)
    }

    /// A number for the edits of a load.
    pub fn load(&mut self) -> u32 {
        self.last += 1;
        u32::try_from(self.process.wrapping_add(self.last) % u64::from(u32::MAX))
            .unwrap_or_default()
    }
}
