//! The contracts of the ports: clauses that every adapter must keep, and proof that each can fail.

#![expect(missing_docs, reason = "the names of clauses are sentences")]
#![expect(clippy::must_use_candidate, reason = "tests may ignore results")]

pub mod bus;
pub mod store;
