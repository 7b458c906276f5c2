//! Opening a database: reached, proven safe, and brought to this version.

mod newer_schema;

use std::str::FromStr;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::postgres::{PgConnectOptions, PgPoolOptions, PgSslMode};
use sqlx::{ConnectOptions, PgPool};

use crate::connections::Connections;
use crate::error_mapping::{code, reason};
use crate::{OpenError, PostgresStore, server_settings};

static MIGRATIONS: Migrator = sqlx::migrate!("../../migrations/postgres");

/// A worker commits one batch at a time and answers some questions meanwhile.
const CONNECTIONS_MAX: u32 = 20;
/// How long a call may take. Longer than the server's own patience, so that its reason is heard.
const DEADLINE: Duration = Duration::from_secs(5);

const CONNECTED_WITHIN: Duration = Duration::from_secs(10);

/// What the server ends by itself, so that a worker that hangs or is gone holds no board.
const PATIENCE: [(&str, &str); 3] = [
    ("statement_timeout", "4000"),
    ("lock_timeout", "2000"),
    ("idle_in_transaction_session_timeout", "5000"),
];

/// A migration takes as long as it takes, whatever the database would have by default; and it need not
/// say that it found its own table.
const UNHURRIED: [(&str, &str); 3] =
    [("statement_timeout", "0"), ("lock_timeout", "0"), ("client_min_messages", "warning")];

/// What the driver knows besides `options[…]`. It would ignore others and print their values, and a
/// misspelt password is one.
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
    /// Opens the database at `postgres://USER:PASSWORD@HOST:PORT/DATABASE` and brings it to this
    /// version. Any number of processes may do so at once.
    pub async fn open(address: &str) -> Result<Self, OpenError> {
        Self::open_with_deadline(address, DEADLINE).await
    }

    /// Like [`PostgresStore::open`], with another bound on how long each call may take.
    pub async fn open_with_deadline(address: &str, deadline: Duration) -> Result<Self, OpenError> {
        let options = parse(address)?.application_name("sockbit").disable_statement_logging();
        prepare(&options).await?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS_MAX)
            .acquire_timeout(deadline)
            .after_connect(|connection, _| Box::pin(server_settings::verify_again(connection)))
            .connect_lazy_with(options.options(PATIENCE));
        Ok(Self { connections: Connections::new(pool, deadline) })
    }
}

/// Over a connection of its own, since a migration may take longer than any call.
async fn prepare(options: &PgConnectOptions) -> Result<(), OpenError> {
    let at = at(options);
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(CONNECTED_WITHIN)
        .connect_with(options.clone().options(UNHURRIED))
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
        // Brackets may come as they are or escaped.
        let is_option = name.starts_with("options[") || name.starts_with("options%5");
        if !is_option && !PARAMETERS.contains(&name) {
            return Err(OpenError::Address(format!("it has the unknown parameter {name:?}")));
        }
    }
    let options = PgConnectOptions::from_str(address).map_err(|error| match error {
        sqlx::Error::Configuration(cause) => OpenError::Address(cause.to_string()),
        error => OpenError::Address(reason(&error)),
    })?;
    // The driver leaves Nagle's algorithm on, which holds up each large statement over TLS by some
    // 40 ms. On the same machine there is nobody to hide from, unless somebody asked for it.
    let is_here = ["127.0.0.1", "[::1]", "localhost"].contains(&options.get_host());
    let is_asked_for = !matches!(options.get_ssl_mode(), PgSslMode::Prefer);
    Ok(if is_here && !is_asked_for { options.ssl_mode(PgSslMode::Disable) } else { options })
}

/// As whom, where, and which database; never the password.
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
        sqlx::Error::PoolTimedOut => format!("no answer within {CONNECTED_WITHIN:?}"),
        error => reason(error),
    };
    match code(error).as_deref() {
        None => OpenError::Unreachable { at, reason },
        Some("3D000") => OpenError::NoDatabase { at },
        Some(code) if code.starts_with("28") => OpenError::Refused { at, reason },
        Some(_) => OpenError::Unusable { at, reason },
    }
}

/// The migrator takes a lock on the server, so that one process at a time brings it forward.
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

/// Looks at what this program knows of a database that a newer one has brought further, if that lets it.
/// The first attempt has left the migrator's lock to the connection, with which it goes.
async fn migrate_beside_newer(pool: &PgPool) -> Result<(), MigrateError> {
    if let Some(schema) = newer_schema::shut_out_by(pool, &MIGRATIONS).await? {
        return Err(MigrateError::VersionMissing(schema));
    }
    let mut migrations = sqlx::migrate!("../../migrations/postgres");
    migrations.set_ignore_missing(true).run(pool).await
}
