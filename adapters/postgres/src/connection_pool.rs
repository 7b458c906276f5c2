//! The pool of connections. After an error, a cancelled call or a missed deadline a connection is
//! closed, not reused.
//!
//! The driver's pool only opens connections: it would add a round trip before and after each call, to
//! test the connection.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use sockbit_application::mutex::locked;
use sockbit_application::ports::StoreError;
use sqlx::{Connection, PgConnection, PgPool};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, timeout_at};

use crate::error_mapping::unavailable;

/// A worker commits one batch at a time and answers some queries meanwhile.
pub(crate) const CONNECTIONS_MAX: u32 = 20;
/// A connection that was idle for this long is tested before it is reused. The server may have
/// restarted.
const TESTED_AFTER: Duration = Duration::from_secs(1);
/// Connections that are idle for longer are closed.
const IDLE_MAX: Duration = Duration::from_mins(10);
/// Connections that are older are closed, so that changed settings of the server are noticed.
const AGE_MAX: Duration = Duration::from_mins(30);

pub(crate) struct ConnectionPool {
    connector: PgPool,
    permits: Arc<Semaphore>,
    idle: Arc<IdleConnections>,
    /// The time that each call may take.
    timeout: Duration,
}

/// The deadline of one call.
pub(crate) struct Deadline {
    timeout: Duration,
    at: Instant,
}

/// A connection, lent for one call. Dropping the lease closes the connection.
pub(crate) struct Lease {
    open: OpenConnection,
    idle: Arc<IdleConnections>,
    _permit: OwnedSemaphorePermit,
}

struct OpenConnection {
    connection: PgConnection,
    opened_at: Instant,
    used_at: Instant,
}

/// The last used connection is the last.
#[derive(Default)]
struct IdleConnections(Mutex<Vec<OpenConnection>>);

impl ConnectionPool {
    /// `connector` opens connections.
    pub fn new(connector: PgPool, timeout: Duration) -> Self {
        let permits = Arc::new(Semaphore::new(CONNECTIONS_MAX as usize));
        Self { connector, permits, idle: Arc::default(), timeout }
    }

    pub async fn lease(&self) -> Result<Lease, StoreError> {
        let closed = |_| unavailable(sqlx::Error::PoolClosed);
        let permit = Arc::clone(&self.permits).acquire_owned().await.map_err(closed)?;
        let open = match self.idle.take_tested().await {
            Some(open) => open,
            None => self.open().await?,
        };
        Ok(Lease { open, idle: Arc::clone(&self.idle), _permit: permit })
    }

    async fn open(&self) -> Result<OpenConnection, StoreError> {
        let connection = self.connector.acquire().await.map_err(unavailable)?.detach();
        let now = Instant::now();
        Ok(OpenConnection { connection, opened_at: now, used_at: now })
    }

    /// The deadline of a call that starts now.
    pub fn deadline(&self) -> Deadline {
        Deadline { timeout: self.timeout, at: Instant::now() + self.timeout }
    }

    /// Waits for the running calls, then closes all connections.
    pub async fn close(&self) {
        let all = self.permits.acquire_many(CONNECTIONS_MAX).await;
        self.permits.close();
        drop(all);
        let idle = std::mem::take(&mut *locked(&self.idle.0));
        for open in idle {
            // The server closes a connection that cannot be closed.
            open.connection.close().await.ok();
        }
        self.connector.close().await;
    }
}

impl IdleConnections {
    /// The last used connection that is still open.
    async fn take_tested(&self) -> Option<OpenConnection> {
        loop {
            let mut open = locked(&self.0).pop()?;
            if open.used_at.elapsed() < TESTED_AFTER || open.connection.ping().await.is_ok() {
                return Some(open);
            }
        }
    }

    fn put(&self, open: OpenConnection) {
        let mut idle = locked(&self.0);
        idle.retain(|it| it.used_at.elapsed() < IDLE_MAX);
        idle.push(open);
    }
}

impl Deadline {
    /// The result of a call, or `error` at the deadline.
    pub async fn limit<T>(
        &self,
        error: fn(String) -> StoreError,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        timeout_at(self.at, call).await.unwrap_or_else(|_| {
            Err(error(format!("the database took longer than {:?}", self.timeout)))
        })
    }
}

impl Lease {
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.open.connection
    }

    /// Returns the connection to the pool after a successful call.
    pub fn release(mut self) {
        self.open.used_at = Instant::now();
        if self.open.opened_at.elapsed() < AGE_MAX {
            self.idle.put(self.open);
        }
    }
}
