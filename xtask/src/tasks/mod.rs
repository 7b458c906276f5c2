//! One file for each task.

mod bench;
mod cluster;
mod lint;
mod test;

pub use bench::bench;
pub use cluster::cluster;
pub use lint::lint;
pub use test::test;
