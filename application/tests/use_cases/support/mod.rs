//! Fixtures: the core alone, a cluster of gateways and a worker on one bus, and its clients.

mod client;
mod cluster;
mod core_fixture;
mod counted_loads;
mod counted_reads;
mod samples;

pub use client::{TestClient, handle};
pub use cluster::Cluster;
pub use core_fixture::{CoreFixture, FreshIds};
pub use samples::*;
