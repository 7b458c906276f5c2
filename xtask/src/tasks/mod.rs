//! One file for each task.

mod bench;
mod cluster;
mod faults;
mod lint;
mod test;

pub use bench::bench;
pub use cluster::cluster;
pub use faults::faults;
pub use lint::lint;
pub use test::test;
