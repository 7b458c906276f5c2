//! The client machine, against a server that says what a test lets it say.

mod coming_back;
mod desk;
mod joining;
mod keeping;
mod presence;
mod typing;
mod viewing;
mod wishing;
