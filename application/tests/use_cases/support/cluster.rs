//! Gateways and a worker on one bus, as in one process, with faults between them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sockbit_application::bus_messages::{Announcement, CoreQuery, CoreReply, OutcomeEnvelope};
use sockbit_application::core::{Core, CorePorts};
use sockbit_application::gateway::{Gateway, GatewayPorts, GatewaySettings, Identity};
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Confirm, Ids, Incoming, Presence, Queries, QueryQueue,
    Unavailable, WorkQueue,
};
use sockbit_application::slot::Slot;
use sockbit_application::worker::Worker;
use sockbit_domain::Limits;
use sockbit_memory::{GatewayEndpoint, MemoryBus, MemoryStore, WorkerEndpoint};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::TestClient;
use super::core_fixture::{FreshIds, TickingClock};
use super::counted_reads::CountedReads;

pub struct Cluster {
    pub bus: MemoryBus,
    pub announcer: Arc<LossyAnnouncer>,
    /// What queries read from the store.
    pub reads: Arc<CountedReads>,
    ids: Arc<FreshIds>,
    worker: JoinHandle<()>,
    gateways: Vec<(Arc<Gateway>, Arc<RecordingEndpoint>, JoinHandle<()>)>,
    next_message: AtomicU64,
}

/// The announcer of the worker, which may lose announcements.
pub struct LossyAnnouncer {
    inner: Arc<WorkerEndpoint>,
    is_losing: AtomicBool,
}

impl LossyAnnouncer {
    /// Decides whether announcements are lost from now on.
    pub fn lose_announcements(&self, is_losing: bool) {
        self.is_losing.store(is_losing, Ordering::Relaxed);
    }
}

impl Announcer for LossyAnnouncer {
    fn publish(
        &self,
        mut announcements: Vec<Announcement>,
        outcomes: Vec<OutcomeEnvelope>,
    ) -> Confirm<Unavailable> {
        if self.is_losing.load(Ordering::Relaxed) {
            announcements.clear();
        }
        self.inner.publish(announcements, outcomes)
    }
}

/// The bus endpoint of a gateway. It records queries, and can report an interruption.
pub struct RecordingEndpoint {
    inner: Arc<GatewayEndpoint>,
    queries: Mutex<Vec<CoreQuery>>,
    interruption: Notify,
}

impl RecordingEndpoint {
    /// The queries since the last call.
    pub fn take_queries(&self) -> Vec<CoreQuery> {
        std::mem::take(&mut *locked(&self.queries))
    }

    /// Reports an interruption, as after a reconnection.
    pub fn interrupt(&self) {
        self.interruption.notify_one();
    }
}

#[async_trait]
impl Queries for RecordingEndpoint {
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        locked(&self.queries).push(query.clone());
        self.inner.query(query).await
    }
}

#[async_trait]
impl Announcements for RecordingEndpoint {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.inner.subscribe(slot).await
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.inner.unsubscribe(slot).await
    }

    async fn next(&self) -> Option<Incoming> {
        tokio::select! {
            incoming = Announcements::next(&*self.inner) => incoming,
            () = self.interruption.notified() => Some(Incoming::Interrupted),
        }
    }
}

impl Cluster {
    /// One gateway, one worker and an empty store.
    pub fn new() -> Self {
        Self::with(&GatewaySettings {
            messages_per_second: 100_000,
            messages_burst: 100_000,
            ..GatewaySettings::default()
        })
    }

    pub fn with(settings: &GatewaySettings) -> Self {
        let bus = MemoryBus::new();
        let ids = Arc::new(FreshIds::default());
        let (announcer, reads, worker) = start_worker(&bus, &ids, Arc::new(MemoryStore::new()));
        let gateways = Vec::new();
        let mut cluster =
            Self { bus, announcer, reads, ids, worker, gateways, next_message: AtomicU64::new(1) };
        cluster.add_gateway(settings);
        cluster
    }

    pub fn add_gateway(&mut self, settings: &GatewaySettings) {
        let end = self.bus.gateway();
        let recording = Arc::new(RecordingEndpoint {
            inner: Arc::clone(&end),
            queries: Mutex::default(),
            interruption: Notify::new(),
        });
        let ports = GatewayPorts {
            commands: Arc::clone(&end) as Arc<dyn Commands>,
            presence: end as Arc<dyn Presence>,
            queries: Arc::clone(&recording) as Arc<dyn Queries>,
            announcements: Arc::clone(&recording) as Arc<dyn Announcements>,
            ids: Arc::clone(&self.ids) as Arc<dyn Ids>,
        };
        let gateway = Gateway::new(ports, settings.clone());
        let runs = Arc::clone(&gateway);
        let running = tokio::spawn(async move { runs.run().await });
        self.gateways.push((gateway, recording, running));
    }

    /// Replaces the worker and its store, as after a restored backup.
    pub fn restore(&mut self, store: Arc<MemoryStore>) {
        self.worker.abort();
        (self.announcer, self.reads, self.worker) = start_worker(&self.bus, &self.ids, store);
    }

    pub fn gateway(&self) -> &Arc<Gateway> {
        let (gateway, ..) = self.gateways.first().expect("there is one");
        gateway
    }

    pub fn bus_endpoint(&self) -> &RecordingEndpoint {
        let (_, recording, _) = self.gateways.first().expect("there is one");
        recording
    }

    /// A client of the first gateway, with an address of its own.
    pub fn client(&self, identity: &Identity) -> TestClient {
        self.client_at(0, identity)
    }

    pub fn client_at(&self, gateway: usize, identity: &Identity) -> TestClient {
        let (gateway, ..) = self.gateways.get(gateway).expect("there is such a gateway");
        let [.., c, d] = identity.actor.id.0.into_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(10, 0, c, d));
        let session = gateway.open(identity.clone(), address).expect("it is below all limits");
        let first_message = self.next_message.fetch_add(1 << 20, Ordering::Relaxed);
        TestClient::new(session, first_message)
    }
}

fn start_worker(
    bus: &MemoryBus,
    ids: &Arc<FreshIds>,
    store: Arc<MemoryStore>,
) -> (Arc<LossyAnnouncer>, Arc<CountedReads>, JoinHandle<()>) {
    let end = bus.worker();
    let announcer =
        Arc::new(LossyAnnouncer { inner: Arc::clone(&end), is_losing: AtomicBool::new(false) });
    let (clock, ids) = (Arc::new(TickingClock::default()), Arc::clone(ids));
    let reads = Arc::new(CountedReads::new(Arc::clone(&store)));
    let ports = CorePorts {
        reads: Arc::clone(&reads) as _,
        health: Arc::clone(&reads) as _,
        ..CorePorts::new(store, Arc::clone(&announcer) as Arc<dyn Announcer>, clock, ids)
    };
    let core = Arc::new(Core::new(ports, Limits::default()));
    let work = Arc::clone(&end) as Arc<dyn WorkQueue>;
    let worker = Worker::new(core, work, end as Arc<dyn QueryQueue>);
    (announcer, reads, tokio::spawn(async move { worker.run().await }))
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.worker.abort();
        self.gateways.iter().for_each(|(.., running)| running.abort());
    }
}
