//! Who somebody is: a guest whose identity lives in a signed cookie.

mod cookie;
mod guest;
mod middleware;

pub(crate) use cookie::Cookies;
pub(crate) use guest::guest;
pub(crate) use middleware::identify;
