//! The configured store, opened.

use std::path::Path;
use std::sync::Arc;

use sockbit_application::ports::Store;
use sockbit_memory::MemoryStore;
use sockbit_postgres::PostgresStore;
use sockbit_sqlite::SqliteStore;

use super::errors::ComposeError;
use crate::config::{DEFAULT_DATABASE, StoreUrl};
use crate::http::health::Check;

pub(crate) enum OpenStore {
    Memory(Arc<MemoryStore>),
    Sqlite(Arc<SqliteStore>),
    Postgres(Arc<PostgresStore>),
}

impl OpenStore {
    /// Opens the store and migrates its schema.
    pub async fn open(url: &StoreUrl) -> Result<Self, ComposeError> {
        match url {
            StoreUrl::Memory => Ok(Self::Memory(Arc::new(MemoryStore::new()))),
            StoreUrl::Sqlite(path) => {
                create_default_folder(path)?;
                Ok(Self::Sqlite(Arc::new(SqliteStore::open(path).await?)))
            }
            StoreUrl::Postgres(url) => {
                Ok(Self::Postgres(Arc::new(PostgresStore::open(url.expose()).await?)))
            }
        }
    }

    pub fn port(&self) -> Arc<dyn Store> {
        match self {
            Self::Memory(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Sqlite(store) => Arc::clone(store) as Arc<dyn Store>,
            Self::Postgres(store) => Arc::clone(store) as Arc<dyn Store>,
        }
    }

    /// A readiness check: the store accepts writes.
    pub fn check(&self) -> Check {
        let store = self.port();
        Check::new("store", move || {
            let store = Arc::clone(&store);
            async move { store.check().await.map_err(|error| error.to_string()) }
        })
    }

    pub async fn close(&self) {
        match self {
            Self::Memory(_) => {}
            Self::Sqlite(store) => store.close().await,
            Self::Postgres(store) => store.close().await,
        }
    }

    /// Checks that all processes on the database use the same number of work queues. The first
    /// process stores its number.
    pub async fn agree_on_work_queues(&self, work_queues: u16) -> Result<(), ComposeError> {
        let Self::Postgres(store) = self else { return Ok(()) };
        match store.fix_work_queues(work_queues).await? {
            stored if stored == work_queues => Ok(()),
            stored => Err(ComposeError::WorkQueues { stored, configured: work_queues }),
        }
    }
}

/// Creates the folder of the default database. For a configured path the folder must exist.
fn create_default_folder(path: &Path) -> Result<(), ComposeError> {
    let Some(folder) = path.parent().filter(|_| path == Path::new(DEFAULT_DATABASE)) else {
        return Ok(());
    };
    std::fs::create_dir_all(folder)
        .map_err(|reason| ComposeError::Folder { folder: folder.display().to_string(), reason })
}
