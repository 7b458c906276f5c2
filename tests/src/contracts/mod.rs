//! What every adapter of a port must keep, clause by clause, and proof that each clause can fail.

#![expect(missing_docs, reason = "the names of clauses are sentences that say it")]

pub mod store;
