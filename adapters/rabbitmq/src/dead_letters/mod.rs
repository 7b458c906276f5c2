//! Messages that cannot be processed, kept with the reason for an operator.

mod admin;
mod headers;
mod publisher;

pub use admin::{DeadLetter, DeadLetterAdmin, DeadLetterAdminError};
pub(crate) use publisher::DeadLetterPublisher;
