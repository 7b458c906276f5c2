//! The real app for system tests: its processes, client connections and a browser.

mod app;
pub mod board_page_actions;
mod browser;
mod cluster;
mod deployment;
mod process;
mod raw_client;
mod sync_client;
mod wait;

pub use app::App;
pub use browser::{Browser, Window};
pub use cluster::{Cluster, KEY, KEY_ID};
pub use deployment::Deployment;
pub use process::{Endpoint, Process};
pub use raw_client::RawClient;
pub use sync_client::SyncClient;
pub use wait::{eventually, within};
