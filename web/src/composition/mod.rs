//! The composition root: the only place where ports meet adapters.

mod errors;
mod migration;
mod open_bus;
mod open_store;
mod running_app;
mod token_creation;

use std::sync::Arc;

use sockbit_application::core::{Core, CorePorts};
use sockbit_application::gateway::{Gateway, GatewayPorts};
use sockbit_application::history_compaction::Compaction;
use sockbit_application::housekeeping::Housekeeping;
use sockbit_application::ports::{Clock, ExternalCommands, Ids, Store};
use sockbit_application::worker::Worker;
use sockbit_domain::ActorId;
use sockbit_domain::wire::Query;
use tokio::task::JoinSet;
use uuid::Uuid;

pub use self::errors::ComposeError;
pub use self::migration::migrate;
use self::open_bus::{OpenBus, WorkerPorts};
use self::open_store::OpenStore;
pub use self::running_app::RunningApp;
pub use self::token_creation::create_token;
use crate::app_state::AppState;
use crate::clock_and_ids::{RandomIds, SystemClock};
use crate::config::{Config, Role, Secret};
use crate::http::health::{Check, Health};
use crate::identity::Cookies;
use crate::limits::{FairConcurrencyLimiter, RequestRateLimiter};
use crate::routes::{app_routes, worker_routes};
use crate::secret_file::load_or_create;
use crate::telemetry;

/// Bytes of a form beyond the longest note. A text that is a little too long is still received, so
/// that the form can show it again.
const FORM_EXTRA_BYTES: usize = 512 * 1024;

/// Full pages that are loaded and rendered at once.
const RENDERING_MAX: usize = 4;

/// Opens what the role needs and starts its tasks.
pub async fn compose(config: &Config, role: &Role) -> Result<RunningApp, ComposeError> {
    let ids: Arc<dyn Ids> = Arc::new(RandomIds);
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let metrics = telemetry::metrics()?;
    let store = match role.store() {
        Some(url) => Some(OpenStore::open(url).await?),
        None => None,
    };
    // After the store, which may create the folder of the secret file.
    let secret = role.secret().map(|source| load_or_create(source, &*ids)).transpose()?;
    if let (Some(store), Some(bus)) = (&store, role.bus()) {
        store.agree_on_work_queues(bus.work_queues).await?;
    }
    let mut bus = OpenBus::open((role, config.server.message_bytes_max), &clock, &ids).await?;

    let app = match (secret, bus.gateway.take()) {
        (Some(secret), Some(ports)) => {
            Some(app_state(config, &secret, ports, Arc::clone(&clock), Arc::clone(&ids)))
        }
        _ => None,
    };
    let housekeeping = housekeeping(config, store.as_ref(), &clock, &*ids);
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
        Some(app) => app_routes(app, Arc::clone(&health)),
        None => worker_routes(ids, Arc::clone(&health)),
    };

    let mut essential_tasks = JoinSet::new();
    let mut background_tasks = JoinSet::new();
    background_tasks.spawn(telemetry::run_upkeep(metrics));
    if let Some(app) = &app {
        let (gateway, limited) = (Arc::clone(&app.gateway), Arc::clone(app));
        essential_tasks.spawn(async move { gateway.run().await });
        background_tasks.spawn(async move { limited.request_rate.run_cleanup().await });
        if let Some(commands) = bus.external_commands.take() {
            essential_tasks.spawn(consume_external_commands(Arc::clone(app), commands));
        }
    }
    if let Some(worker) = worker {
        essential_tasks.spawn(async move { worker.run().await });
    }
    if let Some(housekeeping) = housekeeping {
        background_tasks.spawn(async move { housekeeping.run().await });
    }
    Ok(RunningApp { router, health, app, bus, store, essential_tasks, background_tasks })
}

fn app_state(
    config: &Config,
    secret: &Secret,
    ports: GatewayPorts,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> Arc<AppState> {
    Arc::new(AppState {
        gateway: Gateway::new(ports, config.gateway.clone()),
        cookies: Cookies::new(secret, config.public_url.as_ref().is_some_and(|url| url.is_https)),
        public_url: config.public_url.clone(),
        trusted_proxies: config.trusted_proxies,
        limits: config.limits.clone(),
        // Percent-encoding may triple the length of a text.
        body_bytes_max: config.limits.note_bytes_max * 3 + FORM_EXTRA_BYTES,
        websocket: Arc::new(sockbit_websocket::Settings {
            message_bytes_max: config.server.message_bytes_max,
            ..sockbit_websocket::Settings::default()
        }),
        request_rate: RequestRateLimiter::new(&config.server),
        rendering: FairConcurrencyLimiter::new(RENDERING_MAX),
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
    let core = Core::new(CorePorts::new(store, announcer, clock, ids), config.limits.clone());
    Worker::new(Arc::new(core), work, queries)
}

/// Every process with a store runs housekeeping.
fn housekeeping(
    config: &Config,
    store: Option<&OpenStore>,
    clock: &Arc<dyn Clock>,
    ids: &dyn Ids,
) -> Option<Housekeeping> {
    let store = store?.port();
    let compaction = config.compact_after.map(|min_age| {
        let (store, health) = (Arc::clone(&store), Arc::clone(&store));
        Compaction::new(store, health, Arc::clone(clock), min_age)
    });
    Some(Housekeeping::new(store, compaction, Arc::clone(clock), ids))
}

/// Consumes the commands of external programs. Their tokens are values of identity cookies.
async fn consume_external_commands(app: Arc<AppState>, commands: Arc<dyn ExternalCommands>) {
    let identify = |token: &str| app.cookies.read_token(token, app.clock.now());
    let message_bytes_max = app.websocket.message_bytes_max;
    app.gateway.consume_external_commands(&*commands, message_bytes_max, identify).await;
}

/// Readiness checks of the store, and of the bus up to a worker.
fn checks(store: Option<&OpenStore>, app: Option<&AppState>) -> Vec<Check> {
    let store = store.map(OpenStore::check);
    let bus = app.map(|app| {
        let gateway = Arc::clone(&app.gateway);
        Check::new("bus", move || query_a_worker(Arc::clone(&gateway)))
    });
    store.into_iter().chain(bus).collect()
}

/// Sends a query of the nil actor over the bus to a worker and waits for the reply.
async fn query_a_worker(gateway: Arc<Gateway>) -> Result<(), String> {
    let reply = gateway.query(ActorId(Uuid::nil()), Query::MyBoards {}).await;
    reply.map(|_| ()).map_err(|error| error.to_string())
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
    use crate::server::{abort_timeout, shut_down};

    async fn readiness(running: &RunningApp) -> (u16, String) {
        let request = Request::get("/readyz").body(Body::empty()).expect("a request");
        let response = running.router.clone().oneshot(request).await.expect("a response");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 4096).await.expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    async fn compose_in_memory() -> RunningApp {
        let config = Config::read(["sockbit", "--store", "memory:"].map(Into::into));
        let config = config.expect("a configuration");
        let Task::Run(role) = &config.task else { panic!("{:?}", config.task) };
        compose(&config, role).await.expect("a running app")
    }

    #[tokio::test]
    async fn a_process_is_ready_until_it_drains() {
        let running = compose_in_memory().await;
        let (status, body) = readiness(&running).await;
        assert_eq!(status, 200, "{body}");
        running.drain().await;
        let (status, body) = readiness(&running).await;
        assert_eq!(status, 503);
        assert!(body.contains("draining"), "{body}");
    }

    /// Shuts down an app with a client that never disconnects and a task that starts last and takes
    /// this long. Returns whether the task finished, and the duration of the shutdown.
    async fn shut_down_with(last_task: Duration) -> (bool, Duration) {
        let mut running = compose_in_memory().await;
        let (finished, is_finished) = oneshot::channel();
        let app = running.app.as_ref().expect("it serves clients");
        let gateway = Arc::clone(&app.gateway);
        running.essential_tasks.spawn(async move {
            while query_a_worker(Arc::clone(&gateway)).await.is_ok() {
                sleep(Duration::from_millis(10)).await;
            }
            sleep(last_task).await;
            finished.send(()).ok();
        });
        let started_at = Instant::now();
        shut_down(running, pending(), WITHIN, pending()).await;
        (is_finished.await.is_ok(), started_at.elapsed())
    }

    const WITHIN: Duration = Duration::from_secs(10);
    const STORE_CALL_TIMEOUT: Duration = Duration::from_secs(5);

    #[tokio::test(start_paused = true)]
    async fn work_in_progress_is_finished_even_if_clients_stay_connected() {
        let (is_finished, _) = shut_down_with(STORE_CALL_TIMEOUT).await;
        assert!(is_finished);
    }

    #[tokio::test(start_paused = true)]
    async fn work_that_never_ends_is_aborted_within_the_deadline() {
        let (is_finished, took) = shut_down_with(Duration::MAX).await;
        assert!(!is_finished);
        assert!(took + abort_timeout(WITHIN) < WITHIN, "{took:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_second_interrupt_ends_the_shutdown_at_once() {
        let started_at = Instant::now();
        shut_down(compose_in_memory().await, pending(), WITHIN, ready(())).await;
        assert_eq!(started_at.elapsed(), Duration::ZERO);
    }

    #[tokio::test]
    async fn a_process_without_its_bus_is_not_ready_and_reports_why() {
        let mut running = compose_in_memory().await;
        running.bus.close().await;
        let (status, body) = readiness(&running).await;
        assert_eq!(status, 503);
        assert!(body.contains("bus: "), "{body}");
    }
}
