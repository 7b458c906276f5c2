//! The servers that tests run on, as `cargo xtask test` or whoever runs the tests names them; each
//! test has a part of its own on them.

use std::str::FromStr;

use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, ConnectOptions, Connection, Executor};
use uuid::Uuid;

const POSTGRES: &str = "SOCKBIT_TEST_POSTGRES";
const RABBITMQ: &str = "SOCKBIT_TEST_RABBITMQ";

/// The address of RabbitMQ.
///
/// # Panics
/// Where none was named.
#[must_use]
pub fn bus_url() -> String {
    named(RABBITMQ)
}

/// What nobody else's names on the bus begin with.
#[must_use]
pub fn fresh_namespace() -> String {
    format!("test-{}", fresh_name())
}

/// An empty place on a PostgreSQL server, which is dropped with this.
pub struct Database {
    server: PgConnectOptions,
    url: String,
    drop: String,
}

impl Database {
    /// A schema of its own, which is quickly made and dropped.
    ///
    /// # Panics
    /// Where no server was named, or it does not obey.
    pub async fn fresh() -> Self {
        let (server, address) = server();
        let name = format!("sockbit_test_{}", fresh_name());
        tell(&server, format!("create schema {name}")).await;
        let joint = if address.contains('?') { '&' } else { '?' };
        let url = format!("{address}{joint}options[search_path]={name}");
        Self { server, url, drop: format!("drop schema {name} cascade") }
    }

    /// A whole database, for tests that change its settings or end its connections.
    ///
    /// # Panics
    /// Where no server was named, or it does not obey.
    pub async fn whole() -> Self {
        let (server, address) = server();
        let name = format!("sockbit_test_{}", fresh_name());
        tell(&server, format!("create database {name}")).await;
        let (place, _) = address.rsplit_once('/').expect("the address ends with a database");
        let url = format!("{place}/{name}");
        Self { server, url, drop: format!("drop database {name} with (force)") }
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Runs a statement in it, as somebody else would.
    pub async fn run(&self, statement: &str) {
        tell(&PgConnectOptions::from_str(&self.url).expect("an address"), statement.to_owned())
            .await;
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        let (server, statement) = (self.server.clone(), std::mem::take(&mut self.drop));
        // A test's own runtime cannot wait in here.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            let drop = async {
                let mut connection = server.connect().await.ok()?;
                connection.execute(AssertSqlSafe(statement)).await.ok()
            };
            runtime.ok()?.block_on(drop)
        });
        // A server that was killed in the test has nothing to drop.
        dropping.join().ok();
    }
}

fn server() -> (PgConnectOptions, String) {
    let address = named(POSTGRES);
    let options = PgConnectOptions::from_str(&address).expect("an address");
    (options.disable_statement_logging(), address)
}

async fn tell(options: &PgConnectOptions, statement: String) {
    let mut connection = options.connect().await.expect("the server answers");
    connection.execute(AssertSqlSafe(statement)).await.expect("the server obeys");
    connection.close().await.expect("the connection ends");
}

/// An id that nobody else has.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "tests have no port for ids")]
pub fn fresh_id() -> Uuid {
    Uuid::new_v4()
}

fn fresh_name() -> String {
    fresh_id().simple().to_string()
}

#[expect(clippy::disallowed_methods, reason = "this is where tests are told their servers")]
fn named(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| {
        panic!("{variable} names no server: run `cargo xtask test`, which starts one")
    })
}
