//! A queue in memory that is bounded in items and bytes and drops its oldest items when it is full.

use std::collections::VecDeque;
use std::sync::Mutex;

use tokio::sync::Notify;

use crate::mutex::locked;

/// A bounded queue. If its consumer is too slow, the oldest items are dropped and it is notified.
pub struct BoundedInbox<T> {
    items_max: usize,
    bytes_max: usize,
    state: Mutex<State<T>>,
    arrived: Notify,
}

struct State<T> {
    items: VecDeque<(T, usize)>,
    bytes: usize,
    /// Whether items were dropped before the first that is left.
    has_overflowed: bool,
}

/// What the consumer of a [`BoundedInbox`] receives.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Received<T> {
    /// The next item.
    Item(T),
    /// One or more items were dropped before the next item.
    Overflowed,
}

impl<T> BoundedInbox<T> {
    /// An empty queue for at most so many items and bytes. The newest item always fits.
    #[must_use]
    pub fn new(items_max: usize, bytes_max: usize) -> Self {
        let state = State { items: VecDeque::new(), bytes: 0, has_overflowed: false };
        Self { items_max, bytes_max, state: Mutex::new(state), arrived: Notify::new() }
    }

    /// Appends an item of this size. Returns the number of items that were dropped for it.
    pub fn push(&self, item: T, bytes: usize) -> usize {
        let mut state = locked(&self.state);
        state.items.push_back((item, bytes));
        state.bytes = state.bytes.saturating_add(bytes);
        let mut dropped = 0;
        while state.items.len() > 1
            && (state.items.len() > self.items_max || state.bytes > self.bytes_max)
        {
            let Some((_, bytes)) = state.items.pop_front() else { break };
            state.bytes = state.bytes.saturating_sub(bytes);
            state.has_overflowed = true;
            dropped += 1;
        }
        drop(state);
        self.arrived.notify_one();
        dropped
    }

    /// Waits for the next item. This is cancel safe: a dropped call takes nothing.
    pub async fn next(&self) -> Received<T> {
        loop {
            if let Some(received) = self.take() {
                return received;
            }
            self.arrived.notified().await;
        }
    }

    /// Like [`Self::next`], for consumers to which dropped items do not matter.
    pub async fn next_item(&self) -> T {
        loop {
            if let Received::Item(item) = self.next().await {
                return item;
            }
        }
    }

    /// Drops all items.
    pub fn clear(&self) {
        let mut state = locked(&self.state);
        let items = std::mem::take(&mut state.items);
        (state.bytes, state.has_overflowed) = (0, false);
        drop(state);
        // Outside the lock: dropping an item may do anything.
        drop(items);
    }

    fn take(&self) -> Option<Received<T>> {
        let mut state = locked(&self.state);
        if std::mem::take(&mut state.has_overflowed) {
            return Some(Received::Overflowed);
        }
        let (item, bytes) = state.items.pop_front()?;
        state.bytes = state.bytes.saturating_sub(bytes);
        Some(Received::Item(item))
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    const ITEMS_MAX: usize = 4;
    const BYTES_MAX: usize = 100;

    /// The items that were received, with `None` for each overflow.
    fn received(inbox: &BoundedInbox<u32>) -> Vec<Option<u32>> {
        let next = || {
            inbox.next().now_or_never().map(|received| match received {
                Received::Item(item) => Some(item),
                Received::Overflowed => None,
            })
        };
        std::iter::from_fn(next).collect()
    }

    #[test]
    fn items_are_received_in_order() {
        let inbox = BoundedInbox::new(ITEMS_MAX, BYTES_MAX);
        assert_eq!(inbox.push(1, 10) + inbox.push(2, 10), 0);
        assert_eq!(received(&inbox), [Some(1), Some(2)]);
    }

    #[test]
    fn too_many_items_drop_the_oldest_and_notify_once() {
        let inbox = BoundedInbox::new(ITEMS_MAX, BYTES_MAX);
        let dropped: usize = (1..=6).map(|item| inbox.push(item, 1)).sum();
        assert_eq!(dropped, 2);
        assert_eq!(received(&inbox), [None, Some(3), Some(4), Some(5), Some(6)]);
    }

    #[test]
    fn too_many_bytes_drop_all_but_the_newest_item() {
        let inbox = BoundedInbox::new(ITEMS_MAX, BYTES_MAX);
        inbox.push(1, BYTES_MAX / 2);
        inbox.push(2, BYTES_MAX / 2 + 1);
        inbox.push(3, 2 * BYTES_MAX);
        assert_eq!(received(&inbox), [None, Some(3)]);
        inbox.push(4, 1);
        assert_eq!(received(&inbox), [Some(4)], "there is room again");
    }

    #[test]
    fn a_cleared_inbox_is_empty_and_has_not_overflowed() {
        let inbox = BoundedInbox::new(ITEMS_MAX, BYTES_MAX);
        for item in 1..=6 {
            inbox.push(item, BYTES_MAX);
        }
        inbox.clear();
        assert_eq!(received(&inbox), []);
        assert_eq!(inbox.push(7, BYTES_MAX), 0);
        assert_eq!(received(&inbox), [Some(7)]);
    }
}
