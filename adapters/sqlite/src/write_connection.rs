//! The one connection that writes. After an error or a cancelled call it is not reused.

use sockbit_application::ports::StoreError;
use sqlx::sqlite::SqliteConnectOptions;
use sqlx::{ConnectOptions, Connection, SqliteConnection};
use tokio::sync::{Mutex, MutexGuard};

use crate::error_mapping::unavailable;

pub(crate) struct Writer {
    options: SqliteConnectOptions,
    state: Mutex<State>,
}

enum State {
    /// Clean, and ready for the next.
    Idle(SqliteConnection),
    /// In use, or dropped by its user. SQLite rolls back what a closed connection left open.
    Gone,
    Closed,
}

/// The right to write, for one at a time.
pub(crate) struct Lease<'a> {
    connection: SqliteConnection,
    state: MutexGuard<'a, State>,
}

impl Writer {
    pub fn new(options: SqliteConnectOptions, connection: SqliteConnection) -> Self {
        Self { options, state: Mutex::new(State::Idle(connection)) }
    }

    pub async fn lease(&self) -> Result<Lease<'_>, StoreError> {
        let mut state = self.state.lock().await;
        let connection = match std::mem::replace(&mut *state, State::Gone) {
            State::Idle(connection) => connection,
            State::Gone => self.options.connect().await.map_err(unavailable)?,
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
            tracing::warn!(%error, "closing the database failed; the next start tidies up");
        }
    }
}

impl Lease<'_> {
    pub fn connection(&mut self) -> &mut SqliteConnection {
        &mut self.connection
    }

    /// For those whose work went well: the connection stays open for the next.
    pub fn give_back(mut self) {
        *self.state = State::Idle(self.connection);
    }
}
