//! Turns at what is heavy, so that whoever asks for a lot of it waits for themselves alone.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use sockbit_application::mutex::locked;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What one address may have at once. So in the queue for the rest there are never more of it than
/// this, and others are not behind all that it asked for.
const SHARE: usize = 2;

/// So many turns at once, fairly between addresses.
pub(crate) struct Turns {
    all: Arc<Semaphore>,
    shares: Shares,
}

/// One turn, for as long as it is held. Whoever holds one takes no second: an address whose whole
/// share waits for more of it would wait for ever.
pub(super) struct Turn {
    _all: Option<OwnedSemaphorePermit>,
    _own: Option<OwnedSemaphorePermit>,
    _share: Share,
}

/// An address that waits or has its turn.
struct Share {
    address: IpAddr,
    turns: Arc<Semaphore>,
    shares: Shares,
}

type Shares = Arc<Mutex<HashMap<IpAddr, Arc<Semaphore>>>>;

impl Turns {
    pub fn new(all: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(all)), shares: Shares::default() }
    }

    /// Waits for a turn, in the order of asking.
    pub(super) async fn take(&self, address: IpAddr) -> Turn {
        let share = Share::of(address, &self.shares);
        // Neither semaphore is ever closed.
        let own = Arc::clone(&share.turns).acquire_owned().await.ok();
        let all = Arc::clone(&self.all).acquire_owned().await.ok();
        Turn { _all: all, _own: own, _share: share }
    }
}

impl Share {
    fn of(address: IpAddr, shares: &Shares) -> Self {
        let new = || Arc::new(Semaphore::new(SHARE));
        let turns = Arc::clone(locked(shares).entry(address).or_insert_with(new));
        Self { address, turns, shares: Arc::clone(shares) }
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        let mut shares = locked(&self.shares);
        // The one in the map, and this one.
        if Arc::strong_count(&self.turns) <= 2 {
            shares.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures::FutureExt;

    use super::*;

    const FLOOD: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn take(turns: &Turns, address: IpAddr) -> Option<Turn> {
        turns.take(address).now_or_never()
    }

    #[tokio::test]
    async fn an_address_that_asks_for_a_lot_waits_while_another_is_served() {
        let turns = Turns::new(4);
        let held: Vec<_> = (0..SHARE).map(|_| take(&turns, FLOOD)).collect();
        assert!(held.iter().all(Option::is_some));
        let mut waiting: Vec<_> = (0..50).map(|_| Box::pin(turns.take(FLOOD))).collect();
        assert!(waiting.iter_mut().all(|it| it.now_or_never().is_none()));
        assert!(take(&turns, OTHER).is_some(), "the other is served");
    }

    #[tokio::test]
    async fn where_all_turns_are_taken_the_next_is_whoever_asked_first() {
        let turns = Turns::new(1);
        let held = take(&turns, FLOOD);
        let mut first = Box::pin(turns.take(OTHER));
        let mut second = Box::pin(turns.take(FLOOD));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(held);
        assert!(second.as_mut().now_or_never().is_none(), "it asked later");
        let held = first.now_or_never();
        assert!(held.is_some());
        drop(held);
        assert!(second.now_or_never().is_some());
    }

    #[tokio::test]
    async fn whoever_gives_up_waiting_is_in_nobodys_way() {
        let turns = Turns::new(1);
        let held = take(&turns, OTHER);
        let mut waiting: Vec<_> = (0..5).map(|_| Box::pin(turns.take(FLOOD))).collect();
        assert!(waiting.iter_mut().all(|it| it.now_or_never().is_none()));
        drop((held, waiting));
        assert!(take(&turns, FLOOD).is_some());
        assert!(locked(&turns.shares).is_empty(), "addresses without a turn are forgotten");
    }
}
