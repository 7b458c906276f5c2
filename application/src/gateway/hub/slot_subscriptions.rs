//! The slots that a gateway listens to, each for itself: nobody waits for another slot.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::sync::Mutex;

use crate::gateway::single_flight::SingleFlight;
use crate::ports::{Announcements, Unavailable};
use crate::slot::{SLOTS, Slot};

/// Listens to slots, and ceases to.
pub(super) struct SlotSubscriptions {
    announcements: Arc<dyn Announcements>,
    states: Vec<State>,
    flights: SingleFlight<Slot, Result<(), Unavailable>>,
}

#[derive(Default)]
struct State {
    /// Whether everything that is announced in the slot arrives.
    stands: AtomicBool,
    /// EncodedEvent by whoever asks the bus for a change. Whether the bus may have the slot arrive: a
    /// request that failed may have been heard.
    may_arrive: Mutex<bool>,
}

impl SlotSubscriptions {
    pub fn new(announcements: Arc<dyn Announcements>) -> Arc<Self> {
        let states = (0..SLOTS).map(|_| State::default()).collect();
        Arc::new(Self { announcements, states, flights: SingleFlight::new() })
    }

    /// Listens to a slot. Those who wait for the same one share what comes of it.
    ///
    /// Whoever calls this has said before that the slot is needed.
    pub async fn subscribe(self: &Arc<Self>, slot: Slot) -> Result<(), Unavailable> {
        // A flight that was joined at its very end may have been followed by a sweep already.
        while !self.state(slot).stands.load(Ordering::SeqCst) {
            let begin = || {
                let slots = Arc::clone(self);
                async move { slots.begin(slot).await }
            };
            self.flights.get(slot, begin).await?;
        }
        Ok(())
    }

    async fn begin(&self, slot: Slot) -> Result<(), Unavailable> {
        let state = self.state(slot);
        let mut may_arrive = state.may_arrive.lock().await;
        if !state.stands.load(Ordering::SeqCst) {
            *may_arrive = true;
            self.announcements.subscribe(slot).await?;
            state.stands.store(true, Ordering::SeqCst);
        }
        Ok(())
    }

    /// Ceases to listen where nobody needs it. What the bus does not take is tried again by the
    /// next sweep.
    pub async fn sweep(&self, needed: impl Fn() -> BTreeSet<Slot>) {
        let now_needed = needed();
        for (slot, state) in (0..=u8::MAX).map(Slot).zip(&self.states) {
            // Somebody begins to listen just now, so it is needed.
            let Ok(mut may_arrive) = state.may_arrive.try_lock() else { continue };
            if !*may_arrive || now_needed.contains(&slot) {
                continue;
            }
            // Taken back before the second look: whoever finds it standing was seen by that.
            let stood = state.stands.swap(false, Ordering::SeqCst);
            if needed().contains(&slot) {
                state.stands.store(stood, Ordering::SeqCst);
                continue;
            }
            if let Err(error) = self.announcements.unsubscribe(slot).await {
                tracing::warn!(?slot, %error, "a slot that nobody needs is still listened to");
                return;
            }
            *may_arrive = false;
        }
    }

    fn state(&self, slot: Slot) -> &State {
        &self.states[usize::from(slot.0)]
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use futures::FutureExt;

    use super::*;
    use crate::ports::MockAnnouncements;

    const SLOT: Slot = Slot(7);

    async fn listened_to(listens: usize, unlistens: usize) -> Arc<SlotSubscriptions> {
        let mut announcements = MockAnnouncements::new();
        announcements.expect_subscribe().times(listens).returning(|_| Ok(()));
        announcements.expect_unsubscribe().times(unlistens).returning(|_| Ok(()));
        let slots = SlotSubscriptions::new(Arc::new(announcements));
        slots.subscribe(SLOT).await.expect("it listens");
        slots
    }

    #[tokio::test]
    async fn a_slot_that_is_needed_again_at_the_last_moment_stays() {
        let slots = listened_to(1, 0).await;
        let is_second = Cell::new(false);
        slots.sweep(|| is_second.replace(true).then_some(SLOT).into_iter().collect()).await;
        slots.subscribe(SLOT).await.expect("it stands");
    }

    #[tokio::test]
    async fn who_comes_too_late_for_the_last_look_waits_and_listens_anew() {
        let slots = listened_to(2, 1).await;
        let is_second = Cell::new(false);
        let late = slots.subscribe(SLOT).fuse();
        let mut late = std::pin::pin!(late);
        let late_cell = std::cell::RefCell::new(&mut late);
        slots
            .sweep(|| {
                if is_second.replace(true) {
                    let is_early = late_cell.borrow_mut().as_mut().now_or_never().is_some();
                    assert!(!is_early, "it found standing what is given up");
                }
                BTreeSet::new()
            })
            .await;
        late.await.expect("it listens");
    }

    #[tokio::test]
    async fn where_ceasing_fails_the_next_who_comes_listens_anew() {
        let mut announcements = MockAnnouncements::new();
        announcements.expect_subscribe().times(2).returning(|_| Ok(()));
        announcements.expect_unsubscribe().returning(|_| Err(Unavailable("no bus".to_owned())));
        let slots = SlotSubscriptions::new(Arc::new(announcements));
        for _ in 0..2 {
            slots.subscribe(SLOT).await.expect("it listens");
            slots.sweep(BTreeSet::new).await;
        }
    }
}
