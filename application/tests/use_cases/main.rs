//! What SockBit does for people, told as tests: the core and the gateway on the adapters in memory.

mod admission;
mod board_pages;
mod commands;
mod concurrent_edits;
mod idempotence;
mod joining;
mod limits;
mod live_events;
mod missed_events;
mod note_history;
mod queries;
mod support;
mod unread_replies;
