//! The rules of boards and notes as a specification: given a board, when a command is sent, then an
//! event or a rejection results.

mod access;
mod boards;
mod edits;
mod fixture;
mod hostile_input;
mod limits;
mod notes;
mod random_commands;
mod replay_laws;
mod squash;
mod trash;
