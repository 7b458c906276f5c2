//! The task `migrate`: migrates a database and exits.

use super::errors::ComposeError;
use super::open_store::OpenStore;
use crate::config::StoreUrl;

/// Migrates a database to the schema of this version.
pub async fn migrate(store: &StoreUrl) -> Result<(), ComposeError> {
    // Opening a store migrates it.
    OpenStore::open(store).await?.close().await;
    Ok(())
}
