//! The pool of connections. After an error, a cancelled call or a missed deadline a connection is
//! closed, not reused.

use std::time::Duration;

use sockbit_application::ports::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::time::{Instant, timeout_at};

use crate::error_mapping::unavailable;

pub(crate) struct ConnectionPool {
    pool: PgPool,
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
    connection: PoolConnection<Postgres>,
    is_reusable: bool,
}

impl ConnectionPool {
    pub fn new(pool: PgPool, timeout: Duration) -> Self {
        Self { pool, timeout }
    }

    pub async fn lease(&self) -> Result<Lease, StoreError> {
        let connection = self.pool.acquire().await.map_err(unavailable)?;
        Ok(Lease { connection, is_reusable: false })
    }

    /// The deadline of a call that starts now.
    pub fn deadline(&self) -> Deadline {
        Deadline { timeout: self.timeout, at: Instant::now() + self.timeout }
    }

    pub async fn close(&self) {
        self.pool.close().await;
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
        &mut self.connection
    }

    /// Returns the connection to the pool after a successful call.
    pub fn release(mut self) {
        self.is_reusable = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_reusable {
            self.connection.close_on_drop();
        }
    }
}
