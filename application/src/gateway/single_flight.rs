//! Equal questions in flight are one.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex};

use futures::FutureExt;
use futures::future::{BoxFuture, Shared};

use super::locked;

type Flight<V> = Shared<BoxFuture<'static, V>>;

/// Shares one running lookup among all who ask for the same key meanwhile.
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

    /// The result of the lookup that is under way for this key, or of the one begun here.
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
                // Driven here too, so that it ends and is forgotten when all who asked have gone.
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
    async fn two_who_ask_at_once_share_one_lookup() {
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
    async fn a_lookup_that_all_have_given_up_ends_and_is_forgotten() {
        let flights = SingleFlight::<u8, u32>::new();
        let (answer, asked) = tokio::sync::oneshot::channel();
        let mut asking = Box::pin(flights.get(1, || async { asked.await.unwrap_or_default() }));
        assert!(futures::poll!(&mut asking).is_pending());
        drop(asking);
        answer.send(7).expect("the lookup goes on");
        tokio::task::yield_now().await;
        assert!(locked(&flights.flights).is_empty());
    }

    #[tokio::test]
    async fn who_asks_later_gets_a_fresh_answer() {
        let flights = SingleFlight::<u8, u32>::new();
        assert_eq!(flights.get(1, || async { 1 }).await, 1);
        assert_eq!(flights.get(1, || async { 2 }).await, 2);
    }
}
