//! The identity of a user: a guest, stored in a signed cookie.

mod cookie;
mod guest;
mod middleware;

pub(crate) use cookie::Cookies;
pub(crate) use guest::new_guest;
pub(crate) use middleware::add_identity;
