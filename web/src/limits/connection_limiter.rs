//! Limits open connections, in total and per client address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use sockbit_application::mutex::locked;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Hands out a permit for each connection.
pub(crate) struct ConnectionLimiter {
    connections_max: u32,
    semaphore: Arc<Semaphore>,
    per_address_max: Option<usize>,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// Permission for one connection, which its clones share. Dropping the last clone frees it.
#[derive(Clone)]
pub(crate) struct ConnectionPermit {
    _counted: Arc<CountedConnection>,
}

struct CountedConnection {
    _permit: OwnedSemaphorePermit,
    address: IpAddr,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl ConnectionLimiter {
    /// `per_address_max` is `None` behind a proxy, where all connections come from its address.
    pub fn new(connections_max: u32, per_address_max: Option<usize>) -> Self {
        let permits = usize::try_from(connections_max).unwrap_or(Semaphore::MAX_PERMITS);
        Self {
            connections_max,
            semaphore: Arc::new(Semaphore::new(permits)),
            per_address_max,
            counts: Arc::default(),
        }
    }

    /// Waits until one more connection may be accepted.
    pub async fn acquire(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.semaphore).acquire_owned().await {
            Ok(permit) => permit,
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    /// The permit for a connection from this address; `None` if the address has too many.
    pub fn permit(
        &self,
        permit: OwnedSemaphorePermit,
        address: IpAddr,
    ) -> Option<ConnectionPermit> {
        let mut counts = locked(&self.counts);
        let count = counts.entry(address).or_default();
        if self.per_address_max.is_some_and(|max| *count >= max) {
            return None;
        }
        *count += 1;
        drop(counts);
        let counts = Arc::clone(&self.counts);
        metrics::gauge!("sockbit_connections").increment(1);
        let counted = CountedConnection { _permit: permit, address, counts };
        Some(ConnectionPermit { _counted: Arc::new(counted) })
    }

    /// Waits until all permits have been dropped.
    pub async fn all_closed(&self) {
        drop(self.semaphore.acquire_many(self.connections_max).await);
    }
}

impl Drop for CountedConnection {
    fn drop(&mut self) {
        metrics::gauge!("sockbit_connections").decrement(1);
        let mut counts = locked(&self.counts);
        if let Some(count) = counts.get_mut(&self.address) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.address);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures::FutureExt;

    use super::*;

    const ONE: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    #[tokio::test]
    async fn an_address_gets_at_most_its_share_of_connections() {
        let limiter = ConnectionLimiter::new(10, Some(1));
        let first = limiter.permit(limiter.acquire().await, ONE);
        assert!(first.is_some());
        assert!(limiter.permit(limiter.acquire().await, ONE).is_none());
        assert!(limiter.permit(limiter.acquire().await, OTHER).is_some());
        drop(first);
        assert!(limiter.permit(limiter.acquire().await, ONE).is_some());
    }

    #[tokio::test]
    async fn behind_a_proxy_addresses_are_not_counted() {
        let limiter = ConnectionLimiter::new(10, None);
        let permits: Vec<_> = [limiter.acquire().await, limiter.acquire().await]
            .into_iter()
            .map(|permit| limiter.permit(permit, ONE))
            .collect();
        assert!(permits.iter().all(Option::is_some));
    }

    #[tokio::test]
    async fn a_connection_over_the_limit_waits() {
        let limiter = ConnectionLimiter::new(1, None);
        let permit = limiter.permit(limiter.acquire().await, ONE);
        assert!(limiter.acquire().now_or_never().is_none());
        assert!(limiter.all_closed().now_or_never().is_none());
        drop(permit);
        assert!(limiter.all_closed().now_or_never().is_some());
    }
}
