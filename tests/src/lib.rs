//! Tests that cross crates: contracts, delta laws, end-to-end and browser tests.

#![expect(clippy::missing_panics_doc, reason = "tests panic on failure")]

pub mod contracts;
pub mod faults;
pub mod markdown_examples;
pub mod proxy;
pub mod rabbitmq_namespace;
pub mod random_deltas;
pub mod random_markdown;
pub mod servers;
pub mod system;
