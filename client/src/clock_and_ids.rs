//! The time, and fresh ids: what the machine cannot know by itself.

use sockbit_domain::{MessageId, Timestamp};
use uuid::Uuid;

/// What a call may need from the world.
pub struct ClockAndIds<'a> {
    /// The wall-clock time.
    pub now: Timestamp,
    /// Gives an id that nobody has given before.
    pub mint: &'a mut dyn FnMut() -> Uuid,
}

impl ClockAndIds<'_> {
    pub(crate) fn message(&mut self) -> MessageId {
        MessageId((self.mint)())
    }
}
