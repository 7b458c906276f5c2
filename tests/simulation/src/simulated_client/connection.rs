//! A client's connection: opened, monitored, closed when it is silent, and opened again.

use std::sync::Arc;
use std::time::Duration;

use sockbit_application::gateway::Identity;
use tokio::time::Instant;

use super::protocol_checker::ProtocolChecker;
use crate::gateway_process::GatewayProcess;
use crate::network_connection::NetworkConnection;
use crate::random::Random;
use crate::run_context::RunContext;

const PING_EVERY: Duration = Duration::from_secs(15);
const SILENCE_MAX: Duration = Duration::from_secs(25);
const WELCOME_WITHIN: Duration = Duration::from_secs(10);
const RETRY_FIRST_MS: u64 = 250;
const RETRY_MAX_MS: u64 = 10_000;

pub(crate) struct ClientConnection {
    gateways: Vec<Arc<GatewayProcess>>,
    network: Option<Arc<NetworkConnection>>,
    is_welcome: bool,
    last_received: Instant,
    attempts: u32,
    connect_at: Option<Instant>,
    /// Whether the user stays offline until the end.
    is_offline: bool,
    count: usize,
    pub checker: ProtocolChecker,
}

impl ClientConnection {
    pub fn new(gateways: Vec<Arc<GatewayProcess>>, first: Instant) -> Self {
        Self {
            gateways,
            network: None,
            is_welcome: false,
            last_received: first,
            attempts: 0,
            connect_at: Some(first),
            is_offline: false,
            count: 0,
            checker: ProtocolChecker::default(),
        }
    }

    /// Connects to one of the gateways. Returns whether there is a new connection.
    pub fn open(
        &mut self,
        context: &Arc<RunContext>,
        client: usize,
        identity: Identity,
        random: &mut Random,
    ) -> bool {
        self.connect_at = None;
        if self.network.is_some() {
            return false;
        }
        self.count += 1;
        let gateway = &self.gateways[random.below(self.gateways.len())];
        let network = NetworkConnection::new(context, client * 10_000 + self.count);
        let is_accepted = gateway.connect(identity, &network);
        if is_accepted {
            self.network = Some(network);
            self.last_received = Instant::now();
            self.checker = ProtocolChecker::default();
        } else {
            self.retry(random);
        }
        is_accepted
    }

    pub fn network(&self) -> Option<Arc<NetworkConnection>> {
        self.network.clone()
    }

    pub fn due(&self) -> Option<Instant> {
        self.connect_at
    }

    pub fn is_due(&self, now: Instant) -> bool {
        self.connect_at.is_some_and(|it| it <= now)
    }

    pub fn send(&self, frame: String) {
        if let Some(network) = &self.network {
            network.up.send(frame);
        }
    }

    pub fn frame_received(&mut self) {
        self.last_received = Instant::now();
    }

    pub fn welcomed(&mut self) {
        self.is_welcome = true;
        self.attempts = 0;
    }

    /// Whether the connection looks dead.
    pub fn is_silent(&self) -> bool {
        let max = if self.is_welcome { SILENCE_MAX } else { WELCOME_WITHIN };
        self.network.is_some() && self.last_received.elapsed() > max
    }

    pub fn needs_ping(&self) -> bool {
        self.is_welcome && self.last_received.elapsed() > PING_EVERY
    }

    /// Drops the connection and schedules the next. Returns whether there was one.
    pub fn drop_connection(&mut self, random: &mut Random) -> bool {
        let Some(network) = self.network.take() else { return false };
        network.down.reset();
        // The gateway may have received what was in transit to it.
        if random.percent(60) {
            network.up.finish();
        } else {
            network.up.reset();
        }
        self.is_welcome = false;
        self.retry(random);
        true
    }

    fn retry(&mut self, random: &mut Random) {
        let ceiling = RETRY_FIRST_MS.saturating_mul(2_u64.saturating_pow(self.attempts));
        self.attempts += 1;
        let pause = random.millis(0, ceiling.min(RETRY_MAX_MS));
        self.connect_at = Some(Instant::now() + pause);
    }

    /// Takes the client offline for this time, or until the end of the faults.
    pub fn stay_offline(&mut self, pause: Option<Duration>) {
        self.is_offline = pause.is_none();
        self.connect_at = pause.map(|pause| Instant::now() + pause);
    }

    /// Ends an absence without a fixed time.
    pub fn end_absence(&mut self) {
        if std::mem::take(&mut self.is_offline) && self.network.is_none() {
            self.connect_at = Some(Instant::now());
        }
    }
}
