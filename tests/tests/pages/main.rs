//! The pages and the HTTP API without scripts, by forms and links alone.

mod access;
mod board;
mod hostile;
mod note;
mod program;
mod serving;
mod visitor;
