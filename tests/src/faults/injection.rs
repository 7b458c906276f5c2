//! One injection of a fault, with the clients and the page that are affected.

use std::cell::RefCell;

use super::{PageProbe, RunLength, TypingClients};

/// One injection of a fault.
#[derive(Clone, Copy)]
pub struct Injection<'a> {
    /// The number of the round, from 0.
    pub round: usize,
    /// The length of the run.
    pub length: RunLength,
    /// The clients that type during the fault.
    pub clients: &'a TypingClients,
    /// The page that is observed during the fault.
    pub probe: &'a PageProbe,
    /// Further measurements, which the fault records.
    pub measurements: &'a Measurements,
}

/// Further measurements of a fault, one sentence each.
#[derive(Default)]
pub struct Measurements(RefCell<Vec<String>>);

impl Measurements {
    pub(super) fn record(&self, measurement: String) {
        self.0.borrow_mut().push(measurement);
    }

    /// All of them.
    #[must_use]
    pub fn all(self) -> Vec<String> {
        self.0.into_inner()
    }
}
