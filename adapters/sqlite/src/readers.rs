//! Connections for reading, used on threads that may block.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rusqlite::Connection;
use sockbit_application::mutex::locked;
use sockbit_application::ports::StoreError;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;

use crate::connection_settings;
use crate::error_mapping::ReadError;

/// Reads are short; more connections would only wait for the same disk.
const READERS_MAX: u32 = 4;
/// How long a call waits for a connection.
const READ_TIMEOUT: Duration = Duration::from_secs(5);

/// Lends each connection to one call at a time.
pub(crate) struct Readers {
    path: Arc<Path>,
    /// One for each connection.
    permits: Arc<Semaphore>,
    idle: Arc<Mutex<Vec<Connection>>>,
}

impl Readers {
    /// Connections to a database, which are opened when they are needed.
    pub fn new(path: PathBuf) -> Self {
        Self {
            path: path.into(),
            permits: Arc::new(Semaphore::new(READERS_MAX as usize)),
            idle: Arc::default(),
        }
    }

    /// Runs a call whose statements all read from one snapshot. Once started it is finished, even
    /// if its caller is cancelled.
    pub async fn read<T: Send + 'static>(
        &self,
        call: impl FnOnce(&Connection) -> Result<T, ReadError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let permit = self.permit().await?;
        let (path, idle) = (Arc::clone(&self.path), Arc::clone(&self.idle));
        let reading = move || {
            let result = read(&path, &idle, call);
            drop(permit);
            result
        };
        let result = spawn_blocking(reading).await;
        let result = result.map_err(|error| StoreError::Unavailable(error.to_string()))?;
        result.map_err(StoreError::from)
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, StoreError> {
        match timeout(READ_TIMEOUT, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(_)) => Err(StoreError::Unavailable("the store is closed".to_owned())),
            Err(_) => Err(StoreError::Unavailable("all connections are in use".to_owned())),
        }
    }

    /// Waits for calls in progress, and closes the connections. All later calls fail.
    pub async fn close(&self) {
        let all = self.permits.acquire_many(READERS_MAX).await;
        self.permits.close();
        drop(all);
        locked(&self.idle).clear();
    }
}

/// Reads with an idle connection, or with a new one. After an error the connection is closed.
fn read<T>(
    path: &Path,
    idle: &Mutex<Vec<Connection>>,
    call: impl FnOnce(&Connection) -> Result<T, ReadError>,
) -> Result<T, ReadError> {
    let connection = locked(idle).pop();
    let connection = connection.map_or_else(|| connection_settings::open_for_reading(path), Ok)?;
    let snapshot = connection.unchecked_transaction()?;
    let result = call(&snapshot)?;
    snapshot.finish()?;
    locked(idle).push(connection);
    Ok(result)
}
