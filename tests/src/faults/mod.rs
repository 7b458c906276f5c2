//! The fault rig: people work, something goes wrong and is mended, and what they typed is checked to
//! the last word.

mod crowd;
mod deaf;
mod fault;
mod house;
mod parts;
mod people;
mod poison;
mod small_disk;
mod strikes;
mod wiring;
mod witness;

pub use fault::{Blow, FAULTS, Fault, Place, Remarks, Size};
pub use house::{Disks, Ground, House};
pub use people::{People, Typed};
pub use small_disk::SmallDisk;
pub use wiring::{Bus, Transport};
pub use witness::{Page, Seen, Witness};
