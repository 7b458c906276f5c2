//! The fault rig: people work, something goes wrong and is mended, and what they typed is checked to
//! the last word.

mod deaf;
mod fault;
mod house;
mod people;
mod poison;

pub use fault::{Blow, FAULTS, Fault, Size};
pub use house::House;
pub use people::{People, Typed};
