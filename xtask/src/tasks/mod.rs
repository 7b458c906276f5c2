//! One file for each task.

mod bench;
mod lint;
mod test;

pub use bench::bench;
pub use lint::lint;
pub use test::test;
