//! Deduplicates concurrent lookups: equal lookups in flight are one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use crate::mutex::locked;

type Flight<V> = Shared<BoxFuture<'static, V>>;

/// Shares one running lookup among all callers that ask for the same key.
pub(super) struct SingleFlight<K, V: Clone> {
    flights: Arc<Mutex<HashMap<K, Flight<V>>>>,
}

impl<K, V> SingleFlight<K, V>
where
    K: Eq + Hash + Clone + Send + 'static,
    V: Clone + Send + Sync + 'static,
{
    pub fn new() -> Self {
        Self { flights: Arc::default() }
    }

    /// The result of the lookup in flight for this key, or of `look_up` if there is none.
    pub async fn get<F>(&self, key: K, look_up: impl FnOnce() -> F) -> V
    where
        F: Future<Output = V> + Send + 'static,
    {
        let flight = {
            let mut flights = locked(&self.flights);
            if let Some(flight) = flights.get(&key) {
                flight.clone()
            } else {
                let (flights_after, key_after) = (Arc::clone(&self.flights), key.clone());
                let running = look_up();
                let flight = async move {
                    let value = running.await;
                    locked(&flights_after).remove(&key_after);
                    value
                }
                .boxed()
                .shared();
                // Also driven here, so that it completes and is removed if all callers are dropped.
                tokio::spawn(flight.clone());
                flights.insert(key, flight.clone());
                flight
            }
        };
        flight.await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn two_concurrent_callers_share_one_lookup() {
        let flights = SingleFlight::<u8, u32>::new();
        let count = Arc::new(AtomicU32::new(0));
        let look_up = || {
            let count = Arc::clone(&count);
            async move {
                tokio::task::yield_now().await;
                count.fetch_add(1, Ordering::Relaxed)
            }
        };
        let (a, b) = tokio::join!(flights.get(1, look_up), flights.get(1, look_up));
        assert_eq!((a, b, count.load(Ordering::Relaxed)), (0, 0, 1));
    }

    #[tokio::test]
    async fn a_lookup_whose_callers_were_dropped_completes_and_is_removed() {
        let flights = SingleFlight::<u8, u32>::new();
        let (result, looked_up) = tokio::sync::oneshot::channel();
        let mut caller = Box::pin(flights.get(1, || async { looked_up.await.unwrap_or_default() }));
        assert!(futures::poll!(&mut caller).is_pending());
        drop(caller);
        result.send(7).expect("the lookup continues");
        tokio::task::yield_now().await;
        assert!(locked(&flights.flights).is_empty());
    }

    #[tokio::test]
    async fn a_later_caller_gets_a_fresh_result() {
        let flights = SingleFlight::<u8, u32>::new();
        assert_eq!(flights.get(1, || async { 1 }).await, 1);
        assert_eq!(flights.get(1, || async { 2 }).await, 2);
    }
}
