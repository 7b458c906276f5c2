//! A connection that is kept up: whenever it is lost, another one is made, until this is closed.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use sockbit_application::mutex::locked;
use tokio::sync::{Notify, watch};
use tokio::time::{Instant, timeout};

use crate::connection::{BrokerConnection, BrokerError};
use crate::retry::retry;
use crate::settings::Settings;

/// For declaring, binding and beginning to consume, all together.
pub(crate) const BEGUN_WITHIN: Duration = Duration::from_secs(10);

/// What is done with a connection for as long as it stands.
#[async_trait]
pub(crate) trait ConnectionRole: Send + Sync + 'static {
    /// What is made on each connection anew.
    type Session: Send + Sync + 'static;

    /// What the connection is called.
    fn name(&self) -> &'static str;

    /// Makes ready what stands on this connection, the so-many-th of its link.
    async fn begin(
        &self,
        open: &Arc<BrokerConnection>,
        number: u64,
    ) -> Result<Self::Session, BrokerError>;

    /// Does what is to be done while it stands; whoever returns says why it can go on no longer.
    /// When the link is to be closed, it finishes and returns.
    async fn carry_on(&self, session: &Self::Session, closing: &ShutdownSignal) -> String;

    /// Forgets what was only on that connection.
    fn lost(&self, session: &Self::Session);
}

/// How an end of the bus is to go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) enum Phase {
    /// It stays.
    Running,
    /// It takes nothing new, finishes what is under way, and goes.
    Draining,
    /// It goes at once.
    Aborted,
}

/// Tells everybody at one end when it is to go.
#[derive(Clone)]
pub(crate) struct ShutdownSignal(Arc<watch::Sender<Phase>>);

impl ShutdownSignal {
    pub fn new() -> Self {
        Self(Arc::new(watch::Sender::new(Phase::Running)))
    }

    /// There is no way back.
    pub fn set(&self, stage: Phase) {
        self.0.send_if_modified(|now| {
            let later = stage > *now;
            *now = stage.max(*now);
            later
        });
    }

    pub fn is_set(&self) -> bool {
        *self.0.borrow() > Phase::Running
    }

    /// Waits until it is at least so far.
    pub async fn reached(&self, stage: Phase) {
        // The sender lives in `self`, so waiting cannot fail.
        self.0.subscribe().wait_for(|now| *now >= stage).await.ok();
    }
}

/// A session and its connection.
pub(crate) struct LiveConnection<S> {
    pub open: Arc<BrokerConnection>,
    pub session: S,
    given_up: Mutex<Option<String>>,
    gave_up: Notify,
}

impl<S> LiveConnection<S> {
    fn new(open: Arc<BrokerConnection>, session: S) -> Self {
        Self { open, session, given_up: Mutex::default(), gave_up: Notify::new() }
    }

    /// Says that this connection is of no use any more, and why.
    pub fn give_up(&self, reason: &str) {
        locked(&self.given_up).get_or_insert_with(|| reason.to_owned());
        self.gave_up.notify_one();
    }

    async fn is_given_up(&self) -> String {
        self.gave_up.notified().await;
        locked(&self.given_up).clone().unwrap_or_default()
    }
}

/// Keeps a connection for one purpose.
pub(crate) struct SupervisedConnection<P: ConnectionRole> {
    pub purpose: P,
    settings: Arc<Settings>,
    closing: ShutdownSignal,
    connections: AtomicU64,
    current: watch::Sender<Option<Arc<LiveConnection<P::Session>>>>,
    /// Why there is none, where there is none.
    fault: Mutex<String>,
}

impl<P: ConnectionRole> SupervisedConnection<P> {
    /// A link with its first connection, or why there is none.
    pub async fn establish(
        purpose: P,
        settings: Arc<Settings>,
        closing: ShutdownSignal,
    ) -> Result<Arc<Self>, BrokerError> {
        let link = Self {
            purpose,
            settings,
            closing,
            connections: AtomicU64::new(0),
            current: watch::Sender::new(None),
            fault: Mutex::default(),
        };
        link.connect().await?;
        Ok(Arc::new(link))
    }

    /// The connection that stands now.
    pub fn now(&self) -> Option<Arc<LiveConnection<P::Session>>> {
        self.current.borrow().clone()
    }

    /// The connection that stands now or within a short time, or why there is none.
    pub async fn soon(&self, within: Duration) -> Result<Arc<LiveConnection<P::Session>>, String> {
        if self.closing.is_set() {
            // What is under way may still be finished, but nobody waits for another connection.
            return self.now().ok_or_else(|| "the bus is closed".to_owned());
        }
        let mut current = self.current.subscribe();
        let standing = tokio::select! {
            standing = timeout(within, current.wait_for(Option::is_some)) => {
                standing.ok().and_then(Result::ok).and_then(|it| it.clone())
            }
            () = self.closing.reached(Phase::Draining) => None,
        };
        standing.ok_or_else(|| self.fault())
    }

    /// Why there is no connection.
    pub fn fault(&self) -> String {
        format!("there is no connection to RabbitMQ: {}", locked(&self.fault))
    }

    /// Keeps a connection until this is closed. What is under way then is finished first.
    pub async fn keep(&self) {
        let mut retry = retry();
        while !self.closing.is_set() {
            match self.now() {
                Some(standing) => {
                    let begun = Instant::now();
                    self.stand(&standing).await;
                    retry.reset_if_stable(begun.elapsed());
                }
                None => {
                    tokio::select! {
                        () = self.closing.reached(Phase::Draining) => {}
                        () = self.come_back(retry.next_delay()) => {}
                    }
                }
            }
        }
        if let Some(standing) = self.current.send_replace(None) {
            standing.open.close().await;
        }
    }

    /// Stays with a connection until it is lost, or this is closed.
    async fn stand(&self, standing: &LiveConnection<P::Session>) {
        let reason = tokio::select! {
            reason = self.purpose.carry_on(&standing.session, &self.closing) => reason,
            reason = standing.is_given_up() => reason,
            () = standing.open.lost() => "the connection was lost".to_owned(),
        };
        if self.closing.is_set() {
            return;
        }
        tracing::warn!(connection = self.purpose.name(), %reason, "the bus is away");
        *locked(&self.fault) = reason;
        self.current.send_replace(None);
        self.purpose.lost(&standing.session);
        standing.open.cut();
    }

    async fn come_back(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
        match self.connect().await {
            Ok(()) => {
                metrics::counter!(
                    "sockbit_bus_reconnects_total", "connection" => self.purpose.name()
                )
                .increment(1);
                tracing::info!(connection = self.purpose.name(), "the bus is back");
            }
            Err(fault) => *locked(&self.fault) = fault.to_string(),
        }
    }

    async fn connect(&self) -> Result<(), BrokerError> {
        let number = self.connections.fetch_add(1, Ordering::Relaxed);
        let name = format!("sockbit {} {}", self.purpose.name(), self.settings.id);
        let open = Arc::new(BrokerConnection::connect(&self.settings, &name).await?);
        let begun = timeout(BEGUN_WITHIN, self.purpose.begin(&open, number)).await;
        let session = begun.map_err(|_| BrokerError::Silent)??;
        self.current.send_replace(Some(Arc::new(LiveConnection::new(open, session))));
        Ok(())
    }
}
