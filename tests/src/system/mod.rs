//! The app as its users meet it: the real program, real connections, a real browser.

mod app;
pub mod board_page;
mod browser;
mod cluster;
mod peer;
mod process;
mod raw_peer;
mod site;
mod wait;

pub use app::App;
pub use browser::{Browser, Window};
pub use cluster::{Cluster, KEY, KEY_ID};
pub use peer::Peer;
pub use process::{Front, Process};
pub use raw_peer::RawPeer;
pub use site::Site;
pub use wait::{eventually, within};
