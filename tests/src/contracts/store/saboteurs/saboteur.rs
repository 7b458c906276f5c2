//! A faulty store and the clauses that must fail on it.

use super::super::faulty_store::StoreFaults;

pub struct Saboteur {
    /// What it does wrong, as in "a store that …".
    pub name: &'static str,
    /// Clauses that must fail on it; others may.
    pub breaks: &'static [&'static str],
    pub faults: StoreFaults,
}
