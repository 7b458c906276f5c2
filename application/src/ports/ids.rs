//! New identifiers.

use uuid::Uuid;

/// Mints identifiers that are unique and cannot be guessed.
pub trait Ids: Send + Sync {
    /// A new identifier.
    fn mint(&self) -> Uuid;
}
