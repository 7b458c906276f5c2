//! The store as a whole: all of its roles in one object.

use super::{CompactionStore, DecisionStore, OutcomeRetention, ReadStore, StoreHealth};

/// Everything that an adapter of a database implements. Consumers take the roles that they need.
pub trait Store:
    DecisionStore + ReadStore + CompactionStore + OutcomeRetention + StoreHealth
{
}

impl<T> Store for T where
    T: DecisionStore + ReadStore + CompactionStore + OutcomeRetention + StoreHealth + ?Sized
{
}
