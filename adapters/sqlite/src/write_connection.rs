//! The only connection that writes. After an error it is replaced.

use std::path::PathBuf;

use rusqlite::Connection;
use sockbit_application::ports::StoreError;

use crate::connection_settings;
use crate::error_mapping::unavailable;

pub(crate) struct WriteConnection {
    path: PathBuf,
    /// Without a transaction; `None` after an error.
    open: Option<Connection>,
}

impl WriteConnection {
    pub fn new(path: PathBuf, connection: Connection) -> Self {
        Self { path, open: Some(connection) }
    }

    /// Runs a call on the connection. After an error the connection is closed, which rolls back an
    /// open transaction.
    pub fn run<T, E: From<StoreError>>(
        &mut self,
        call: impl FnOnce(&mut Connection) -> Result<T, E>,
    ) -> Result<T, E> {
        let mut connection = match self.open.take() {
            Some(connection) => connection,
            None => connection_settings::open_for_writing(&self.path).map_err(unavailable)?,
        };
        let result = call(&mut connection)?;
        self.open = Some(connection);
        Ok(result)
    }

    pub fn close(self) {
        if let Some(Err((_, error))) = self.open.map(Connection::close) {
            tracing::warn!(%error, "could not close the database; the next start recovers it");
        }
    }
}
