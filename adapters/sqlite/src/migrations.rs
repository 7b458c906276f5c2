//! Migrates the schema. The table of applied migrations is that of sqlx, which older versions of this
//! program used.

use std::collections::BTreeMap;
use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use sqlx::migrate::{Migration, Migrator};

use crate::OpenError;
use crate::error_mapping::reason;

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/sqlite");

/// Applies the migrations that the database lacks, all or none.
pub(crate) fn migrate(path: &Path, connection: &mut Connection) -> Result<(), OpenError> {
    let failed = |error| OpenError::Migration { path: path.to_owned(), reason: reason(&error) };
    let applied = applied(connection).map_err(failed)?;
    if let Some(schema) = applied.keys().find(|it| !MIGRATIONS.version_exists(**it)) {
        return Err(OpenError::Newer { path: path.to_owned(), schema: *schema });
    }
    let mut missing = Vec::new();
    for migration in MIGRATIONS.iter() {
        match applied.get(&migration.version) {
            None => missing.push(migration),
            Some(checksum) if **checksum == *migration.checksum => {}
            Some(_) => {
                let (path, schema) = (path.to_owned(), migration.version);
                return Err(OpenError::Altered { path, schema });
            }
        }
    }
    if missing.is_empty() { Ok(()) } else { apply_all(connection, &missing).map_err(failed) }
}

/// The checksums of the applied migrations by their versions.
fn applied(connection: &Connection) -> rusqlite::Result<BTreeMap<i64, Vec<u8>>> {
    const APPLIED: &str = "select version, checksum from _sqlx_migrations";
    if !connection.table_exists(None, "_sqlx_migrations")? {
        return Ok(BTreeMap::new());
    }
    let mut statement = connection.prepare(APPLIED)?;
    statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?.collect()
}

fn apply_all(connection: &mut Connection, missing: &[&Migration]) -> rusqlite::Result<()> {
    const CREATE_TABLE: &str = "\
        create table if not exists _sqlx_migrations (
            version bigint primary key,
            description text not null,
            installed_on timestamp not null default current_timestamp,
            success boolean not null,
            checksum blob not null,
            execution_time bigint not null
        )";
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    transaction.execute(CREATE_TABLE, [])?;
    for migration in missing {
        apply(&transaction, migration)?;
    }
    transaction.commit()
}

fn apply(transaction: &Transaction<'_>, migration: &Migration) -> rusqlite::Result<()> {
    // Minus one stands for an unknown duration.
    const INSERT: &str = "\
        insert into _sqlx_migrations (version, description, success, checksum, execution_time)
        values (?, ?, true, ?, -1)";
    transaction.execute_batch(migration.sql.as_str())?;
    let row = params![migration.version, &*migration.description, &*migration.checksum];
    transaction.execute(INSERT, row).map(drop)
}
