//! The task `token`: creates a token with which a program can send commands.

use sockbit_application::ports::Clock;

use super::errors::ComposeError;
use crate::clock_and_ids::{RandomIds, SystemClock};
use crate::config::SecretSource;
use crate::identity::{Cookies, new_guest};
use crate::secret_file::load_or_create;

/// Creates a token for a program. Each token is a new identity, even with the same name.
pub fn create_token(source: &SecretSource, name: &str) -> Result<String, ComposeError> {
    let cookies = Cookies::new(&load_or_create(source, &RandomIds)?, false);
    let mut identity = new_guest(&RandomIds);
    name.clone_into(&mut identity.actor.name);
    cookies.token(&identity, SystemClock.now()).ok_or(ComposeError::Token)
}
