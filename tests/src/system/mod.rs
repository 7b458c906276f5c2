//! The app as its users meet it: the real program, real connections, a real browser.

mod app;
mod browser;
mod peer;
mod raw_peer;
mod wait;

pub use app::App;
pub use browser::{Browser, Window};
pub use peer::Peer;
pub use raw_peer::RawPeer;
pub use wait::{eventually, within};
