//! Gateways and workers on one bus, as in a process, and what may go wrong between them.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use sockbit_application::core::{Core, CorePorts};
use sockbit_application::envelope::{Announcement, CoreQuery, CoreReply, OutcomeEnvelope};
use sockbit_application::gateway::{Gateway, GatewayPorts, GatewaySettings, Identity};
use sockbit_application::ports::{
    Announcements, Announcer, Commands, Ids, Incoming, Presence, Queries, QueryQueue, Store,
    Unavailable, WorkQueue,
};
use sockbit_application::slot::Slot;
use sockbit_application::worker::Worker;
use sockbit_domain::Limits;
use sockbit_memory::{GatewayEnd, MemoryBus, MemoryStore, WorkerEnd};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

use super::Client;
use super::core_fixture::{FreshIds, TickingClock};

pub struct Cluster {
    pub bus: MemoryBus,
    pub mouth: Arc<Mouth>,
    ids: Arc<FreshIds>,
    worker: JoinHandle<()>,
    gateways: Vec<(Arc<Gateway>, Arc<Ear>, JoinHandle<()>)>,
    messages: AtomicU64,
}

/// The way out of the core, which may lose what happened.
pub struct Mouth {
    inner: Arc<WorkerEnd>,
    loses: AtomicBool,
}

impl Mouth {
    /// From now on what happens is announced to nobody.
    pub fn lose(&self, loses: bool) {
        self.loses.store(loses, Ordering::Relaxed);
    }
}

#[async_trait]
impl Announcer for Mouth {
    async fn announce(&self, batch: Vec<Announcement>) -> Result<(), Unavailable> {
        if self.loses.load(Ordering::Relaxed) { Ok(()) } else { self.inner.announce(batch).await }
    }

    async fn send_outcomes(&self, batch: Vec<OutcomeEnvelope>) -> Result<(), Unavailable> {
        self.inner.send_outcomes(batch).await
    }
}

/// The ear and the voice of a gateway: remembers its questions, and may be interrupted.
pub struct Ear {
    inner: Arc<GatewayEnd>,
    asked: Mutex<Vec<CoreQuery>>,
    interruption: Notify,
}

impl Ear {
    /// The questions that were asked since this was last called.
    pub fn asked(&self) -> Vec<CoreQuery> {
        std::mem::take(&mut *self.asked.lock().expect("nobody panics with it"))
    }

    /// As after a reconnection.
    pub fn interrupt(&self) {
        self.interruption.notify_one();
    }
}

#[async_trait]
impl Queries for Ear {
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        self.asked.lock().expect("nobody panics with it").push(query.clone());
        self.inner.query(query).await
    }
}

#[async_trait]
impl Announcements for Ear {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.inner.subscribe(slot).await
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        self.inner.unsubscribe(slot).await
    }

    async fn next(&self) -> Option<Incoming> {
        tokio::select! {
            news = Announcements::next(&*self.inner) => news,
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
        let (mouth, worker) = start_worker(&bus, &ids, Arc::new(MemoryStore::new()));
        let gateways = Vec::new();
        let mut cluster = Self { bus, mouth, ids, worker, gateways, messages: AtomicU64::new(1) };
        cluster.add_gateway(settings);
        cluster
    }

    pub fn add_gateway(&mut self, settings: &GatewaySettings) {
        let end = self.bus.gateway();
        let ear = Arc::new(Ear {
            inner: Arc::clone(&end),
            asked: Mutex::default(),
            interruption: Notify::new(),
        });
        let ports = GatewayPorts {
            commands: Arc::clone(&end) as Arc<dyn Commands>,
            presence: end as Arc<dyn Presence>,
            queries: Arc::clone(&ear) as Arc<dyn Queries>,
            announcements: Arc::clone(&ear) as Arc<dyn Announcements>,
            ids: Arc::clone(&self.ids) as Arc<dyn Ids>,
        };
        let gateway = Gateway::new(ports, settings.clone());
        let runs = Arc::clone(&gateway);
        let running = tokio::spawn(async move { runs.run().await });
        self.gateways.push((gateway, ear, running));
    }

    /// The worker goes, and another one comes with another store, as from a backup.
    pub fn restore(&mut self, store: Arc<MemoryStore>) {
        self.worker.abort();
        (self.mouth, self.worker) = start_worker(&self.bus, &self.ids, store);
    }

    pub fn gateway(&self) -> &Arc<Gateway> {
        let (gateway, ..) = self.gateways.first().expect("there is one");
        gateway
    }

    pub fn ear(&self) -> &Ear {
        let (_, ear, _) = self.gateways.first().expect("there is one");
        ear
    }

    /// Somebody who connects to the first gateway from their own address.
    pub fn client(&self, who: &Identity) -> Client {
        self.client_at(0, who)
    }

    pub fn client_at(&self, gateway: usize, who: &Identity) -> Client {
        let (gateway, ..) = self.gateways.get(gateway).expect("there is such a gateway");
        let [.., c, d] = who.actor.id.0.into_bytes();
        let address = IpAddr::V4(Ipv4Addr::new(10, 0, c, d));
        let session = gateway.open(who.clone(), address).expect("there is room");
        let first_message = self.messages.fetch_add(1 << 20, Ordering::Relaxed);
        Client::new(session, first_message)
    }
}

fn start_worker(
    bus: &MemoryBus,
    ids: &Arc<FreshIds>,
    store: Arc<MemoryStore>,
) -> (Arc<Mouth>, JoinHandle<()>) {
    let end = bus.worker();
    let mouth = Arc::new(Mouth { inner: Arc::clone(&end), loses: AtomicBool::new(false) });
    let ports = CorePorts {
        store: store as Arc<dyn Store>,
        announcer: Arc::clone(&mouth) as Arc<dyn Announcer>,
        clock: Arc::new(TickingClock::default()),
        ids: Arc::clone(ids) as Arc<dyn Ids>,
    };
    let core = Arc::new(Core::new(ports, Limits::default()));
    let work = Arc::clone(&end) as Arc<dyn WorkQueue>;
    let worker = Worker::new(core, work, end as Arc<dyn QueryQueue>);
    (mouth, tokio::spawn(async move { worker.run().await }))
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.worker.abort();
        self.gateways.iter().for_each(|(.., running)| running.abort());
    }
}
