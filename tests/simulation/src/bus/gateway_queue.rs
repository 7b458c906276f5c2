//! Messages in transit to one gateway.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Mutex;
use std::time::Duration;

use sockbit_application::bus_messages::PresenceUpdate;
use sockbit_application::mutex::locked;
use sockbit_application::ports::Incoming;
use sockbit_application::slot::Slot;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};
use uuid::Uuid;

/// One gateway's incoming messages.
#[derive(Default)]
pub(crate) struct GatewayQueue {
    state: Mutex<QueueState>,
    received: Notify,
    /// Presence updates do not share the order of the other messages.
    presences: Mutex<VecDeque<(Instant, PresenceUpdate)>>,
    presence_came: Notify,
}

#[derive(Default)]
struct QueueState {
    slots: BTreeSet<Slot>,
    addresses: BTreeSet<Uuid>,
    arriving: BTreeMap<(Instant, u64), Incoming>,
    /// Arrival of each worker's last message: one worker's messages keep their order.
    last: BTreeMap<usize, Instant>,
    count: u64,
    is_interrupted: bool,
    is_cut: bool,
}

/// What happens to one message.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fate {
    Arrives(Duration),
    /// Lost without any notice.
    Lost,
    /// Lost, and the gateway receives `Interrupted`.
    LostAndReported,
}

impl GatewayQueue {
    pub fn subscribe(&self, slot: Slot) {
        locked(&self.state).slots.insert(slot);
    }

    pub fn unsubscribe(&self, slot: Slot) {
        locked(&self.state).slots.remove(&slot);
    }

    pub fn is_subscribed(&self, slot: Slot) -> bool {
        locked(&self.state).slots.contains(&slot)
    }

    /// From now on outcomes for this gateway id arrive here.
    pub fn address(&self, gateway: Uuid) {
        locked(&self.state).addresses.insert(gateway);
    }

    pub fn is_addressed(&self, gateway: Uuid) -> bool {
        locked(&self.state).addresses.contains(&gateway)
    }

    pub fn is_cut(&self) -> bool {
        locked(&self.state).is_cut
    }

    /// Stops all deliveries.
    pub fn cut(&self) {
        locked(&self.state).is_cut = true;
    }

    /// The gateway has reconnected. Messages from the time before may be lost.
    pub fn reconnect(&self, keeps_messages: bool) {
        let mut state = locked(&self.state);
        state.is_cut = false;
        state.is_interrupted = true;
        if !keeps_messages {
            state.arriving.clear();
        }
        drop(state);
        self.received.notify_one();
    }

    pub fn push(&self, worker: usize, message: Incoming, fate: Fate) {
        let mut state = locked(&self.state);
        match fate {
            Fate::Lost => {}
            Fate::LostAndReported => state.is_interrupted = true,
            Fate::Arrives(latency) => {
                let arrival = Instant::now() + latency;
                let last = state.last.entry(worker).or_insert(arrival);
                *last = arrival.max(*last);
                let arrival = *last;
                state.count += 1;
                let number = state.count;
                state.arriving.insert((arrival, number), message);
            }
        }
        drop(state);
        self.received.notify_one();
    }

    /// Adds another gateway's presence update, which is lost while the connection is cut.
    pub fn push_presence(&self, presences: PresenceUpdate, latency: Duration) {
        if !self.is_cut() && self.is_subscribed(presences.slot) {
            locked(&self.presences).push_back((Instant::now() + latency, presences));
            self.presence_came.notify_one();
        }
    }

    /// Waits for the next presence update.
    pub async fn next_presence(&self) -> PresenceUpdate {
        loop {
            let next = locked(&self.presences).pop_front();
            match next {
                Some((arrival, presences)) => {
                    sleep_until(arrival).await;
                    return presences;
                }
                None => self.presence_came.notified().await,
            }
        }
    }

    /// Waits for the next message.
    pub async fn next(&self) -> Incoming {
        loop {
            let arrival = match locked(&self.state).next() {
                Ok(message) => return message,
                Err(arrival) => arrival,
            };
            tokio::select! {
                biased;
                () = self.received.notified() => {}
                () = sleep_until(arrival.unwrap_or_else(Instant::now)), if arrival.is_some() => {}
            }
        }
    }
}

impl QueueState {
    /// The next message, or when the next one arrives.
    fn next(&mut self) -> Result<Incoming, Option<Instant>> {
        if self.is_cut {
            return Err(None);
        }
        if std::mem::take(&mut self.is_interrupted) {
            return Ok(Incoming::Interrupted);
        }
        match self.arriving.first_entry() {
            None => Err(None),
            Some(first) if first.key().0 > Instant::now() => Err(Some(first.key().0)),
            Some(first) => Ok(first.remove()),
        }
    }
}
