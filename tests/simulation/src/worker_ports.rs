//! The ports that a worker is built from.

use std::sync::Arc;

use sockbit_application::ports::{
    Announcer, DecisionStore, QueryQueue, ReadStore, StoreHealth, WorkQueue,
};

pub(crate) struct WorkerPorts {
    pub decisions: Arc<dyn DecisionStore>,
    pub reads: Arc<dyn ReadStore>,
    pub health: Arc<dyn StoreHealth>,
    pub announcer: Arc<dyn Announcer>,
    pub work: Arc<dyn WorkQueue>,
    pub queries: Arc<dyn QueryQueue>,
}
