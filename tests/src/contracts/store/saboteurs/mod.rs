//! Faulty stores and the clauses that must fail on them: proof that each clause can fail.

mod commits;
mod compaction;
mod discarding_store;
mod loads;
mod reads;
mod saboteur;

pub use discarding_store::DiscardingStore;
pub use saboteur::Saboteur;

/// All saboteurs. Together they break every clause.
pub fn saboteurs() -> impl Iterator<Item = &'static Saboteur> {
    [commits::COMMITS, loads::LOADS, reads::READS, compaction::COMPACTION].into_iter().flatten()
}
