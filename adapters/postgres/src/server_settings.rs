//! The settings of the server, under which acknowledged commits survive a crash, and the settings
//! that all processes on one database share.

use sockbit_application::column_conversions::integer;
use sockbit_application::ports::StoreError;
use sqlx::PgConnection;

use crate::OpenError;
use crate::error_mapping::{reason, unavailable};

const REQUIRED: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];
const VERSION_MIN: i32 = 130_000;

/// Refuses a server that is too old, or that may lose acknowledged commits.
pub(crate) async fn verify(connection: &mut PgConnection, at: &str) -> Result<(), OpenError> {
    let at = at.to_owned();
    let (number, found) = match version(connection).await {
        Ok(version) => version,
        Err(error) => return Err(OpenError::Unusable { at, reason: reason(&error) }),
    };
    if number < VERSION_MIN {
        return Err(OpenError::TooOld { at, found });
    }
    match weak_setting(connection).await {
        Ok(None) => Ok(()),
        Ok(Some((setting, found))) => Err(OpenError::WeakSetting { at, setting, found }),
        Err(error) => Err(OpenError::Unusable { at, reason: reason(&error) }),
    }
}

/// Refuses a database with another encoding, a read-only one, and one with the tables of another
/// program. This is checked before anything is changed.
pub(crate) async fn recognise(connection: &mut PgConnection, at: &str) -> Result<(), OpenError> {
    // Another process may be creating the tables. The first one is the migrator's.
    const CHECKS: &str = "\
        select current_setting('server_encoding'), current_setting('transaction_read_only') = 'on',
            exists (select from pg_tables where schemaname = current_schema())
                and not exists (select from pg_tables
                    where schemaname = current_schema() and tablename = '_sqlx_migrations')";
    let unusable = |reason: String| OpenError::Unusable { at: at.to_owned(), reason };
    let (encoding, is_read_only, is_foreign): (String, bool, bool) = sqlx::query_as(CHECKS)
        .fetch_one(connection)
        .await
        .map_err(|error| unusable(reason(&error)))?;
    if encoding != "UTF8" {
        return Err(unusable(format!(
            "its encoding is {encoding}, which cannot store every text; create one with \
             createdb --encoding=UTF8 --template=template0"
        )));
    }
    if is_read_only {
        return Err(unusable("it can only be read; name the server that is written to".to_owned()));
    }
    if is_foreign {
        return Err(unusable(
            "it holds the tables of something else; name an empty one".to_owned(),
        ));
    }
    Ok(())
}

/// The version as a number and as text.
async fn version(connection: &mut PgConnection) -> Result<(i32, String), sqlx::Error> {
    const VERSION: &str = "\
        select current_setting('server_version_num')::int, current_setting('server_version')";
    sqlx::query_as(VERSION).fetch_one(connection).await
}

/// Verifies the settings on each later connection, since they can change while the program runs.
pub(crate) async fn verify_again(connection: &mut PgConnection) -> Result<(), sqlx::Error> {
    match weak_setting(connection).await? {
        Some((setting, found)) => {
            Err(sqlx::Error::Configuration(format!("its setting {setting} is {found}").into()))
        }
        None => Ok(()),
    }
}

async fn weak_setting(
    connection: &mut PgConnection,
) -> Result<Option<(&'static str, String)>, sqlx::Error> {
    for setting in REQUIRED {
        let found: String = sqlx::query_scalar("select current_setting($1)")
            .bind(setting)
            .fetch_one(&mut *connection)
            .await?;
        if found == "off" {
            return Ok(Some((setting, found)));
        }
    }
    Ok(None)
}

/// Stores the number of work queues unless it is stored already. Returns the stored number.
pub(crate) async fn work_queues(
    connection: &mut PgConnection,
    work_queues: u16,
) -> Result<u16, StoreError> {
    const INSERT: &str = "\
        insert into settings (name, value) values ('work_queues', $1) on conflict do nothing";
    const SELECT: &str = "select value from settings where name = 'work_queues'";
    sqlx::query(INSERT)
        .bind(integer(work_queues.into()))
        .execute(&mut *connection)
        .await
        .map_err(unavailable)?;
    let stored: i64 =
        sqlx::query_scalar(SELECT).fetch_one(connection).await.map_err(unavailable)?;
    u16::try_from(stored)
        .map_err(|it| StoreError::unreadable_row("settings", "name work_queues", it))
}

/// Commits a write. It fails if the server's disk is full, or if the server is read-only or a
/// standby.
pub(crate) async fn check(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("update settings set value = value + 1 where name = 'checks'")
        .execute(connection)
        .await
        .map(drop)
        .map_err(unavailable)
}
