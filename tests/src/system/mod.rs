//! The real app for system tests: its processes, client connections and a browser.

mod app;
pub mod board_page_actions;
mod browser;
mod cluster;
mod deployment;
mod polling;
mod process;
mod raw_client;
mod sync_client;

pub use app::App;
pub use browser::{Browser, Window};
pub use cluster::{Cluster, KEY, KEY_ID};
pub use deployment::Deployment;
pub use polling::{eventually, within};
pub use process::{Endpoint, Process};
pub use raw_client::RawClient;
pub use sync_client::SyncClient;
