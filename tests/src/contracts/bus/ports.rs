//! What a bus offers to a gateway and to a worker, whatever is between them.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use async_trait::async_trait;
use sockbit_application::envelope::CommandEnvelope;
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Presence, Queries, QueryQueue, WorkQueue,
};
use sockbit_memory::MemoryBus;
use uuid::Uuid;

use super::fixtures::uuid;

/// A bus under test, with any number of gateways and workers on it.
#[async_trait]
pub trait Bus: Send + Sync {
    /// A further gateway.
    async fn gateway(&self) -> GatewayPorts;

    /// A further worker, which is gone when its ends are dropped.
    async fn worker(&self) -> WorkerPorts;

    /// What was set aside, with the reasons.
    async fn dead_letters(&self) -> Vec<(CommandEnvelope, String)>;

    /// Ends the bus for good.
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

/// The bus in memory.
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
            id: uuid(0x9a7e_0000 + self.gateways.fetch_add(1, Ordering::Relaxed)),
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
