//! One gateway's endpoint: its connections, its health and its ports.

use std::collections::BTreeSet;
use std::sync::Arc;

use async_trait::async_trait;
use sockbit_application::bus_messages::{CommandEnvelope, CoreQuery, CoreReply, PresenceUpdate};
use sockbit_application::ports::{
    Announcements, Commands, Confirm, ExternalCommand, ExternalCommands, Incoming, Presence,
    Queries, SendError, Unavailable, ready_confirm,
};
use sockbit_application::slot::Slot;
use tokio::sync::Mutex;
use tokio::task::JoinHandle;

use super::announcement_consumer::AnnouncementConsumer;
use super::command_publisher::CommandPublisher;
use super::external_command_consumer::ExternalCommandConsumer;
use super::presence_updates::PresenceUpdates;
use super::query_client::QueryClient;
use crate::broker_connection::BrokerError;
use crate::connect_error::ConnectError;
use crate::names::work_queue_of;
use crate::publisher::Publisher;
use crate::settings::Settings;
use crate::shutdown::{Phase, ShutdownSignal};
use crate::supervised_connection::{ConnectionRole, SupervisedConnection};

/// The ports of one gateway.
pub struct GatewayEndpoint {
    settings: Arc<Settings>,
    publisher: Publisher,
    commands: CommandPublisher,
    queries: QueryClient,
    announcements: Arc<SupervisedConnection<AnnouncementConsumer>>,
    external_commands: Arc<SupervisedConnection<ExternalCommandConsumer>>,
    presence: Arc<SupervisedConnection<PresenceUpdates>>,
    shutdown: ShutdownSignal,
    supervisors: Mutex<Vec<JoinHandle<()>>>,
}

/// Connects a gateway. It returns once all connections are open; each is re-established whenever it
/// is lost, until the endpoint is closed or dropped.
pub async fn connect_gateway(settings: Settings) -> Result<Arc<GatewayEndpoint>, ConnectError> {
    let settings = Arc::new(settings);
    let connecting = GatewayEndpoint::open(Arc::clone(&settings));
    connecting.await.map(Arc::new).map_err(|error| ConnectError::new(&settings, &error))
}

impl GatewayEndpoint {
    async fn open(settings: Arc<Settings>) -> Result<Self, BrokerError> {
        let shutdown = ShutdownSignal::new();
        let publisher = Publisher::open(Arc::clone(&settings), shutdown.clone()).await?;
        let announcements = AnnouncementConsumer::new(Arc::clone(&settings));
        let announcements = open(announcements, &settings, &shutdown).await?;
        let external_commands =
            ExternalCommandConsumer::new(Arc::clone(&settings), publisher.clone());
        let external_commands = open(external_commands, &settings, &shutdown).await?;
        let presence = PresenceUpdates::new(Arc::clone(&settings), publisher.clone());
        let presence = open(presence, &settings, &shutdown).await?;
        let supervisors = vec![
            tokio::spawn({
                let publisher = publisher.clone();
                async move { publisher.supervise().await }
            }),
            supervise(&announcements),
            supervise(&external_commands),
            supervise(&presence),
        ];
        Ok(Self {
            commands: CommandPublisher::new(Arc::clone(&settings), publisher.clone()),
            queries: QueryClient::new(
                Arc::clone(&settings),
                publisher.clone(),
                Arc::clone(&announcements),
            ),
            settings,
            publisher,
            announcements,
            external_commands,
            presence,
            shutdown,
            supervisors: Mutex::new(supervisors),
        })
    }

    /// Why this gateway cannot serve now.
    pub fn health(&self) -> Result<(), String> {
        self.publisher.health()?;
        self.announcements.current().ok_or_else(|| self.announcements.error())?;
        let workers = &self.announcements.role.workers;
        if workers.live().is_empty() {
            return Err("no worker sends heartbeats".to_owned());
        }
        workers.check_work_queues(self.settings.work_queues)
    }

    /// Why commands cannot be sent now.
    fn check_sending(&self) -> Result<(), String> {
        if self.shutdown.has_begun() {
            return Err("the bus is closed".to_owned());
        }
        self.announcements.role.workers.check_work_queues(self.settings.work_queues)
    }

    /// Closes the endpoint: pending calls of its ports return. Closing twice has no effect.
    pub async fn close(&self) {
        self.shutdown.enter(Phase::Draining);
        self.announcements.role.pending_queries.fail_all();
        for supervisor in self.supervisors.lock().await.drain(..) {
            // A supervisor that panicked has ended as well.
            supervisor.await.ok();
        }
    }
}

impl Drop for GatewayEndpoint {
    fn drop(&mut self) {
        self.shutdown.enter(Phase::Aborted);
    }
}

async fn open<R: ConnectionRole>(
    role: R,
    settings: &Arc<Settings>,
    shutdown: &ShutdownSignal,
) -> Result<Arc<SupervisedConnection<R>>, BrokerError> {
    SupervisedConnection::open(role, Arc::clone(settings), shutdown.clone()).await
}

fn supervise<R: ConnectionRole>(connection: &Arc<SupervisedConnection<R>>) -> JoinHandle<()> {
    let connection = Arc::clone(connection);
    tokio::spawn(async move { connection.supervise().await })
}

impl Commands for GatewayEndpoint {
    fn send(&self, batch: Vec<CommandEnvelope>) -> Confirm<SendError> {
        if let Err(reason) = self.check_sending() {
            return ready_confirm(Err(SendError::Refused(reason)));
        }
        // The outcomes must be bound to this queue before a command is published.
        let announcements = Arc::clone(&self.announcements);
        let gateways: BTreeSet<_> = batch.iter().map(|it| it.reply_to.gateway).collect();
        let binding = Box::pin(async move { announcements.bind_gateways(gateways).await });
        self.commands.publish(binding, &batch)
    }

    fn work_queue(&self, slot: Slot) -> u16 {
        work_queue_of(slot, self.settings.work_queues)
    }
}

#[async_trait]
impl Queries for GatewayEndpoint {
    async fn query(&self, query: CoreQuery) -> Result<CoreReply, Unavailable> {
        let reply = self.shutdown.unless_begun(self.queries.query(query)).await;
        reply.unwrap_or_else(|| Err(Unavailable("the bus is closed".to_owned())))
    }
}

#[async_trait]
impl Announcements for GatewayEndpoint {
    async fn subscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        tokio::join!(self.announcements.subscribe(slot), self.presence.subscribe(slot)).0
    }

    async fn unsubscribe(&self, slot: Slot) -> Result<(), Unavailable> {
        tokio::join!(self.announcements.unsubscribe(slot), self.presence.unsubscribe(slot)).0
    }

    async fn next(&self) -> Option<Incoming> {
        self.shutdown.unless_begun(self.announcements.role.next()).await
    }
}

#[async_trait]
impl Presence for GatewayEndpoint {
    async fn publish(&self, update: PresenceUpdate) {
        self.presence.role.publish(&update).await;
    }

    async fn next_update(&self) -> Option<PresenceUpdate> {
        self.shutdown.unless_begun(self.presence.role.next()).await
    }
}

#[async_trait]
impl ExternalCommands for GatewayEndpoint {
    async fn next(&self) -> Option<ExternalCommand> {
        self.shutdown.unless_begun(self.external_commands.role.next()).await
    }
}
