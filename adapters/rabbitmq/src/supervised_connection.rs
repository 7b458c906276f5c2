//! A connection that is re-established whenever it is lost, until the endpoint shuts down.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::backoff::{Backoff, Retry};
use sockbit_application::mutex::locked;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use crate::broker_connection::{BrokerConnection, BrokerError};
use crate::settings::Settings;
use crate::shutdown::{Phase, ShutdownSignal};

/// For opening the channels, declaring, binding and starting to consume, all together.
pub(crate) const SET_UP_TIMEOUT: Duration = Duration::from_secs(10);
/// Between two attempts to connect.
pub(crate) const RECONNECT: Backoff =
    Backoff::new(Duration::from_millis(100), Duration::from_secs(2));

/// What a connection is used for.
#[async_trait]
pub(crate) trait ConnectionRole: Send + Sync + 'static {
    /// The channels and consumers of one connection.
    type Channels: Send + Sync + 'static;

    /// The role's part of the connection's name, and its label in metrics.
    fn name(&self) -> &'static str;

    /// Sets up a new connection. `number` counts the connections of this role from 0.
    async fn set_up(
        &self,
        connection: &Arc<BrokerConnection>,
        number: u64,
    ) -> Result<Self::Channels, BrokerError>;

    /// Serves until the connection is unusable, and returns the reason. Once the shutdown begins,
    /// it finishes its work and returns.
    async fn serve(&self, channels: &Self::Channels, shutdown: &ShutdownSignal) -> String;

    /// Discards the state that belonged to a lost connection.
    fn disconnected(&self, channels: &Self::Channels);
}

/// An open connection with its channels.
pub(crate) struct LiveConnection<C> {
    pub connection: Arc<BrokerConnection>,
    pub channels: C,
    failure: Mutex<Option<String>>,
    failed: Notify,
}

impl<C> LiveConnection<C> {
    fn new(connection: Arc<BrokerConnection>, channels: C) -> Self {
        Self { connection, channels, failure: Mutex::default(), failed: Notify::new() }
    }

    /// Reports that this connection is unusable, so that it is replaced. The first reason is kept.
    pub fn report_failure(&self, reason: &str) {
        locked(&self.failure).get_or_insert_with(|| reason.to_owned());
        self.failed.notify_one();
    }

    async fn reported_failure(&self) -> String {
        self.failed.notified().await;
        locked(&self.failure).clone().unwrap_or_default()
    }
}

/// Keeps one connection for one role.
pub(crate) struct SupervisedConnection<R: ConnectionRole> {
    pub role: R,
    settings: Arc<Settings>,
    shutdown: ShutdownSignal,
    connections: AtomicU64,
    current: watch::Sender<Option<Arc<LiveConnection<R::Channels>>>>,
    /// Why there is no connection, while there is none.
    last_error: Mutex<String>,
}

impl<R: ConnectionRole> SupervisedConnection<R> {
    /// Opens the first connection. [`Self::supervise`] keeps it from then on.
    pub async fn open(
        role: R,
        settings: Arc<Settings>,
        shutdown: ShutdownSignal,
    ) -> Result<Arc<Self>, BrokerError> {
        let supervised = Self {
            role,
            settings,
            shutdown,
            connections: AtomicU64::new(0),
            current: watch::Sender::new(None),
            last_error: Mutex::default(),
        };
        supervised.connect().await?;
        Ok(Arc::new(supervised))
    }

    /// The current connection, if there is one.
    pub fn current(&self) -> Option<Arc<LiveConnection<R::Channels>>> {
        self.current.borrow().clone()
    }

    /// Waits for a connection, or returns why there is none within this time.
    pub async fn wait_until_connected(
        &self,
        within: Duration,
    ) -> Result<Arc<LiveConnection<R::Channels>>, String> {
        if self.shutdown.has_begun() {
            // Work in progress may finish on this connection; there will be no other.
            return self.current().ok_or_else(|| "the bus is closed".to_owned());
        }
        let mut current = self.current.subscribe();
        let live = tokio::select! {
            live = timeout(within, current.wait_for(Option::is_some)) => {
                live.ok().and_then(Result::ok).and_then(|it| it.clone())
            }
            () = self.shutdown.reached(Phase::Draining) => None,
        };
        live.ok_or_else(|| self.error())
    }

    /// Why there is no connection.
    pub fn error(&self) -> String {
        format!("there is no connection to RabbitMQ: {}", locked(&self.last_error))
    }

    /// Serves the role and reconnects, until the endpoint shuts down.
    pub async fn supervise(&self) {
        let mut retry = Retry::new(RECONNECT, (self.settings.id, self.role.name()));
        while !self.shutdown.has_begun() {
            match self.current() {
                Some(live) => {
                    let since = Instant::now();
                    self.serve(&live).await;
                    retry.reset_if_stable(since.elapsed());
                }
                None => {
                    tokio::select! {
                        () = self.shutdown.reached(Phase::Draining) => {}
                        () = self.reconnect(retry.next_delay()) => {}
                    }
                }
            }
        }
        if let Some(live) = self.current.send_replace(None) {
            live.connection.close().await;
        }
    }

    /// Serves on a connection until it is lost or the endpoint shuts down.
    async fn serve(&self, live: &LiveConnection<R::Channels>) {
        let reason = tokio::select! {
            reason = self.role.serve(&live.channels, &self.shutdown) => reason,
            reason = live.reported_failure() => reason,
            () = live.connection.disconnected() => "the connection was lost".to_owned(),
        };
        if self.shutdown.has_begun() {
            return;
        }
        tracing::warn!(connection = self.role.name(), %reason, "disconnected from RabbitMQ");
        *locked(&self.last_error) = reason;
        self.current.send_replace(None);
        self.role.disconnected(&live.channels);
        live.connection.abort();
    }

    async fn reconnect(&self, delay: Duration) {
        tokio::time::sleep(delay).await;
        match self.connect().await {
            Ok(()) => {
                let connection = self.role.name();
                metrics::counter!("sockbit_bus_reconnects_total", "connection" => connection)
                    .increment(1);
                tracing::info!(connection, "reconnected to RabbitMQ");
            }
            Err(error) => *locked(&self.last_error) = error.to_string(),
        }
    }

    async fn connect(&self) -> Result<(), BrokerError> {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let name = format!("sockbit {} {}", self.role.name(), self.settings.id);
        let connection = Arc::new(BrokerConnection::open(&self.settings, &name).await?);
        let setting_up = timeout(SET_UP_TIMEOUT, self.role.set_up(&connection, number)).await;
        let channels = setting_up.map_err(|_| BrokerError::Timeout)??;
        self.current.send_replace(Some(Arc::new(LiveConnection::new(connection, channels))));
        Ok(())
    }
}
