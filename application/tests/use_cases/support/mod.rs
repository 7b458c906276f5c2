//! A desk is the core alone; a house is a gateway and a worker on one bus; people come by name.

mod client;
mod desk;
mod house;
mod words;

pub use client::Client;
pub use desk::{Desk, FreshIds};
pub use house::House;
pub use words::*;
