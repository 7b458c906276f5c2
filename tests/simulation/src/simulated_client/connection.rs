//! A client's connection: opened, watched, given up when it is silent, and opened again.

use std::sync::Arc;
use std::time::Duration;

use sockbit_application::gateway::Identity;
use tokio::time::Instant;

use super::SimulatedClient;
use super::protocol_checker::ProtocolChecker;
use crate::gateway_process::GatewayProcess;
use crate::locked;
use crate::network_connection::NetworkConnection;
use crate::random::Random;

const PING_EVERY: Duration = Duration::from_secs(15);
const SILENCE_MAX: Duration = Duration::from_secs(25);
const WELCOME_WITHIN: Duration = Duration::from_secs(10);
const RETRY_FIRST_MS: u64 = 250;
const RETRY_MAX_MS: u64 = 10_000;

pub(crate) struct Connection {
    gateways: Vec<Arc<GatewayProcess>>,
    line: Option<Arc<NetworkConnection>>,
    is_welcome: bool,
    last_received: Instant,
    attempts: u32,
    connect_at: Option<Instant>,
    /// Whether the person chose to be away.
    is_offline: bool,
    count: usize,
    pub watch: ProtocolChecker,
}

impl Connection {
    pub fn new(gateways: Vec<Arc<GatewayProcess>>, first: Instant) -> Self {
        Self {
            gateways,
            line: None,
            is_welcome: false,
            last_received: first,
            attempts: 0,
            connect_at: Some(first),
            is_offline: false,
            count: 0,
            watch: ProtocolChecker::default(),
        }
    }

    pub fn line(&self) -> Option<Arc<NetworkConnection>> {
        self.line.clone()
    }

    pub fn due(&self) -> Option<Instant> {
        self.connect_at
    }

    pub fn is_due(&self, now: Instant) -> bool {
        self.connect_at.is_some_and(|it| it <= now)
    }

    pub fn send(&self, frame: String) {
        if let Some(line) = &self.line {
            line.up.send(frame);
        }
    }

    pub fn heard(&mut self) {
        self.last_received = Instant::now();
    }

    pub fn welcomed(&mut self) {
        self.is_welcome = true;
        self.attempts = 0;
    }

    /// Whether the line looks dead.
    pub fn is_silent(&self) -> bool {
        let max = if self.is_welcome { SILENCE_MAX } else { WELCOME_WITHIN };
        self.line.is_some() && self.last_received.elapsed() > max
    }

    pub fn needs_ping(&self) -> bool {
        self.is_welcome && self.last_received.elapsed() > PING_EVERY
    }

    /// Gives the line up and plans the next. Whether there was one.
    pub fn drop_line(&mut self, random: &mut Random) -> bool {
        let Some(line) = self.line.take() else { return false };
        line.down.reset();
        // The gateway may have taken in what was on its way up.
        if random.percent(60) {
            line.up.finish();
        } else {
            line.up.reset();
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

    /// The person goes away for a while, or comes back only in the end.
    pub fn stay_offline(&mut self, pause: Option<Duration>) {
        self.is_offline = pause.is_none();
        self.connect_at = pause.map(|pause| Instant::now() + pause);
    }

    /// Whoever was away is here again.
    pub fn come_online(&mut self) {
        if std::mem::take(&mut self.is_offline) && self.line.is_none() {
            self.connect_at = Some(Instant::now());
        }
    }
}

impl SimulatedClient {
    /// Knocks at one of the gateways.
    pub(super) fn connect(&mut self) {
        let connection = &mut self.connection;
        connection.connect_at = None;
        if connection.line.is_some() {
            return;
        }
        connection.count += 1;
        let gateway = &connection.gateways[self.random.below(connection.gateways.len())];
        let line = NetworkConnection::new(&self.context, self.number * 10_000 + connection.count);
        let identity = Identity { actor: self.actor.clone(), client: self.client };
        if gateway.connect(identity, &line) {
            self.context.log(format_args!("seat {}: connects", self.number));
            locked(&self.context.observations).counts.connections += 1;
            connection.line = Some(line);
            connection.last_received = Instant::now();
            connection.watch = ProtocolChecker::default();
        } else {
            connection.retry(&mut self.random);
        }
    }
}
