//! Deletion of old outcomes.

use sockbit_application::ports::StoreError;
use sockbit_domain::Timestamp;
use sqlx::PgConnection;

use crate::error_mapping::unknown;

/// Deletes outcomes in one statement, which is a transaction by itself. It skips the outcomes that
/// another worker is deleting.
pub(crate) async fn delete_before(
    connection: &mut PgConnection,
    before: Timestamp,
    max: u32,
) -> Result<u64, StoreError> {
    // By `ctid`, which never changes, because outcomes are never updated. An `in` would be a join, for
    // which the server may read the whole table.
    const DELETE: &str = "\
        delete from outcomes where ctid = any (array(
            select ctid from outcomes where at < $1 order by at limit $2 for update skip locked
        ))";
    let deleting = sqlx::query(DELETE).bind(before.0).bind(i64::from(max)).execute(connection);
    deleting.await.map(|it| it.rows_affected()).map_err(unknown)
}
