//! The ports that a bus under test gives to gateways and workers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Presence, Queries, QueryQueue, WorkQueue,
};
use sockbit_memory::MemoryBus;
use uuid::Uuid;

/// A bus under test, with any number of gateways and workers.
#[async_trait]
pub trait Bus: Send + Sync {
    /// Connects another gateway.
    async fn gateway(&self) -> GatewayPorts;

    /// Connects another worker, which disconnects when its ports are dropped.
    async fn worker(&self) -> WorkerPorts;

    /// The dead letters with their reasons.
    async fn dead_letters(&self) -> Vec<(CommandEnvelope, String)>;

    /// Closes the bus.
    async fn close(&self);
}

/// The ports of one gateway.
#[derive(Clone)]
pub struct GatewayPorts {
    /// The gateway's id, to which outcomes are addressed.
    pub id: Uuid,
    pub commands: Arc<dyn Commands>,
    pub queries: Arc<dyn Queries>,
    pub announcements: Arc<dyn Announcements>,
    pub presence: Arc<dyn Presence>,
}

/// The ports of one worker.
#[derive(Clone)]
pub struct WorkerPorts {
    pub work: Arc<dyn WorkQueue>,
    pub queries: Arc<dyn QueryQueue>,
    pub announcer: Arc<dyn Announcer>,
}

/// The in-memory bus.
#[derive(Default)]
pub struct InMemoryBus {
    bus: MemoryBus,
    gateways: AtomicU64,
}

#[async_trait]
impl Bus for InMemoryBus {
    async fn gateway(&self) -> GatewayPorts {
        let end = self.bus.gateway();
        GatewayPorts {
            id: Uuid::from_u128(
                0x9a7e_0000 + u128::from(self.gateways.fetch_add(1, Ordering::Relaxed)),
            ),
            commands: Arc::clone(&end) as Arc<dyn Commands>,
            queries: Arc::clone(&end) as Arc<dyn Queries>,
            announcements: Arc::clone(&end) as Arc<dyn Announcements>,
            presence: end,
        }
    }

    async fn worker(&self) -> WorkerPorts {
        let end = self.bus.worker();
        WorkerPorts {
            work: Arc::clone(&end) as Arc<dyn WorkQueue>,
            queries: Arc::clone(&end) as Arc<dyn QueryQueue>,
            announcer: end,
        }
    }

    async fn dead_letters(&self) -> Vec<(CommandEnvelope, String)> {
        self.bus.dead_letters()
    }

    async fn close(&self) {
        self.bus.close();
    }
}
