//! Tests of the client machine against scripted server messages.

mod commands;
mod edits;
mod fixture;
mod joining;
mod persisted_state;
mod presence;
mod reconnecting;
mod snapshot;
mod view_model;
