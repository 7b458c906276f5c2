//! Deletion of old outcomes.

use sockbit_application::ports::StoreError;
use sockbit_domain::Timestamp;
use sqlx::SqliteConnection;

use crate::error_mapping::unknown;

/// Deletes outcomes in one statement, which is a transaction by itself.
pub(crate) async fn delete_before(
    connection: &mut SqliteConnection,
    before: Timestamp,
    max: u32,
) -> Result<u64, StoreError> {
    const DELETE: &str = "\
        delete from outcomes where (board, client, message) in (
            select board, client, message from outcomes where at < ? order by at limit ?
        )";
    let deleted = sqlx::query(DELETE).bind(before.0).bind(max).execute(connection).await;
    deleted.map(|it| it.rows_affected()).map_err(unknown)
}
