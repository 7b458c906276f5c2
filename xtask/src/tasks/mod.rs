//! One file for each task.

mod bench;
mod cluster;
mod faults;
mod language;
mod lint;
mod test;

pub use bench::bench;
pub use cluster::cluster;
pub use faults::faults;
pub use language::check_language;
pub use lint::lint;
pub use test::test;
