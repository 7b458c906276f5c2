//! A core is the core alone; a cluster is a gateway and a worker on one bus; people come by name.

mod client;
mod cluster;
mod core_fixture;
mod samples;

pub use client::Client;
pub use cluster::Cluster;
pub use core_fixture::{CoreFixture, FreshIds};
pub use samples::*;
