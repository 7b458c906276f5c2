//! The servers that tests run on. Environment variables, which `cargo xtask test` sets, hold their
//! addresses. Each test has its own namespace on them.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use uuid::Uuid;

const POSTGRES: &str = "SOCKBIT_TEST_POSTGRES";
const RABBITMQ: &str = "SOCKBIT_TEST_RABBITMQ";

/// The address of RabbitMQ.
///
/// # Panics
/// If the environment has none.
#[must_use]
pub fn bus_url() -> String {
    address_in(RABBITMQ)
}

/// A unique prefix for names on the bus.
#[must_use]
pub fn fresh_namespace() -> String {
    format!("test-{}", fresh_name())
}

/// An empty database or schema on a PostgreSQL server; dropping this drops it.
pub struct Database {
    server: PgConnectOptions,
    url: String,
    drop: String,
}

impl Database {
    /// A new schema, which is fast to create and drop.
    ///
    /// # Panics
    /// If no server is named, or it refuses.
    pub async fn fresh() -> Self {
        let (server, address) = server();
        let name = format!("sockbit_test_{}", fresh_name());
        execute(&server, format!("create schema {name}")).await;
        let joint = if address.contains('?') { '&' } else { '?' };
        let url = format!("{address}{joint}options[search_path]={name}");
        Self { server, url, drop: format!("drop schema {name} cascade") }
    }

    /// A new database, for tests that change its settings or end its connections.
    ///
    /// # Panics
    /// If no server is named, or it refuses.
    pub async fn whole() -> Self {
        let (server, address) = server();
        let name = format!("sockbit_test_{}", fresh_name());
        execute(&server, format!("create database {name}")).await;
        let (server_url, _) = address.rsplit_once('/').expect("the address ends with a database");
        let url = format!("{server_url}/{name}");
        Self { server, url, drop: format!("drop database {name} with (force)") }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement in it on another connection.
    pub async fn run(&self, statement: &str) {
        execute(&PgConnectOptions::from_str(&self.url).expect("an address"), statement.to_owned())
            .await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), std::mem::take(&mut self.drop));
        // `drop` cannot wait on the test's own runtime.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let drop = async {
                let mut connection = server.connect().await.ok()?;
                connection.execute(AssertSqlSafe(statement)).await.ok()
            };
            runtime.ok()?.block_on(drop)
        });
        // The test may have killed the server.
        dropping.join().ok();
    }
}

fn server() -> (PgConnectOptions, String) {
    let address = address_in(POSTGRES);
    let options = PgConnectOptions::from_str(&address).expect("an address");
    (options.disable_statement_logging(), address)
}

async fn execute(options: &PgConnectOptions, statement: String) {
    let mut connection = options.connect().await.expect("the server accepts connections");
    connection.execute(AssertSqlSafe(statement)).await.expect("the server executes the statement");
    connection.close().await.expect("the connection ends");
}

/// A unique id.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests have no port for ids")]
pub fn fresh_id() -> Uuid {
    Uuid::new_v4()
}

fn fresh_name() -> String {
    fresh_id().simple().to_string()
}

#[expect(clippy::disallowed_methods, reason = "the servers of tests are configuration")]
fn address_in(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} is not set: run `cargo xtask test`, which starts a server")
    })
}
