//! A namespace on RabbitMQ for one test, with endpoints and a raw AMQP client. It is deleted at the
//! end. The bus in it is tested by the contract.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};
use std::time::Duration;

use async_trait::async_trait;
use lapin::options::{
    BasicConsumeOptions, BasicGetOptions, BasicPublishOptions, ExchangeDeleteOptions,
    QueueBindOptions, QueueDeclareOptions, QueueDeleteOptions,
};
use lapin::types::FieldTable;
use lapin::{BasicProperties, Channel, Connection, ConnectionProperties, Consumer};
use sockbit_application::bus_message_signing::{KeyId, Keyring};
use sockbit_application::bus_messages::CommandEnvelope;
use sockbit_application::mutex::locked;
use sockbit_application::ports::{
    Announcements, Announcer, Clock, Commands, Presence, Queries, QueryQueue, WorkQueue,
};
use sockbit_domain::Timestamp;
use sockbit_rabbitmq::{
    GatewayEndpoint, Names, Settings, WorkerEndpoint, connect_gateway, connect_worker,
};

use crate::contracts::bus::{Bus, GatewayPorts, WorkerPorts};
use crate::proxy::Proxy;
use crate::servers::{bus_url, fresh_id, fresh_namespace};

/// Few, so that tests start fast, but more than one.
pub const WORK_QUEUES: u16 = 3;
/// Small, so that a test can fill a queue fast.
const WORK_MESSAGES_MAX: u32 = 500;

/// The prefix of a test's queues and exchanges on a broker.
pub struct Namespace {
    url: String,
    prefix: String,
    work_queues: u16,
}

impl Namespace {
    /// A new namespace on the broker of `SOCKBIT_TEST_RABBITMQ`.
    #[must_use]
    pub fn fresh() -> Self {
        Self::on(bus_url())
    }

    /// A new namespace on this broker.
    #[must_use]
    pub fn on(url: String) -> Self {
        Self { url, prefix: fresh_namespace(), work_queues: WORK_QUEUES }
    }

    /// Sets the number of work queues.
    #[must_use]
    pub fn with_work_queues(mut self, work_queues: u16) -> Self {
        self.work_queues = work_queues;
        self
    }

    /// The broker's address.
    #[must_use]
    pub fn broker(&self) -> SocketAddr {
        let (_, host) = self.url.rsplit_once('@').expect("an address with a user");
        let (host, _) = host.split_once('/').expect("an address with a virtual host");
        host.parse().expect("an address with a port")
    }

    /// A proxy in front of the broker, and the URL of the bus through it.
    pub async fn proxy(&self) -> (Proxy, String) {
        let proxy = Proxy::before(self.broker()).await;
        let url = self.url.replace(&self.broker().to_string(), &proxy.address().to_string());
        (proxy, url)
    }

    /// Connects another gateway.
    pub async fn gateway(&self) -> Arc<GatewayEndpoint> {
        connect_gateway(self.settings()).await.expect("the broker responds")
    }

    /// Connects another worker.
    pub async fn worker(&self) -> Arc<WorkerEndpoint> {
        connect_worker(self.settings(), Arc::new(FixedClock)).await.expect("the broker responds")
    }

    /// The settings of another process.
    #[must_use]
    pub fn settings(&self) -> Settings {
        self.settings_with_url(&self.url)
    }

    /// The settings of another process that reaches the broker by this URL.
    #[must_use]
    pub fn settings_with_url(&self, url: &str) -> Settings {
        self.settings_of(url, keys(&[1]))
    }

    /// The settings of another process with these keys.
    #[must_use]
    pub fn settings_with_keys(&self, keys: Keyring) -> Settings {
        self.settings_of(&self.url, keys)
    }

    fn settings_of(&self, url: &str, keys: Keyring) -> Settings {
        let settings = Settings::new(url, keys, fresh_id()).expect("valid settings");
        let settings = settings.namespace(&self.prefix).expect("a valid namespace");
        settings
            .work_queues(self.work_queues)
            .expect("a valid number of queues")
            .work_messages_max(WORK_MESSAGES_MAX)
    }

    /// The names of its queues and exchanges.
    #[must_use]
    pub fn names(&self) -> Names {
        self.settings().names().clone()
    }

    /// Connects an AMQP client that does not use the adapter.
    pub async fn amqp_client(&self) -> AmqpClient {
        let connecting = Connection::connect(&self.url, ConnectionProperties::default());
        let connection = connecting.await.expect("the broker responds");
        let channel = connection.create_channel().await.expect("a channel");
        AmqpClient { _connection: connection, channel, work_queues: self.work_queues }
    }
}

/// An AMQP client that does not use the adapter.
pub struct AmqpClient {
    _connection: Connection,
    /// Its channel.
    pub channel: Channel,
    work_queues: u16,
}

impl AmqpClient {
    /// Deletes everything that outlives a process.
    pub async fn wipe(&self, names: &Names) {
        let work = (0..self.work_queues).map(|number| names.work(number));
        let others = [names.queries(), names.query_batches(), names.intake(), names.dead_letters()];
        for queue in work.chain(others) {
            let deleting = self.channel.queue_delete(queue.into(), QueueDeleteOptions::default());
            deleting.await.expect("the broker responds");
        }
        for exchange in [names.announce(), names.presence(), names.dead_letter_exchange()] {
            let options = ExchangeDeleteOptions::default();
            let deleting = self.channel.exchange_delete(exchange.into(), options);
            deleting.await.expect("the broker responds");
        }
    }

    /// Consumes all messages that are published to an exchange under a routing key from now on.
    pub async fn subscribe(&self, exchange: String, key: &str) -> Consumer {
        let options = QueueDeclareOptions { exclusive: true, ..QueueDeclareOptions::default() };
        let no_arguments = FieldTable::default;
        let queue = self.channel.queue_declare("".into(), options, no_arguments()).await;
        let queue = queue.expect("the broker responds").name().clone();
        let options = QueueBindOptions::default();
        let binding = self.channel.queue_bind(
            queue.clone(),
            exchange.into(),
            key.into(),
            options,
            no_arguments(),
        );
        binding.await.expect("the broker responds");
        let options = BasicConsumeOptions { no_ack: true, ..BasicConsumeOptions::default() };
        let consuming = self.channel.basic_consume(queue, "".into(), options, no_arguments());
        consuming.await.expect("the broker responds")
    }

    /// Publishes a body to a queue.
    pub async fn publish(&self, queue: String, kind: &str, body: &[u8]) {
        let properties = BasicProperties::default().with_type(kind.into());
        let options = BasicPublishOptions::default();
        let publishing =
            self.channel.basic_publish("".into(), queue.into(), options, body, properties);
        publishing.await.expect("the broker responds");
    }

    /// Takes all dead letters: their bodies and reasons.
    pub async fn dead_letters(&self, names: &Names) -> Vec<(Vec<u8>, String)> {
        let mut letters = Vec::new();
        let options = BasicGetOptions { no_ack: true };
        let queue = names.dead_letters();
        while let Some(message) = self
            .channel
            .basic_get(queue.as_str().into(), options)
            .await
            .expect("the broker responds")
        {
            let headers = message.delivery.properties.headers().clone().unwrap_or_default();
            let reason = headers.inner().get("x-sockbit-reason").and_then(|it| it.as_long_string());
            let reason = reason.map(ToString::to_string).unwrap_or_default();
            letters.push((message.delivery.data, reason));
        }
        letters
    }
}

impl Drop for Namespace {
    fn drop(&mut self) {
        let (names, url, work_queues) = (self.names(), self.url.clone(), self.work_queues);
        let wiping = async move {
            // Endpoints that are still shutting down could declare the queues again.
            tokio::time::sleep(Duration::from_millis(300)).await;
            let connecting = Connection::connect(&url, ConnectionProperties::default());
            // The test may have stopped the broker, with all its queues.
            let Ok(connection) = connecting.await else { return };
            let channel = connection.create_channel().await.expect("a channel");
            AmqpClient { _connection: connection, channel, work_queues }.wipe(&names).await;
        };
        // `drop` cannot wait on the test's own runtime.
        let wiped = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(wiping);
        });
        // The test may have deleted a queue itself.
        wiped.join().ok();
    }
}

/// A keyring with these keys. The first one signs.
#[must_use]
pub fn keys(numbers: &[u8]) -> Keyring {
    let keys: Vec<_> = numbers
        .iter()
        .map(|number| (KeyId::new(&format!("k{number}")).expect("an id"), [*number; 32]))
        .collect();
    let keys = keys.iter().map(|(id, secret)| (id.clone(), secret.as_slice()));
    Keyring::new(keys).expect("keys")
}

/// A clock that always shows the same time.
pub struct FixedClock;

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp(1_700_000_000_000)
    }
}

/// RabbitMQ as a bus for the contract.
pub struct RabbitMqBus {
    gateways: Mutex<Vec<Weak<GatewayEndpoint>>>,
    workers: Mutex<Vec<Weak<WorkerEndpoint>>>,
    is_closed: AtomicBool,
    namespace: Namespace,
}

impl RabbitMqBus {
    /// A bus without endpoints.
    #[must_use]
    pub fn fresh() -> Self {
        Self {
            gateways: Mutex::default(),
            workers: Mutex::default(),
            is_closed: AtomicBool::new(false),
            namespace: Namespace::fresh(),
        }
    }
}

#[async_trait]
impl Bus for RabbitMqBus {
    async fn gateway(&self) -> GatewayPorts {
        let endpoint =
            connect_gateway(self.namespace.settings()).await.expect("the broker responds");
        locked(&self.gateways).push(Arc::downgrade(&endpoint));
        if self.is_closed.load(Ordering::Relaxed) {
            endpoint.close().await;
        }
        gateway_ports(endpoint)
    }

    async fn worker(&self) -> WorkerPorts {
        let connecting = connect_worker(self.namespace.settings(), Arc::new(FixedClock));
        let endpoint = connecting.await.expect("the broker responds");
        locked(&self.workers).push(Arc::downgrade(&endpoint));
        if self.is_closed.load(Ordering::Relaxed) {
            endpoint.close().await;
        }
        worker_ports(endpoint)
    }

    async fn dead_letters(&self) -> Vec<(CommandEnvelope, String)> {
        let names = self.namespace.names();
        let letters = self.namespace.amqp_client().await.dead_letters(&names).await;
        let command = |(bytes, reason): (Vec<u8>, String)| {
            let commands = keys(&[1]).verify_commands(&bytes).expect("a signed message");
            commands.into_iter().map(move |it| (it.expect("a command"), reason.clone()))
        };
        letters.into_iter().flat_map(command).collect()
    }

    async fn close(&self) {
        self.is_closed.store(true, Ordering::Relaxed);
        let gateways: Vec<_> = locked(&self.gateways).iter().filter_map(Weak::upgrade).collect();
        for gateway in gateways {
            gateway.close().await;
        }
        let workers: Vec<_> = locked(&self.workers).iter().filter_map(Weak::upgrade).collect();
        for worker in workers {
            worker.close().await;
        }
    }
}

/// The ports of a gateway for the contract.
pub fn gateway_ports(endpoint: Arc<GatewayEndpoint>) -> GatewayPorts {
    GatewayPorts {
        id: fresh_id(),
        commands: Arc::clone(&endpoint) as Arc<dyn Commands>,
        queries: Arc::clone(&endpoint) as Arc<dyn Queries>,
        announcements: Arc::clone(&endpoint) as Arc<dyn Announcements>,
        presence: endpoint as Arc<dyn Presence>,
    }
}

/// The ports of a worker for the contract.
pub fn worker_ports(endpoint: Arc<WorkerEndpoint>) -> WorkerPorts {
    WorkerPorts {
        work: Arc::clone(&endpoint) as Arc<dyn WorkQueue>,
        queries: Arc::clone(&endpoint) as Arc<dyn QueryQueue>,
        announcer: endpoint as Arc<dyn Announcer>,
    }
}
