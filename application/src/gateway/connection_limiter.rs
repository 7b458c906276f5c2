//! Who gets a connection, and how much may wait for all of them together.

use std::collections::HashMap;
use std::hash::Hash;
use std::net::IpAddr;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};

use sockbit_domain::ActorId;

use super::outgoing_queue::OutgoingQueue;
use super::{GatewaySettings, locked};

/// Why a client gets no session now.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ConnectionRefused {
    /// Its address has as many as it may have.
    #[error("too many connections from this address")]
    Address,
    /// The person has as many as they may have.
    #[error("too many connections of this person")]
    Actor,
    /// The gateway is going away.
    #[error("this server is going away")]
    Draining,
}

/// Counts connections.
pub(super) struct ConnectionLimiter {
    per_address_max: usize,
    per_actor_max: usize,
    counts: Mutex<Counts>,
    waiting_bytes: Arc<AtomicUsize>,
}

#[derive(Default)]
struct Counts {
    closed: bool,
    total: usize,
    addresses: HashMap<IpAddr, usize>,
    actors: HashMap<ActorId, usize>,
}

/// A place that one connection takes until it is dropped.
pub(super) struct Place {
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
            waiting_bytes: Arc::default(),
        }
    }

    pub fn admit(
        self: Arc<Self>,
        actor: ActorId,
        address: IpAddr,
    ) -> Result<Place, ConnectionRefused> {
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
        Ok(Place { limiter: self, actor, address })
    }

    /// A queue whose bytes count towards the bound of the process.
    pub fn outgoing(&self, settings: &GatewaySettings) -> OutgoingQueue {
        OutgoingQueue::new(settings, Arc::clone(&self.waiting_bytes))
    }

    pub fn is_closed(&self) -> bool {
        locked(&self.counts).closed
    }

    pub fn close(&self) {
        locked(&self.counts).closed = true;
    }

    pub fn count(&self) -> usize {
        locked(&self.counts).total
    }
}

impl Drop for Place {
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
