//! The pages without script: everything that a browser does by forms and links alone.

mod access;
mod board;
mod hostile;
mod note;
mod program;
mod serving;
mod visitor;
