//! How many connections there are, together and from each address.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use sockbit_application::mutex::locked;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// All places that there are for connections.
pub(super) struct Places {
    all: u32,
    free: Arc<Semaphore>,
    per_address_max: Option<usize>,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

/// The place that one connection takes, until its last holder lets go of it.
#[derive(Clone)]
pub(crate) struct Place {
    _held: Arc<Held>,
}

struct Held {
    _permit: OwnedSemaphorePermit,
    address: IpAddr,
    counts: Arc<Mutex<HashMap<IpAddr, usize>>>,
}

impl Places {
    /// `per_address_max` `None`: all come by one address, that of a proxy.
    pub fn new(all: u32, per_address_max: Option<usize>) -> Self {
        let free = usize::try_from(all).unwrap_or(Semaphore::MAX_PERMITS);
        Self { all, free: Arc::new(Semaphore::new(free)), per_address_max, counts: Arc::default() }
    }

    /// Waits until a place is free.
    pub async fn wait(&self) -> OwnedSemaphorePermit {
        match Arc::clone(&self.free).acquire_owned().await {
            Ok(permit) => permit,
            // The semaphore is never closed.
            Err(_) => std::future::pending().await,
        }
    }

    /// The place for a connection from an address, unless that has as many as it may have.
    pub fn take(&self, permit: OwnedSemaphorePermit, address: IpAddr) -> Option<Place> {
        let mut counts = locked(&self.counts);
        let count = counts.entry(address).or_default();
        if self.per_address_max.is_some_and(|max| *count >= max) {
            return None;
        }
        *count += 1;
        drop(counts);
        let counts = Arc::clone(&self.counts);
        metrics::gauge!("sockbit_connections").increment(1);
        Some(Place { _held: Arc::new(Held { _permit: permit, address, counts }) })
    }

    /// Waits until nobody holds a place.
    pub async fn all_free(&self) {
        drop(self.free.acquire_many(self.all).await);
    }
}

impl Drop for Held {
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
    async fn an_address_gets_no_more_than_its_share() {
        let places = Places::new(10, Some(1));
        let first = places.take(places.wait().await, ONE);
        assert!(first.is_some());
        assert!(places.take(places.wait().await, ONE).is_none());
        assert!(places.take(places.wait().await, OTHER).is_some());
        drop(first);
        assert!(places.take(places.wait().await, ONE).is_some());
    }

    #[tokio::test]
    async fn behind_a_proxy_addresses_do_not_count() {
        let places = Places::new(10, None);
        let held: Vec<_> = [places.wait().await, places.wait().await]
            .into_iter()
            .map(|permit| places.take(permit, ONE))
            .collect();
        assert!(held.iter().all(Option::is_some));
    }

    #[tokio::test]
    async fn whoever_comes_when_all_places_are_taken_waits() {
        let places = Places::new(1, None);
        let held = places.take(places.wait().await, ONE);
        assert!(places.wait().now_or_never().is_none());
        assert!(places.all_free().now_or_never().is_none());
        drop(held);
        assert!(places.all_free().now_or_never().is_some());
    }
}
