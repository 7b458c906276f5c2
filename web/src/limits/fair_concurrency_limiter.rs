//! Limits how many expensive operations run at once, fairly between client addresses.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, Mutex};

use sockbit_application::mutex::locked;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Permits that one address may hold or queue for at once. Its further requests wait outside the
/// shared queue, so that other addresses are not behind them.
const PER_ADDRESS_MAX: usize = 2;

/// A semaphore with a smaller semaphore for each address in front of it.
pub(crate) struct FairConcurrencyLimiter {
    all: Arc<Semaphore>,
    by_address: AddressSemaphores,
}

/// Permission to run one operation. A task must not acquire a second one: it would deadlock once
/// all permits of its address are held by such tasks.
pub(crate) struct ConcurrencyPermit {
    _all: Option<OwnedSemaphorePermit>,
    _own: Option<OwnedSemaphorePermit>,
    _address: AddressSemaphore,
}

/// The semaphore of an address that waits for or holds a permit.
struct AddressSemaphore {
    address: IpAddr,
    semaphore: Arc<Semaphore>,
    by_address: AddressSemaphores,
}

type AddressSemaphores = Arc<Mutex<HashMap<IpAddr, Arc<Semaphore>>>>;

impl FairConcurrencyLimiter {
    pub fn new(permits: usize) -> Self {
        Self { all: Arc::new(Semaphore::new(permits)), by_address: AddressSemaphores::default() }
    }

    /// Waits for a permit, first come, first served.
    pub async fn acquire(&self, address: IpAddr) -> ConcurrencyPermit {
        let of_address = AddressSemaphore::get(address, &self.by_address);
        // Neither semaphore is ever closed.
        let own = Arc::clone(&of_address.semaphore).acquire_owned().await.ok();
        let all = Arc::clone(&self.all).acquire_owned().await.ok();
        ConcurrencyPermit { _all: all, _own: own, _address: of_address }
    }
}

impl AddressSemaphore {
    fn get(address: IpAddr, by_address: &AddressSemaphores) -> Self {
        let new = || Arc::new(Semaphore::new(PER_ADDRESS_MAX));
        let semaphore = Arc::clone(locked(by_address).entry(address).or_insert_with(new));
        Self { address, semaphore, by_address: Arc::clone(by_address) }
    }
}

impl Drop for AddressSemaphore {
    fn drop(&mut self) {
        let mut by_address = locked(&self.by_address);
        // The references of the map and of this value: the address has no other request.
        if Arc::strong_count(&self.semaphore) <= 2 {
            by_address.remove(&self.address);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use futures::FutureExt;

    use super::*;

    const BUSY: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));
    const OTHER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 2));

    fn try_acquire(limiter: &FairConcurrencyLimiter, address: IpAddr) -> Option<ConcurrencyPermit> {
        limiter.acquire(address).now_or_never()
    }

    #[tokio::test]
    async fn a_busy_address_waits_while_another_is_served() {
        let limiter = FairConcurrencyLimiter::new(4);
        let held: Vec<_> = (0..PER_ADDRESS_MAX).map(|_| try_acquire(&limiter, BUSY)).collect();
        assert!(held.iter().all(Option::is_some));
        let mut waiting: Vec<_> = (0..50).map(|_| Box::pin(limiter.acquire(BUSY))).collect();
        assert!(waiting.iter_mut().all(|it| it.now_or_never().is_none()));
        assert!(try_acquire(&limiter, OTHER).is_some(), "the other address is served");
    }

    #[tokio::test]
    async fn permits_are_granted_in_the_order_of_requests() {
        let limiter = FairConcurrencyLimiter::new(1);
        let held = try_acquire(&limiter, BUSY);
        let mut first = Box::pin(limiter.acquire(OTHER));
        let mut second = Box::pin(limiter.acquire(BUSY));
        assert!(first.as_mut().now_or_never().is_none());
        assert!(second.as_mut().now_or_never().is_none());
        drop(held);
        assert!(second.as_mut().now_or_never().is_none(), "it queued later");
        let held = first.now_or_never();
        assert!(held.is_some());
        drop(held);
        assert!(second.now_or_never().is_some());
    }

    #[tokio::test]
    async fn a_cancelled_request_does_not_block_others() {
        let limiter = FairConcurrencyLimiter::new(1);
        let held = try_acquire(&limiter, OTHER);
        let mut waiting: Vec<_> = (0..5).map(|_| Box::pin(limiter.acquire(BUSY))).collect();
        assert!(waiting.iter_mut().all(|it| it.now_or_never().is_none()));
        drop((held, waiting));
        assert!(try_acquire(&limiter, BUSY).is_some());
        assert!(locked(&limiter.by_address).is_empty(), "an idle address takes no memory");
    }
}
