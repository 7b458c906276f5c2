//! A gateway as a process: it starts, holds connections, crashes or drains, and starts again.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::gateway::{Gateway, GatewayPorts, Identity, Session, TransportOutput};
use sockbit_application::mutex::locked;
use tokio::task::AbortHandle;
use tokio::time::timeout;

use crate::bus::{Broker, GatewayBus, GatewayQueue, Uplink};
use crate::network_connection::{NetworkConnection, WRITE_WITHIN};
use crate::observed_commands::ObservedCommands;
use crate::planted_bugs;
use crate::process_lifetime::Lifetime;
use crate::random::{Random, RandomStream};
use crate::run_context::{RunContext, SimulatedIds};

/// Time until a silent peer is disconnected.
const SILENCE_MAX: Duration = Duration::from_secs(30);
/// More than the restarts in any run, so that each lifetime has a number of its own.
const LIFETIMES_MAX: usize = 1_000;

/// One gateway over all its restarts.
pub(crate) struct GatewayProcess {
    context: Arc<RunContext>,
    broker: Arc<Broker>,
    number: usize,
    random: Mutex<Random>,
    running: Mutex<Option<RunningProcess>>,
}

/// The process that runs now.
struct RunningProcess {
    gateway: Arc<Gateway>,
    queue: Arc<GatewayQueue>,
    lifetime: Arc<Lifetime>,
    connections: Vec<(Arc<NetworkConnection>, AbortHandle)>,
}

impl GatewayProcess {
    pub fn new(context: &Arc<RunContext>, broker: &Arc<Broker>, number: usize) -> Arc<Self> {
        Arc::new(Self {
            context: Arc::clone(context),
            broker: Arc::clone(broker),
            number,
            random: Mutex::new(context.random(RandomStream::GatewayBus, number)),
            running: Mutex::default(),
        })
    }

    /// Restarts the process until the run ends.
    pub async fn run(self: Arc<Self>) {
        for lifetime in 0..LIFETIMES_MAX {
            self.run_once(self.number * LIFETIMES_MAX + lifetime).await;
            let pause = locked(&self.random).millis(20, 4_000);
            self.context.pause(pause).await;
        }
    }

    async fn run_once(&self, number: usize) {
        let lifetime = Arc::new(Lifetime::default());
        let queue = self.broker.connect_gateway(number);
        let gateway = Gateway::new(
            self.ports(number, &queue, &lifetime),
            planted_bugs::settings(&self.context),
        );
        let served = Arc::clone(&gateway);
        let task = tokio::spawn(async move { served.run().await });
        let abort = task.abort_handle();
        let running = RunningProcess {
            gateway,
            queue,
            lifetime: Arc::clone(&lifetime),
            connections: Vec::new(),
        };
        *locked(&self.running) = Some(running);
        tokio::select! {
            biased;
            () = lifetime.ended() => {}
            _ = task => self.context.fault(format!("gateway {} ended by itself", self.number)),
        }
        abort.abort();
        self.broker.disconnect_gateway(number);
        self.drop_connections();
    }

    fn ports(
        &self,
        number: usize,
        queue: &Arc<GatewayQueue>,
        lifetime: &Arc<Lifetime>,
    ) -> GatewayPorts {
        let end = Arc::new(GatewayBus {
            context: Arc::clone(&self.context),
            broker: Arc::clone(&self.broker),
            queue: Arc::clone(queue),
            lifetime: Arc::clone(lifetime),
            uplink: Uplink::new(),
            random: Mutex::new(self.context.random(RandomStream::GatewayBus, 1_000 + number)),
            presence_random: Mutex::new(self.context.random(RandomStream::Presence, number)),
        });
        let ports = planted_bugs::gateway(
            &self.context,
            GatewayPorts {
                commands: Arc::clone(&end) as _,
                queries: Arc::clone(&end) as _,
                announcements: Arc::clone(&end) as _,
                presence: end as _,
                ids: Arc::new(SimulatedIds::new(Arc::clone(&self.context), number, false)),
            },
        );
        let context = Arc::clone(&self.context);
        let commands = Arc::new(ObservedCommands { context, inner: ports.commands });
        GatewayPorts { commands, ..ports }
    }

    /// Closes all connections at once, some without notice to the client.
    fn drop_connections(&self) {
        let Some(running) = locked(&self.running).take() else { return };
        let is_silent = locked(&self.random).percent(30);
        for (connection, serving) in running.connections {
            serving.abort();
            if is_silent {
                connection.die();
            } else {
                connection.reset();
            }
        }
    }

    pub fn crash(&self) {
        if let Some(running) = &*locked(&self.running) {
            self.context.log(format_args!("gateway {}: crashes", self.number));
            locked(&self.context.observations).counts.gateway_crashes += 1;
            running.lifetime.end();
        }
    }

    /// Shuts down gracefully: clients are sent to other gateways first.
    pub async fn drain(&self) {
        let Some((gateway, lifetime)) = locked(&self.running)
            .as_ref()
            .map(|running| (Arc::clone(&running.gateway), Arc::clone(&running.lifetime)))
        else {
            return;
        };
        self.context.log(format_args!("gateway {}: drains", self.number));
        gateway.drain().await;
        self.context.pause(Duration::from_secs(2)).await;
        lifetime.end();
    }

    /// Cuts the connection to the broker for a while.
    pub async fn disconnect_from_bus(&self, pause: Duration, keeps_messages: bool) {
        let Some(queue) = locked(&self.running).as_ref().map(|it| Arc::clone(&it.queue)) else {
            return;
        };
        self.context.log(format_args!("gateway {}: loses the bus", self.number));
        queue.cut();
        self.context.pause(pause).await;
        queue.reconnect(keeps_messages);
    }

    /// Opens a connection. Returns whether the gateway accepted it.
    pub fn connect(&self, identity: Identity, connection: &Arc<NetworkConnection>) -> bool {
        let mut running = locked(&self.running);
        let Some(running) = &mut *running else { return false };
        let address = IpAddr::V4(Ipv4Addr::LOCALHOST);
        let Ok(session) = running.gateway.open(identity, address) else { return false };
        let (served, context) = (Arc::clone(connection), Arc::clone(&self.context));
        let serving = tokio::spawn(async move { serve(&context, session, &served).await });
        running.connections.push((Arc::clone(connection), serving.abort_handle()));
        true
    }
}

/// Serves a session until either side ends it, as a transport does.
async fn serve(context: &RunContext, session: Session, connection: &NetworkConnection) {
    tokio::select! {
        biased;
        () = read(&session, connection) => {}
        () = write(context, &session, connection) => {}
    }
    drop(session);
    connection.up.reset();
    connection.down.finish();
}

async fn read(session: &Session, connection: &NetworkConnection) {
    let mut pipeline = session.pipeline();
    loop {
        let received = tokio::select! {
            biased;
            received = timeout(SILENCE_MAX, connection.up.receive()), if !pipeline.is_full() => received,
            () = pipeline.complete_next() => continue,
        };
        match received {
            Ok(Some(frame)) => pipeline.receive(&frame).await,
            // A dead connection receives no pongs.
            Err(_) if !connection.is_dead() => {}
            Ok(None) | Err(_) => return,
        }
    }
}

async fn write(context: &RunContext, session: &Session, connection: &NetworkConnection) {
    while let TransportOutput::Messages(frames) = session.next().await {
        for frame in frames {
            if timeout(WRITE_WITHIN, connection.down.wait_for_room()).await.is_err() {
                return;
            }
            if !planted_bugs::drops_frame(context, &frame) {
                connection.down.send(frame);
            }
        }
    }
}
