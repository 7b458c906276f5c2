//! The settings of the server under which what is acknowledged survives a crash, and what all
//! processes on one database have agreed on.

use sockbit_application::ports::StoreError;
use sqlx::PgConnection;

use crate::OpenError;
use crate::column_values::integer;
use crate::error_mapping::{reason, unavailable, unreadable};

const REQUIRED: [&str; 3] = ["fsync", "full_page_writes", "synchronous_commit"];
const OLDEST: i32 = 130_000;

/// Refuses a server that is too old, or that may forget what it acknowledged.
pub(crate) async fn verify(connection: &mut PgConnection, at: &str) -> Result<(), OpenError> {
    let at = at.to_owned();
    let (number, found) = match version(connection).await {
        Ok(version) => version,
        Err(error) => return Err(OpenError::Unusable { at, reason: reason(&error) }),
    };
    if number < OLDEST {
        return Err(OpenError::TooOld { at, found });
    }
    match weak_setting(connection).await {
        Ok(None) => Ok(()),
        Ok(Some((setting, found))) => Err(OpenError::WeakSetting { at, setting, found }),
        Err(error) => Err(OpenError::Unusable { at, reason: reason(&error) }),
    }
}

/// Refuses a database that cannot hold what we write, or that is somebody else's. It is looked at
/// before anything is changed.
pub(crate) async fn recognise(connection: &mut PgConnection, at: &str) -> Result<(), OpenError> {
    // Another process may be in the middle of making our tables: the first is the migrator's.
    const LOOK: &str = "\
        select current_setting('server_encoding'), current_setting('transaction_read_only') = 'on',
            exists (select from pg_tables where schemaname = current_schema())
                and not exists (select from pg_tables
                    where schemaname = current_schema() and tablename = '_sqlx_migrations')";
    let unusable = |reason: String| OpenError::Unusable { at: at.to_owned(), reason };
    let (encoding, is_read_only, is_foreign): (String, bool, bool) = sqlx::query_as(LOOK)
        .fetch_one(connection)
        .await
        .map_err(|error| unusable(reason(&error)))?;
    if encoding != "UTF8" {
        return Err(unusable(format!(
            "its encoding is {encoding}, in which not every text can be written; make one with \
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

/// As a number, and as people write it.
async fn version(connection: &mut PgConnection) -> Result<(i32, String), sqlx::Error> {
    const VERSION: &str = "\
        select current_setting('server_version_num')::int, current_setting('server_version')";
    sqlx::query_as(VERSION).fetch_one(connection).await
}

/// The same for each later connection: settings can change while the program runs.
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

/// The number of work queues, which the first to ask fixes for all.
pub(crate) async fn work_queues(
    connection: &mut PgConnection,
    wanted: u16,
) -> Result<u16, StoreError> {
    const FIX: &str = "\
        insert into settings (name, value) values ('work_queues', $1) on conflict do nothing";
    const FIXED: &str = "select value from settings where name = 'work_queues'";
    sqlx::query(FIX)
        .bind(integer(wanted.into()))
        .execute(&mut *connection)
        .await
        .map_err(unavailable)?;
    let fixed: i64 = sqlx::query_scalar(FIXED).fetch_one(connection).await.map_err(unavailable)?;
    u16::try_from(fixed).map_err(|it| unreadable("settings", "name work_queues", it))
}

/// Writes a number, and waits until the disk has it: a server that is full, read-only or a mere
/// copy of another is noticed.
pub(crate) async fn check(connection: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("update settings set value = value + 1 where name = 'checks'")
        .execute(connection)
        .await
        .map(drop)
        .map_err(unavailable)
}
