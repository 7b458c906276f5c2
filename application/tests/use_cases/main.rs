//! The use cases, as tests of the core and the gateway on the memory adapters.

mod admission;
mod board_cache;
mod board_pages;
mod commands;
mod concurrent_edits;
mod idempotence;
mod join;
mod join_batches;
mod limits;
mod live_events;
mod missed_events;
mod note_history;
mod queries;
mod support;
mod unread_replies;
