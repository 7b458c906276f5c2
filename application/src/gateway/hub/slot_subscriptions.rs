//! Subscriptions to slots. Callers that need different slots do not wait for each other.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use crate::gateway::single_flight::SingleFlight;
use crate::ports::{Announcements, Unavailable};
use crate::slot::{SLOTS, Slot};

/// Subscribes to slots, and unsubscribes from those that no board needs.
pub(super) struct SlotSubscriptions {
    announcements: Arc<dyn Announcements>,
    states: Vec<SlotState>,
    flights: SingleFlight<Slot, Result<(), Unavailable>>,
}

#[derive(Default)]
struct SlotState {
    /// Whether everything that is announced in the slot arrives.
    is_subscribed: AtomicBool,
    /// Whether the bus may have a subscription: a request that failed may still have arrived.
    /// Locked during each request to the bus.
    may_be_subscribed: Mutex<bool>,
}

impl SlotSubscriptions {
    pub fn new(announcements: Arc<dyn Announcements>) -> Arc<Self> {
        let states = (0..SLOTS).map(|_| SlotState::default()).collect();
        Arc::new(Self { announcements, states, flights: SingleFlight::new() })
    }

    /// Subscribes to a slot. Concurrent callers share the result.
    ///
    /// The caller must have marked the slot as needed before; see [`Self::unsubscribe_unused`].
    pub async fn subscribe(self: &Arc<Self>, slot: Slot) -> Result<(), Unavailable> {
        // Repeated, since the slot may be unsubscribed right after a shared flight has completed.
        while !self.state(slot).is_subscribed.load(Ordering::SeqCst) {
            let subscribe = || {
                let slots = Arc::clone(self);
                async move { slots.request_subscription(slot).await }
            };
            self.flights.get(slot, subscribe).await?;
        }
        Ok(())
    }

    async fn request_subscription(&self, slot: Slot) -> Result<(), Unavailable> {
        let state = self.state(slot);
        let mut may_be_subscribed = state.may_be_subscribed.lock().await;
        if !state.is_subscribed.load(Ordering::SeqCst) {
            *may_be_subscribed = true;
            self.announcements.subscribe(slot).await?;
            state.is_subscribed.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Unsubscribes from all slots that are not in `needed`. It stops at the first error; the next
    /// call tries again.
    pub async fn unsubscribe_unused(&self, needed: impl Fn() -> BTreeSet<Slot>) {
        let now_needed = needed();
        for (slot, state) in (0..=u8::MAX).map(Slot).zip(&self.states) {
            // If it is locked, a caller is subscribing, so the slot is needed.
            let Ok(mut may_be_subscribed) = state.may_be_subscribed.try_lock() else { continue };
            if !*may_be_subscribed || now_needed.contains(&slot) {
                continue;
            }
            // Cleared before the second check, which therefore sees every caller that still found
            // it set.
            let was_subscribed = state.is_subscribed.swap(false, Ordering::SeqCst);
            if needed().contains(&slot) {
                state.is_subscribed.store(was_subscribed, Ordering::SeqCst);
                continue;
            }
            if let Err(error) = self.announcements.unsubscribe(slot).await {
                tracing::warn!(?slot, %error, "could not unsubscribe from an unused slot");
                return;
            }
            *may_be_subscribed = false;
        }
    }

    fn state(&self, slot: Slot) -> &SlotState {
        &self.states[usize::from(slot.0)]
    }
}

#[cfg(test)]
mod tests {
    use std::cell::{Cell, RefCell};

    use futures::FutureExt;

    use super::*;
    use crate::ports::MockAnnouncements;

    const SLOT: Slot = Slot(7);

    async fn subscribed(subscribes: usize, unsubscribes: usize) -> Arc<SlotSubscriptions> {
        let mut announcements = MockAnnouncements::new();
        announcements.expect_subscribe().times(subscribes).returning(|_| Ok(()));
        announcements.expect_unsubscribe().times(unsubscribes).returning(|_| Ok(()));
        let slots = SlotSubscriptions::new(Arc::new(announcements));
        slots.subscribe(SLOT).await.expect("the bus accepts it");
        slots
    }

    #[tokio::test]
    async fn a_slot_that_is_needed_again_at_the_last_moment_stays_subscribed() {
        let slots = subscribed(1, 0).await;
        let is_second = Cell::new(false);
        let needed = || is_second.replace(true).then_some(SLOT).into_iter().collect();
        slots.unsubscribe_unused(needed).await;
        slots.subscribe(SLOT).await.expect("it is subscribed");
    }

    #[tokio::test]
    async fn a_caller_after_the_last_check_waits_and_subscribes_again() {
        let slots = subscribed(2, 1).await;
        let is_second = Cell::new(false);
        let late = slots.subscribe(SLOT).fuse();
        let mut late = std::pin::pin!(late);
        let late_cell = RefCell::new(&mut late);
        slots
            .unsubscribe_unused(|| {
                if is_second.replace(true) {
                    let is_ready = late_cell.borrow_mut().as_mut().now_or_never().is_some();
                    assert!(!is_ready, "it used a subscription that is being given up");
                }
                BTreeSet::new()
            })
            .await;
        late.await.expect("the bus accepts it");
    }

    #[tokio::test]
    async fn after_a_failed_unsubscription_the_next_caller_subscribes_again() {
        let mut announcements = MockAnnouncements::new();
        announcements.expect_subscribe().times(2).returning(|_| Ok(()));
        announcements.expect_unsubscribe().returning(|_| Err(Unavailable("no bus".to_owned())));
        let slots = SlotSubscriptions::new(Arc::new(announcements));
        for _ in 0..2 {
            slots.subscribe(SLOT).await.expect("the bus accepts it");
            slots.unsubscribe_unused(BTreeSet::new).await;
        }
    }
}
