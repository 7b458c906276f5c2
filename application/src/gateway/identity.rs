//! The identity of an authenticated client.

use sockbit_domain::{Actor, ClientId};

/// A sender, as a transport authenticated it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The person.
    pub actor: Actor,
    /// The installation that the person uses.
    pub client: ClientId,
}
