//! Deletion of old outcomes.

use sockbit_application::ports::StoreError;
use sockbit_domain::Timestamp;
use sqlx::PgConnection;

use crate::error_mapping::unknown;

/// One statement, so one transaction of its own. What another worker is just forgetting is left to it.
pub(crate) async fn delete_before(
    connection: &mut PgConnection,
    before: Timestamp,
    max: u32,
) -> Result<u64, StoreError> {
    // No outcome is ever changed, so it stays where it was found. An `in` would be a join, for which
    // the server may read the whole table.
    const FORGET: &str = "\
        delete from outcomes where ctid = any (array(
            select ctid from outcomes where at < $1 order by at limit $2 for update skip locked
        ))";
    let forgetting = sqlx::query(FORGET).bind(before.0).bind(i64::from(max)).execute(connection);
    forgetting.await.map(|it| it.rows_affected()).map_err(unknown)
}
