//! How costs grow with what a deployment holds.

mod axis;
mod point;

pub use axis::Axis;
pub use point::{COLUMNS, GrowthPoint, measure};
