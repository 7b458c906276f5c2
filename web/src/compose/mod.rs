//! The composition root: here, and only here, ports meet adapters.

mod buses;
mod stores;

use std::sync::Arc;

use axum::Router;
use sockbit_application::core::{Core, CorePorts};
use sockbit_application::gateway::{Gateway, GatewayPorts};
use sockbit_application::housekeeping::Housekeeping;
use sockbit_application::ports::{Clock, Ids, Intake, Store, StoreError};
use sockbit_application::worker::Worker;
use sockbit_domain::ActorId;
use sockbit_domain::wire::Query;
use sockbit_rabbitmq::{ConnectError, InvalidSettings};
use tokio::task::JoinSet;
use uuid::Uuid;

use self::buses::{OpenBus, WorkerPorts};
use self::stores::OpenStore;
use crate::app::App;
use crate::config::{Config, Role, Secret, SecretSource, StoreUrl};
use crate::http::health::{Check, Health};
use crate::http::rate::Rate;
use crate::identity::{Cookies, guest};
use crate::pages::Turns;
use crate::routes::{machine_routes, routes};
use crate::secret::{SecretError, secret};
use crate::system::{RandomIds, SystemClock};
use crate::telemetry::{self, TelemetryError};

/// A form of the longest note, each byte of which may take three, with room for one that is too
/// long and yet should come back to whoever typed it.
const FORM_BYTES_BESIDES: usize = 512 * 1024;

/// Full pages that are rendered at once.
const RENDERING_MAX: usize = 4;

/// Everything that serves, put together and running.
pub struct Site {
    pub(crate) router: Router,
    health: Arc<Health>,
    /// Where people are served.
    app: Option<Arc<App>>,
    bus: OpenBus,
    store: Option<OpenStore>,
    /// Gateway and worker. They end with the bus, and before only if something is very wrong.
    running: JoinSet<()>,
    /// Those who never end by themselves.
    housekeeping: JoinSet<()>,
}

/// Why nothing serves.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The database in a file.
    #[error(transparent)]
    Sqlite(#[from] sockbit_sqlite::OpenError),
    /// The database on a server.
    #[error(transparent)]
    Postgres(#[from] sockbit_postgres::OpenError),
    /// What the database is asked once it is open.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Commands would be spread differently by each process.
    #[error(
        "this database was begun with {fixed} work queues, and --work-queues is {wanted}; start \
         every process with --work-queues {fixed}"
    )]
    WorkQueues {
        /// As the database has it.
        fixed: u16,
        /// As this process was told.
        wanted: u16,
    },
    /// What this process was told of the bus.
    #[error("--bus: {0}")]
    BusSettings(#[from] InvalidSettings),
    /// The bus.
    #[error(transparent)]
    Bus(#[from] ConnectError),
    /// The folder of the default database.
    #[error("the folder {folder} cannot be made: {reason}; name a database elsewhere with --store")]
    Folder {
        /// Which.
        folder: String,
        /// What the system says.
        reason: std::io::Error,
    },
    /// The secret.
    #[error(transparent)]
    Secret(#[from] SecretError),
    /// It is a fault of ours.
    #[error("the token could not be written")]
    Token,
    /// Logs or measurements.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
}

/// Puts together what the role needs, and sets it going.
pub async fn compose(config: &Config, role: &Role) -> Result<Site, ComposeError> {
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let metrics = telemetry::metrics()?;
    let store = match role.store() {
        Some(url) => Some(OpenStore::open(url).await?),
        None => None,
    };
    // After the store, whose folder it may be made in.
    let secret = role.secret().map(|source| secret(source, &*ids)).transpose()?;
    if let (Some(store), Some(bus)) = (&store, role.bus()) {
        store.agree_on_work_queues(bus.work_queues).await?;
    }
    let mut bus = OpenBus::open((role, config.server.message_bytes_max), &clock, &ids).await?;

    let app = match (secret, bus.gateway.take()) {
        (Some(secret), Some(ports)) => {
            Some(app(config, &secret, ports, Arc::clone(&clock), Arc::clone(&ids)))
        }
        _ => None,
    };
    let keeper = housekeeping_of(config, store.as_ref(), &clock, &*ids);
    let worker = match (&store, bus.worker.take()) {
        (Some(store), Some(ports)) => {
            Some(worker(config, ports, store.port(), clock, Arc::clone(&ids)))
        }
        _ => None,
    };
    let mut checks = checks(store.as_ref(), app.as_deref());
    checks.append(&mut bus.checks);
    let health = Arc::new(Health::new(checks, metrics.clone()));
    let router = match &app {
        Some(app) => routes(app, Arc::clone(&health)),
        None => machine_routes(ids, Arc::clone(&health)),
    };

    let mut running = JoinSet::new();
    let mut housekeeping = JoinSet::new();
    housekeeping.spawn(telemetry::keep_up(metrics));
    if let Some(app) = &app {
        let (gateway, kept) = (Arc::clone(&app.gateway), Arc::clone(app));
        running.spawn(async move { gateway.run().await });
        housekeeping.spawn(async move { kept.rate.forget_the_quiet().await });
        if let Some(intake) = bus.intake.take() {
            running.spawn(serve_programs(Arc::clone(app), intake));
        }
    }
    if let Some(worker) = worker {
        running.spawn(async move { worker.run().await });
    }
    if let Some(keeper) = keeper {
        housekeeping.spawn(async move { keeper.run().await });
    }
    Ok(Site { router, health, app, bus, store, running, housekeeping })
}

/// Brings the database to this version.
pub async fn migrate(store: &StoreUrl) -> Result<(), ComposeError> {
    // Opening does it.
    OpenStore::open(store).await?.close().await;
    Ok(())
}

/// A token for a program of this name. Each is somebody else, also under the same name.
pub fn token(source: &SecretSource, name: &str) -> Result<String, ComposeError> {
    let cookies = Cookies::new(&secret(source, &RandomIds)?, false);
    let mut identity = guest(&RandomIds);
    name.clone_into(&mut identity.actor.name);
    cookies.token(&identity, SystemClock.now()).ok_or(ComposeError::Token)
}

fn app(
    config: &Config,
    secret: &Secret,
    ports: GatewayPorts,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> Arc<App> {
    Arc::new(App {
        gateway: Gateway::new(ports, config.gateway.clone()),
        cookies: Cookies::new(secret, config.public_url.as_ref().is_some_and(|url| url.is_https)),
        public_url: config.public_url.clone(),
        trusted_proxies: config.trusted_proxies,
        limits: config.limits.clone(),
        body_bytes_max: config.limits.note_bytes_max * 3 + FORM_BYTES_BESIDES,
        websocket: sockbit_websocket::Settings {
            message_bytes_max: config.server.message_bytes_max,
            ..sockbit_websocket::Settings::default()
        },
        rate: Rate::new(&config.server),
        rendering: Turns::new(RENDERING_MAX),
        clock,
        ids,
    })
}

fn worker(
    config: &Config,
    ports: WorkerPorts,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> Worker {
    let WorkerPorts { work, queries, announcer } = ports;
    let core = Core::new(CorePorts { store, announcer, clock, ids }, config.limits.clone());
    Worker::new(Arc::new(core), work, queries)
}

/// Whoever has the database keeps it in bounds.
fn housekeeping_of(
    config: &Config,
    store: Option<&OpenStore>,
    clock: &Arc<dyn Clock>,
    ids: &dyn Ids,
) -> Option<Housekeeping> {
    Some(Housekeeping::new(store?.port(), Arc::clone(clock), ids, config.compact_after))
}

/// Programs are known by what browsers have as their cookies.
async fn serve_programs(app: Arc<App>, intake: Arc<dyn Intake>) {
    let identify = |token: &str| app.cookies.read_token(token, app.clock.now());
    let message_bytes_max = app.websocket.message_bytes_max;
    app.gateway.consume_intake(&*intake, message_bytes_max, identify).await;
}

/// What has to be well for this process to serve.
fn checks(store: Option<&OpenStore>, app: Option<&App>) -> Vec<Check> {
    let store = store.map(OpenStore::check);
    let way_to_a_worker = app.map(|app| {
        let gateway = Arc::clone(&app.gateway);
        Check::new("bus", move || reach_a_worker(Arc::clone(&gateway)))
    });
    store.into_iter().chain(way_to_a_worker).collect()
}

/// A question of nobody's goes the whole way over the bus to a worker and back.
async fn reach_a_worker(gateway: Arc<Gateway>) -> Result<(), String> {
    let reply = gateway.query(ActorId(Uuid::nil()), Query::MyBoards {}).await;
    reply.map(|_| ()).map_err(|error| error.to_string())
}

impl Site {
    /// Live connections at the moment.
    pub(crate) fn sessions(&self) -> usize {
        self.app.as_ref().map_or(0, |app| app.gateway.sessions())
    }

    /// Waits until something ends that has to run for as long as this serves.
    pub(crate) async fn broken(&mut self) {
        self.running.join_next().await;
    }

    /// Takes nothing new, and tells live connections to go elsewhere.
    pub(crate) async fn drain(&self) {
        self.health.drain();
        if let Some(app) = &self.app {
            app.gateway.drain().await;
        }
    }

    /// Finishes what is under way.
    pub(crate) async fn finish(&mut self) {
        self.bus.close().await;
        while self.running.join_next().await.is_some() {}
    }

    /// Gives up what is not finished, and closes the store.
    pub(crate) async fn release(mut self) {
        self.running.shutdown().await;
        self.housekeeping.shutdown().await;
        if let Some(store) = self.store {
            store.close().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};
    use std::time::Duration;

    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tokio::sync::oneshot;
    use tokio::time::{Instant, sleep};
    use tower::ServiceExt;

    use super::*;
    use crate::config::Task;
    use crate::server::{go_away, linger};

    async fn readiness(site: &Site) -> (u16, String) {
        let request = Request::get("/readyz").body(Body::empty()).expect("a request");
        let response = site.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 4096).await.expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    async fn site_in_memory() -> Site {
        let config = Config::read(["sockbit", "--store", "memory:"].map(Into::into));
        let config = config.expect("a configuration");
        let Task::Run(role) = &config.task else { panic!("{:?}", config.task) };
        compose(&config, role).await.expect("a site")
    }

    #[tokio::test]
    async fn a_site_is_ready_until_it_goes_away() {
        let site = site_in_memory().await;
        let (status, said) = readiness(&site).await;
        assert_eq!(status, 200, "{said}");
        site.drain().await;
        let (status, said) = readiness(&site).await;
        assert_eq!(status, 503);
        assert!(said.contains("draining"), "{said}");
    }

    /// Ends a site that a client does not leave, and on which something is begun last that takes so long.
    /// Answers whether that was finished, and after how long all was over.
    async fn end_with(begun_last: Duration) -> (bool, Duration) {
        let mut site = site_in_memory().await;
        let (finished, is_finished) = oneshot::channel();
        let gateway = Arc::clone(&site.app.as_ref().expect("people are served").gateway);
        site.running.spawn(async move {
            while reach_a_worker(Arc::clone(&gateway)).await.is_ok() {
                sleep(Duration::from_millis(10)).await;
            }
            sleep(begun_last).await;
            finished.send(()).ok();
        });
        let begun = Instant::now();
        go_away(site, pending(), WITHIN, pending()).await;
        (is_finished.await.is_ok(), begun.elapsed())
    }

    const WITHIN: Duration = Duration::from_secs(10);
    const STORE_CALL_WITHIN: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn what_is_under_way_is_finished_however_long_people_take_to_move() {
        let (is_finished, _) = end_with(STORE_CALL_WITHIN).await;
        assert!(is_finished);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_stuck_is_given_up_with_time_to_spare() {
        let (is_finished, over_after) = end_with(Duration::MAX).await;
        assert!(!is_finished);
        assert!(over_after + linger(WITHIN) < WITHIN, "{over_after:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn whoever_is_in_a_hurry_waits_for_nobody() {
        let begun = Instant::now();
        go_away(site_in_memory().await, pending(), WITHIN, ready(())).await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_site_without_its_bus_is_not_ready_and_says_why() {
        let mut site = site_in_memory().await;
        site.bus.close().await;
        let (status, said) = readiness(&site).await;
        assert_eq!(status, 503);
        assert!(said.contains("bus: "), "{said}");
    }
}
