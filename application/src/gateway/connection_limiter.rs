//! Limits the number of connections per address and per person.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use sockbit_domain::ActorId;

use super::settings::GatewaySettings;
use crate::mutex::locked;

/// Why a client gets no session.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConnectionRefused {
    /// Too many connections from its address.
    #[error("too many connections from this address")]
    Address,
    /// Too many connections of the person.
    #[error("too many connections of this person")]
    Actor,
    /// The gateway is draining.
    #[error("this server is going away")]
    Draining,
}

/// Counts connections and refuses those over a limit.
pub(super) struct ConnectionLimiter {
    per_address_max: usize,
    per_actor_max: usize,
    counts: Mutex<Counts>,
}

#[derive(Default)]
struct Counts {
    closed: bool,
    total: usize,
    addresses: HashMap<IpAddr, usize>,
    actors: HashMap<ActorId, usize>,
}

/// The permit of one open connection. Dropping it allows another connection.
pub(super) struct ConnectionPermit {
    limiter: Arc<ConnectionLimiter>,
    actor: ActorId,
    address: IpAddr,
}

impl ConnectionLimiter {
    pub fn new(settings: &GatewaySettings) -> Self {
        Self {
            per_address_max: settings.connections_per_address_max,
            per_actor_max: settings.connections_per_actor_max,
            counts: Mutex::default(),
        }
    }

    pub fn acquire(
        self: Arc<Self>,
        actor: ActorId,
        address: IpAddr,
    ) -> Result<ConnectionPermit, ConnectionRefused> {
        let mut counts = locked(&self.counts);
        if counts.closed {
            return Err(ConnectionRefused::Draining);
        }
        if counts.addresses.get(&address).is_some_and(|count| *count >= self.per_address_max) {
            return Err(ConnectionRefused::Address);
        }
        if counts.actors.get(&actor).is_some_and(|count| *count >= self.per_actor_max) {
            return Err(ConnectionRefused::Actor);
        }
        *counts.addresses.entry(address).or_default() += 1;
        *counts.actors.entry(actor).or_default() += 1;
        counts.total += 1;
        metrics::gauge!("sockbit_sessions").increment(1);
        drop(counts);
        Ok(ConnectionPermit { limiter: self, actor, address })
    }

    /// Refuses all further connections.
    pub fn close(&self) {
        locked(&self.counts).closed = true;
    }

    pub fn is_closed(&self) -> bool {
        locked(&self.counts).closed
    }

    /// The number of open connections.
    pub fn connections(&self) -> usize {
        locked(&self.counts).total
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = locked(&self.limiter.counts);
        release(&mut counts.addresses, &self.address);
        release(&mut counts.actors, &self.actor);
        counts.total = counts.total.saturating_sub(1);
        metrics::gauge!("sockbit_sessions").decrement(1);
    }
}

fn release<K: Eq + Hash>(counts: &mut HashMap<K, usize>, key: &K) {
    if let Some(count) = counts.get_mut(key) {
        *count -= 1;
        if *count == 0 {
            counts.remove(key);
        }
    }
}
