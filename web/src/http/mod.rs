//! What every request meets on its way, and the routes that are no pages.

pub(crate) mod address;
pub(crate) mod api;
pub(crate) mod assets;
pub(crate) mod compress;
pub(crate) mod deadline;
pub(crate) mod headers;
pub(crate) mod health;
pub(crate) mod observe;
pub(crate) mod origin;
pub(crate) mod rate;
pub(crate) mod socket;
