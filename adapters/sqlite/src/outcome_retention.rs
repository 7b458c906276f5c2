//! Deletion of old outcomes.

use sockbit_application::ports::StoreError;
use sockbit_domain::Timestamp;
use sqlx::SqliteConnection;

use crate::error_mapping::unknown;

/// One statement, so one transaction of its own.
pub(crate) async fn delete_before(
    connection: &mut SqliteConnection,
    before: Timestamp,
    max: u32,
) -> Result<u64, StoreError> {
    const FORGET: &str = "\
        delete from outcomes where (board, client, message) in (
            select board, client, message from outcomes where at < ? order by at limit ?
        )";
    let forgotten = sqlx::query(FORGET).bind(before.0).bind(max).execute(connection).await;
    forgotten.map(|it| it.rows_affected()).map_err(unknown)
}
