//! The rules of boards and notes, as a specification: given a scene, when somebody sends a command,
//! then this happens, or that is why it does not.

mod access;
mod boards;
mod edits;
mod hostile;
mod limits;
mod notes;
mod random;
mod replay;
mod squash;
mod support;
mod trash;
