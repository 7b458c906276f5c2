//! A bus with one fault.

mod fault;
mod gateway_end;
mod shared_state;
mod worker_end;

use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use futures::FutureExt;
use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Presence, Queries, QueryQueue, WorkQueue,
};
use sockbit_application::slot::Slot;

pub use self::fault::BusFault;
use self::gateway_end::FaultyGateway;
use self::shared_state::SharedState;
use self::worker_end::FaultyWorker;
use super::fixtures::MANY;
use super::{Bus, GatewayPorts, InMemoryBus, WorkerPorts};

/// The in-memory bus, with one fault.
pub struct FaultyBus {
    inner: InMemoryBus,
    state: Arc<SharedState>,
}

impl FaultyBus {
    /// A fresh bus with this fault.
    pub fn new(fault: BusFault) -> Self {
        Self { inner: InMemoryBus::default(), state: Arc::new(SharedState::new(fault)) }
    }
}

#[async_trait]
impl Bus for FaultyBus {
    async fn gateway(&self) -> GatewayPorts {
        let inner = self.inner.gateway().await;
        if self.state.fault == BusFault::SubscribesToAllSlots {
            for slot in 0..=255 {
                inner.announcements.subscribe(Slot(slot)).await.ok();
            }
        }
        let id = inner.id;
        let end = Arc::new(FaultyGateway::new(inner, Arc::clone(&self.state)));
        GatewayPorts {
            id,
            commands: Arc::clone(&end) as Arc<dyn Commands>,
            queries: Arc::clone(&end) as Arc<dyn Queries>,
            announcements: Arc::clone(&end) as Arc<dyn Announcements>,
            presence: end as Arc<dyn Presence>,
        }
    }

    async fn worker(&self) -> WorkerPorts {
        let inner = self.inner.worker().await;
        if self.state.fault == BusFault::DropsQueuedCommands {
            while let Some(Some(deliveries)) = inner.work.take(MANY).now_or_never() {
                let tags = deliveries.into_iter().map(|it| it.tag).collect();
                inner.work.acknowledge(tags).await.ok();
            }
        }
        let end = Arc::new(FaultyWorker::new(inner, Arc::clone(&self.state)));
        WorkerPorts {
            work: Arc::clone(&end) as Arc<dyn WorkQueue>,
            queries: Arc::clone(&end) as Arc<dyn QueryQueue>,
            announcer: end as Arc<dyn Announcer>,
        }
    }

    async fn dead_letters(&self) -> Vec<(CommandEnvelope, String)> {
        self.inner.dead_letters().await
    }

    async fn close(&self) {
        let again = self.state.is_closed.swap(true, Ordering::Relaxed);
        assert!(
            !again || self.state.fault != BusFault::PanicsOnSecondClose,
            "the bus is already closed"
        );
        if self.state.fault != BusFault::NeverCloses {
            self.inner.close().await;
        }
    }
}
