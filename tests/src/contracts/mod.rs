//! What every adapter of a port must keep, clause by clause, and proof that each clause can fail.

#![expect(missing_docs, reason = "the names of clauses are sentences that say it")]
#![expect(clippy::must_use_candidate, reason = "what a test leaves unused changes nothing")]

pub mod bus;
pub mod store;
