//! The headers of dead letters.

/// The queue from which the message was taken.
pub(super) const ORIGIN: &str = "x-sockbit-origin";
/// Why it was dead-lettered.
pub(super) const REASON: &str = "x-sockbit-reason";
/// The outcome that is stored for its command, if that is known.
pub(super) const OUTCOME: &str = "x-sockbit-outcome";
/// The value of [`OUTCOME`] for a command on which deciding failed.
pub(super) const INTERNAL_OUTCOME: &str = "internal";
/// The queue from which the broker itself dead-lettered the message.
pub(super) const BROKER_ORIGIN: &str = "x-first-death-queue";
/// Why the broker did so.
pub(super) const BROKER_REASON: &str = "x-first-death-reason";
