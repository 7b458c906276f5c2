//! Random numbers from a seed.

use std::time::Duration;

use uuid::Uuid;

/// `SplitMix64` (Steele, Lea and Flood, 2014): small, fast, and the same on every platform.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Neighbouring seeds give unrelated numbers.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x2545_f491_4f6c_dd1d) ^ 0x6a09_e667_f3bc_c909)
    }

    /// A separate stream for each part of a run, so that more draws in one part change no other.
    pub(crate) fn of(seed: u64, part: RandomStream, number: usize) -> Self {
        let mut seeds = Self::new(seed);
        let skipped = Self::new(seeds.next() ^ part as u64).next();
        Self::new(skipped ^ u64::try_from(number).unwrap_or(0))
    }

    /// Any number.
    #[expect(clippy::should_implement_trait, reason = "the numbers never end")]
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// A number below `bound`; zero if that is zero.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or(0)
    }

    /// True in so many of a thousand cases.
    pub fn per_mille(&mut self, per_mille: usize) -> bool {
        self.below(1_000) < per_mille
    }

    /// True in so many of a hundred cases.
    pub fn percent(&mut self, chance: usize) -> bool {
        self.below(100) < chance
    }

    /// One of `from`, or `or` if there is none.
    pub fn pick<T: Copy>(&mut self, from: &[T], or: T) -> T {
        from.get(self.below(from.len())).copied().unwrap_or(or)
    }

    /// A whole number of milliseconds from `least` to below `bound`.
    pub fn millis(&mut self, least: u64, bound: u64) -> Duration {
        Duration::from_millis(least + self.next() % bound.saturating_sub(least).max(1))
    }

    /// A random id; no version of UUID.
    pub fn uuid(&mut self) -> Uuid {
        Uuid::from_u64_pair(self.next(), self.next())
    }
}

/// The parts that have a stream of their own. Their order is part of every seed's meaning.
#[derive(Clone, Copy, Debug)]
pub(crate) enum RandomStream {
    Parameters,
    Setup,
    Ids,
    Clock,
    GatewayBus,
    WorkerBus,
    Store,
    Network,
    Client,
    ClientIds,
    FaultSchedule,
    Compaction,
    Presence,
    ClientPresence,
    ClientClocks,
    GatewayDeviations,
}
