//! The only connection that writes. After an error or a cancelled call it is replaced.

use sockbit_application::ports::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};

use crate::error_mapping::unavailable;

/// Lends the connection to one caller at a time.
pub(crate) struct WriteConnection {
    options: SqliteConnectOptions,
    state: Mutex<State>,
}

enum State {
    /// Open, and without a transaction.
    Idle(SqliteConnection),
    /// Lent, or dropped by its last user. SQLite rolls back the transaction of a dropped connection.
    Taken,
    Closed,
}

/// The connection, lent to one caller. Dropping the lease closes the connection.
pub(crate) struct Lease<'a> {
    connection: SqliteConnection,
    state: MutexGuard<'a, State>,
}

impl WriteConnection {
    pub fn new(options: SqliteConnectOptions, connection: SqliteConnection) -> Self {
        Self { options, state: Mutex::new(State::Idle(connection)) }
    }

    pub async fn lease(&self) -> Result<Lease<'_>, StoreError> {
        let mut state = self.state.lock().await;
        let connection = match std::mem::replace(&mut *state, State::Taken) {
            State::Idle(connection) => connection,
            State::Taken => self.options.connect().await.map_err(unavailable)?,
            State::Closed => {
                *state = State::Closed;
                return Err(StoreError::Unavailable("the store is closed".to_owned()));
            }
        };
        Ok(Lease { connection, state })
    }

    pub async fn close(&self) {
        let mut state = self.state.lock().await;
        if let State::Idle(connection) = std::mem::replace(&mut *state, State::Closed)
            && let Err(error) = connection.close().await
        {
            tracing::warn!(%error, "could not close the database; the next start recovers it");
        }
    }
}

impl Lease<'_> {
    pub fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// Returns the connection after a successful call, so that the next caller uses it again.
    pub fn release(mut self) {
        *self.state = State::Idle(self.connection);
    }
}
