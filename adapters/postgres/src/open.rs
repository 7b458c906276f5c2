//! Opens a database: connects, verifies the server's settings, and migrates the schema.

mod newer_schema;

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, PgPool};

use crate::connection_pool::{CONNECTIONS_MAX, ConnectionPool};
use crate::error_mapping::{code, reason};
use crate::{OpenError, PostgresStore, server_settings};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// The deadline of a call.
const DEADLINE: Duration = Duration::from_secs(5);

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Settings of a session, whatever the defaults of the database are.
///
/// Statements are planned once for each connection, perhaps while the tables are empty. Such a plan is
/// good for tables of any size if it consists of plain index scans, so all other scans are disabled
/// where there is an index, and so is the compiler, which the costs of disabled plans would start.
const SESSION_SETTINGS: [(&str, &str); 6] = [
    ("default_transaction_isolation", "read committed"),
    ("default_transaction_read_only", "off"),
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_bitmapscan", "off"),
    ("jit", "off"),
];

/// A migration has no timeout, whatever the defaults of the database are. The notice that the
/// migrator's table exists is suppressed.
const MIGRATION_SETTINGS: [(&str, &str); 3] =
    [("statement_timeout", "0"), ("lock_timeout", "0"), ("client_min_messages", "warning")];

/// The parameters that the driver knows besides `options[…]`. It ignores others and logs their
/// values, which would reveal the value of a misspelt `password`.
const PARAMETERS: [&str; 19] = [
    "application_name",
    "dbname",
    "host",
    "hostaddr",
    "options",
    "password",
    "port",
    "ssl-ca",
    "ssl-cert",
    "ssl-key",
    "ssl-mode",
    "ssl-root-cert",
    "sslcert",
    "sslkey",
    "sslmode",
    "sslrootcert",
    "statement-cache-capacity",
    "user",
    "",
];

impl PostgresStore {
    /// Opens the database at `postgres://USER:PASSWORD@HOST:PORT/DATABASE` and migrates the schema to
    /// this version. Any number of processes may do so at the same time.
    pub async fn open(address: &str) -> Result<Self, OpenError> {
        Self::open_with_deadline(address, DEADLINE).await
    }

    /// Like [`PostgresStore::open`], with another deadline for each call.
    pub async fn open_with_deadline(address: &str, deadline: Duration) -> Result<Self, OpenError> {
        let options = parse(address)?.application_name("sockbit").disable_statement_logging();
        prepare(&options).await?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(deadline)
            .after_connect(|connection, _| Box::pin(server_settings::verify_again(connection)))
            .connect_lazy_with(options.options(SESSION_SETTINGS).options(timeouts(deadline)));
        Ok(Self { pool: ConnectionPool::new(pool, deadline) })
    }
}

/// Timeouts of the server, so that a worker that hangs or is gone does not keep boards locked. They are
/// shorter than the deadline of a call, so that the server's error is reported, after which nothing was
/// written.
fn timeouts(deadline: Duration) -> [(&'static str, u128); 3] {
    [
        ("statement_timeout", (deadline * 4 / 5).as_millis()),
        ("lock_timeout", (deadline * 2 / 5).as_millis()),
        ("idle_in_transaction_session_timeout", deadline.as_millis()),
    ]
}

/// Verifies and migrates on a connection of its own, since a migration may take longer than any
/// call.
async fn prepare(options: &PgConnectOptions) -> Result<(), OpenError> {
    let at = at(options);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECT_TIMEOUT)
        .connect_with(options.clone().options(MIGRATION_SETTINGS))
        .await
        .map_err(|error| refused(at.clone(), &error))?;
    let mut connection = pool.acquire().await.map_err(|error| refused(at.clone(), &error))?;
    server_settings::verify(&mut connection, &at).await?;
    server_settings::recognise(&mut connection, &at).await?;
    drop(connection);
    migrate(&pool, at).await?;
    pool.close().await;
    Ok(())
}

fn parse(address: &str) -> Result<PgConnectOptions, OpenError> {
    let parameters = address.split_once('?').map_or("", |(_, parameters)| parameters);
    for parameter in parameters.split('&') {
        let name = parameter.split('=').next().unwrap_or_default();
        // The brackets may be escaped.
        let is_option = name.starts_with("options[") || name.starts_with("options%5");
        if !is_option && !PARAMETERS.contains(&name) {
            return Err(OpenError::Address(format!("it has the unknown parameter {name:?}")));
        }
    }
    let options = PgConnectOptions::from_str(address).map_err(|error| match error {
        sqlx::Error::Configuration(cause) => OpenError::Address(cause.to_string()),
        error => OpenError::Address(reason(&error)),
    })?;
    // The driver does not disable Nagle's algorithm, which delays each large statement over TLS by
    // about 40 ms. A local connection needs no TLS, unless the address requests it.
    let is_local = ["127.0.0.1", "[::1]", "localhost"].contains(&options.get_host());
    let requests_tls = !matches!(options.get_ssl_mode(), PgSslMode::Prefer);
    Ok(if is_local && !requests_tls { options.ssl_mode(PgSslMode::Disable) } else { options })
}

/// The user, server and database, without the password.
fn at(options: &PgConnectOptions) -> String {
    let user = options.get_username();
    let database = options.get_database().unwrap_or(user);
    match options.get_socket() {
        Some(socket) => format!("{user} on {} (database {database})", socket.display()),
        None => {
            format!("{user} at {}:{} (database {database})", options.get_host(), options.get_port())
        }
    }
}

fn refused(at: String, error: &sqlx::Error) -> OpenError {
    let reason = match error {
        sqlx::Error::PoolTimedOut => format!("no answer within {CONNECT_TIMEOUT:?}"),
        error => reason(error),
    };
    match code(error).as_deref() {
        None => OpenError::Unreachable { at, reason },
        Some("3D000") => OpenError::NoDatabase { at },
        Some(code) if code.starts_with("28") => OpenError::Refused { at, reason },
        Some(_) => OpenError::Unusable { at, reason },
    }
}

/// The migrator locks the database, so that one process at a time migrates it.
async fn migrate(pool: &PgPool, at: String) -> Result<(), OpenError> {
    let migrated = match MIGRATIONS.run(pool).await {
        Err(MigrateError::VersionMissing(_)) => migrate_beside_newer(pool).await,
        migrated => migrated,
    };
    migrated.map_err(|error| match error {
        MigrateError::VersionMissing(schema) => OpenError::Newer { at, schema },
        MigrateError::VersionMismatch(schema) => OpenError::Altered { at, schema },
        MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _) => {
            OpenError::Migration { at, reason: reason(&error) }
        }
        error => OpenError::Migration { at, reason: error.to_string() },
    })
}

/// Verifies the migrations that this program knows, in a database that a newer program has migrated, if
/// the newer migrations are compatible. The failed attempt has left the migrator's lock to its
/// connection; closing the pool releases it.
async fn migrate_beside_newer(pool: &PgPool) -> Result<(), MigrateError> {
    if let Some(schema) = newer_schema::first_incompatible(pool, &MIGRATIONS).await? {
        return Err(MigrateError::VersionMissing(schema));
    }
    let mut migrations = sqlx::migrate!("../../migrations/postgres");
    migrations.set_ignore_missing(true).run(pool).await
}
