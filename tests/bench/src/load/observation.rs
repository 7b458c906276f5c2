//! What the load generator sees on its connections.

use std::time::Instant;

use sockbit_domain::Position;

/// Something that happened on a connection.
#[derive(Debug)]
pub struct Observation {
    pub connection: usize,
    pub at: Instant,
    pub what: What,
}

#[derive(Debug)]
pub enum What {
    /// The client has the board's state, and events follow.
    Subscribed,
    /// The event of this edit has arrived. The position is known for clients that need it.
    Arrived { edit: usize, position: Option<Position> },
    /// The sender has the outcome `saved`.
    Saved { edit: usize, position: Position },
    /// Anything that must not happen.
    Failed(String),
}

/// Collects what happens on one connection.
pub struct Observer<'a> {
    pub connection: usize,
    pub at: Instant,
    pub observations: &'a mut Vec<Observation>,
}

impl Observer<'_> {
    pub fn add(&mut self, what: What) {
        self.observations.push(Observation { connection: self.connection, at: self.at, what });
    }
}
