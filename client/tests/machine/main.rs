//! Tests of the client machine against scripted server messages.

mod commands;
mod edits;
mod fixture;
mod joining;
mod presence;
mod reconnecting;
mod snapshot;
mod unsent_state;
mod view_model;
