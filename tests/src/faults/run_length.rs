//! The length of a fault run.

/// The length of a run: its number of rounds, and how long each fault lasts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RunLength {
    /// For each change: each form of a fault once.
    Short,
    /// For measurements: hours in all.
    Long,
}
