//! The model test: random schedules of clients against the real core, over a bus and connections
//! that delay, repeat and lose whatever they may. Afterwards everybody must agree, and nothing that
//! somebody wrote may be missing.
//!
//! A schedule is decided by its seed alone: [`run`] with the same seed does the same.

mod actions;
mod bounded;
mod call;
mod gateway;
mod mirror;
pub(crate) mod random;
mod seat;
mod server;
mod transcript;
mod verdict;
mod words;
mod world;

pub use transcript::{Transcript, transcripts};
pub use world::{Schedule, diary, run};
