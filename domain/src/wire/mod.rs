//! The messages between clients and gateways, the same on every transport.
//!
//! `PROTOCOL.md` documents each with an example.

mod client;
mod presence;
mod query;
mod server;
mod version;

pub use client::{ClientMessage, Refusal, RefusalCode, SentCommand};
pub use presence::PersonPresence;
pub use query::{BoardPage, BoardSummary, HistoryEntry, NoteHistory, NotePage, Query, Reply};
pub use server::ServerMessage;
pub use version::VERSION;
