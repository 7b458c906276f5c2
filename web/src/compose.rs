//! The composition root: here, and only here, ports meet adapters.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use sockbit_application::core::{Core, CorePorts};
use sockbit_application::gateway::{Gateway, GatewayPorts};
use sockbit_application::ports::{Clock, Ids, Store};
use sockbit_application::worker::Worker;
use sockbit_memory::{MemoryBus, MemoryStore};
use sockbit_sqlite::{OpenError, SqliteStore};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::app::App;
use crate::config::{BusUrl, Config, DEFAULT_DATABASE, StoreUrl};
use crate::http::health::Readiness;
use crate::http::rate::Rate;
use crate::identity::Cookies;
use crate::routes::routes;
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
    pub(crate) app: Arc<App>,
    bus: MemoryBus,
    tasks: JoinSet<()>,
    store: OpenStore,
}

/// Why nothing serves.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// The database.
    #[error(transparent)]
    Store(#[from] OpenError),
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
    /// Logs or measurements.
    #[error(transparent)]
    Telemetry(#[from] TelemetryError),
}

enum OpenStore {
    Memory(Arc<MemoryStore>),
    Sqlite(Arc<SqliteStore>),
}

/// Puts the site together as the configuration says.
pub async fn compose(config: &Config) -> Result<Site, ComposeError> {
    let store = open(&config.store).await?;
    let (clock, ids): (Arc<dyn Clock>, Arc<dyn Ids>) = (Arc::new(SystemClock), Arc::new(RandomIds));
    let secret = secret(&config.secret, &*ids)?;
    let metrics = telemetry::metrics()?;
    let BusUrl::Memory = config.bus;
    let bus = MemoryBus::new();
    let gateway = gateway(config, &bus, Arc::clone(&ids));
    let worker = worker(config, &bus, store.port(), Arc::clone(&clock), Arc::clone(&ids));
    let app = Arc::new(App {
        cookies: Cookies::new(&secret, config.public_url.as_ref().is_some_and(|url| url.is_https)),
        public_url: config.public_url.clone(),
        trusted_proxies: config.trusted_proxies,
        limits: config.limits.clone(),
        body_bytes_max: config.limits.note_bytes_max * 3 + FORM_BYTES_BESIDES,
        websocket: sockbit_websocket::Settings {
            message_bytes_max: config.server.message_bytes_max,
            ..sockbit_websocket::Settings::default()
        },
        rate: Rate::new(&config.server),
        rendering: Arc::new(Semaphore::new(RENDERING_MAX)),
        readiness: Readiness::new(Arc::clone(&gateway), store.port()),
        gateway: Arc::clone(&gateway),
        clock,
        ids,
        metrics: metrics.clone(),
    });
    let mut tasks = JoinSet::new();
    tasks.spawn(async move { gateway.run().await });
    tasks.spawn(async move { worker.run().await });
    let kept = Arc::clone(&app);
    tasks.spawn(async move { kept.rate.forget_the_quiet().await });
    tasks.spawn(telemetry::keep_up(metrics));
    Ok(Site { router: routes(Arc::clone(&app)), app, bus, tasks, store })
}

/// Brings the database to this version.
pub async fn migrate(config: &Config) -> Result<(), ComposeError> {
    // Opening does it.
    open(&config.store).await?.close().await;
    Ok(())
}

async fn open(url: &StoreUrl) -> Result<OpenStore, ComposeError> {
    match url {
        StoreUrl::Memory => Ok(OpenStore::Memory(Arc::new(MemoryStore::new()))),
        StoreUrl::Sqlite(path) => {
            make_default_folder(path)?;
            Ok(OpenStore::Sqlite(Arc::new(SqliteStore::open(path).await?)))
        }
    }
}

/// Whoever names a database makes its folder themselves; the default one should simply work.
fn make_default_folder(path: &Path) -> Result<(), ComposeError> {
    let Some(folder) = path.parent().filter(|_| path == Path::new(DEFAULT_DATABASE)) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder)
        .map_err(|reason| ComposeError::Folder { folder: folder.display().to_string(), reason })
}

fn gateway(config: &Config, bus: &MemoryBus, ids: Arc<dyn Ids>) -> Arc<Gateway> {
    let end = bus.gateway();
    let ports =
        GatewayPorts { commands: end.clone(), queries: end.clone(), announcements: end, ids };
    Gateway::new(ports, config.gateway.clone())
}

fn worker(
    config: &Config,
    bus: &MemoryBus,
    store: Arc<dyn Store>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
) -> Worker {
    let end = bus.worker();
    let ports = CorePorts { store, announcer: end.clone(), clock, ids };
    let core = Arc::new(Core::new(ports, config.limits.clone()));
    Worker::new(core, end.clone(), end)
}

impl Site {
    /// Takes nothing new, and tells live connections to go elsewhere.
    pub(crate) fn drain(&self) {
        self.app.readiness.drain();
        self.app.gateway.drain();
    }

    /// Finishes what is under way, as far as it can be done in this time, and closes the store.
    pub(crate) async fn close(mut self, within: Duration) {
        self.bus.close();
        let finished = timeout(within, async {
            // Gateway and worker end with the bus; the housekeepers never do.
            for _ in 0..2 {
                self.tasks.join_next().await;
            }
        });
        if finished.await.is_err() {
            tracing::warn!("not everything under way could be finished");
        }
        self.tasks.shutdown().await;
        self.store.close().await;
    }
}

impl OpenStore {
    fn port(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Sqlite(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    async fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Sqlite(store) => store.close().await,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::body::{Body, to_bytes};
    use axum::http::Request;
    use tower::ServiceExt;

    use super::*;

    async fn readiness(site: &Site) -> (u16, String) {
        let request = Request::get("/readyz").body(Body::empty()).expect("a request");
        let response = site.router.clone().oneshot(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = to_bytes(response.into_body(), 4096).await.expect("a body");
        (status, String::from_utf8_lossy(&body).into_owned())
    }

    #[tokio::test]
    async fn a_site_is_ready_until_it_goes_away() {
        let config = Config::read(["sockbit", "--store", "memory:"].map(Into::into));
        let site = compose(&config.expect("a configuration")).await.expect("a site");
        let (status, said) = readiness(&site).await;
        assert_eq!(status, 200, "{said}");
        site.drain();
        let (status, said) = readiness(&site).await;
        assert_eq!(status, 503);
        assert!(said.contains("draining"), "{said}");
    }

    #[tokio::test]
    async fn a_site_without_its_bus_is_not_ready_and_says_why() {
        let config = Config::read(["sockbit", "--store", "memory:"].map(Into::into));
        let site = compose(&config.expect("a configuration")).await.expect("a site");
        site.bus.close();
        let (status, said) = readiness(&site).await;
        assert_eq!(status, 503);
        assert!(said.contains("bus: "), "{said}");
    }
}
