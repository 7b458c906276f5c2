//! Fresh identifiers.

use uuid::Uuid;

/// Mints identifiers that nobody else has minted or can guess.
pub trait Ids: Send + Sync {
    /// A fresh one.
    fn mint(&self) -> Uuid;
}
