//! Deletion of old outcomes.

use rusqlite::{Connection, params};
use sockbit_application::ports::StoreError;
use sockbit_domain::Timestamp;

use crate::error_mapping::unknown;

/// Deletes outcomes in one statement, which is a transaction by itself.
pub(crate) fn delete_before(
    connection: &Connection,
    before: Timestamp,
    max: u32,
) -> Result<u64, StoreError> {
    const DELETE: &str = "\
        delete from outcomes where (board, client, message) in (
            select board, client, message from outcomes where at < ? order by at limit ?
        )";
    let mut statement = connection.prepare_cached(DELETE).map_err(unknown)?;
    statement.execute(params![before.0, max]).map(|it| it as u64).map_err(unknown)
}
