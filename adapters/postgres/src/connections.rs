//! Connections, each lent for one call. Whoever fails on one, gives up half way or takes too long
//! never hands it on.

use std::time::Duration;

use sockbit_application::ports::StoreError;
use sqlx::pool::PoolConnection;
use sqlx::{PgConnection, PgPool, Postgres};
use tokio::time::{Instant, timeout_at};

use crate::error_mapping::unavailable;

pub(crate) struct Connections {
    pool: PgPool,
    deadline: Duration,
}

/// When a call is given up.
pub(crate) struct Deadline {
    patience: Duration,
    at: Instant,
}

/// A connection that is closed unless it is given back.
pub(crate) struct Lease {
    connection: PoolConnection<Postgres>,
    is_clean: bool,
}

impl Connections {
    pub fn new(pool: PgPool, deadline: Duration) -> Self {
        Self { pool, deadline }
    }

    pub async fn lease(&self) -> Result<Lease, StoreError> {
        let connection = self.pool.acquire().await.map_err(unavailable)?;
        Ok(Lease { connection, is_clean: false })
    }

    /// When a call that begins at this moment is given up.
    pub fn deadline(&self) -> Deadline {
        Deadline { patience: self.deadline, at: Instant::now() + self.deadline }
    }

    pub async fn close(&self) {
        self.pool.close().await;
    }
}

impl Deadline {
    /// What a call answers, if it does so in time; `late` where it does not.
    pub async fn holds<T>(
        &self,
        late: fn(String) -> StoreError,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        timeout_at(self.at, call).await.unwrap_or_else(|_| {
            Err(late(format!("the database took longer than {:?}", self.patience)))
        })
    }
}

impl Lease {
    pub fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// For those whose call went well: the connection stays open for the next.
    pub fn give_back(mut self) {
        self.is_clean = true;
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if !self.is_clean {
            self.connection.close_on_drop();
        }
    }
}
