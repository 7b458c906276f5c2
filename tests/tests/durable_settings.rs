//! The settings in force that keep acknowledged commits and accepted commands over a crash. Those of
//! SQLite belong to a connection, so the tests of its adapter list them.

use std::sync::Arc;

use futures::StreamExt;
use lapin::options::BasicConsumeOptions;
use lapin::types::FieldTable;
use sockbit_application::ports::{Commands, Store};
use sockbit_application::slot::Slot;
use sockbit_postgres::PostgresStore;
use sockbit_servers::RabbitMq;
use sockbit_tests::contracts::bus::fixtures::{command, within_deadline};
use sockbit_tests::contracts::store::fixtures::{Script, board_id, note_id};
use sockbit_tests::rabbitmq_namespace::{Namespace, WORK_QUEUES, gateway_ports};
use sockbit_tests::servers::Database;
use sockbit_tests::system::eventually;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, PgConnection};

const COMMITS: usize = 20;
const PERSISTENT: u8 = 2;

async fn connect(database: &Database) -> PgConnection {
    let options: PgConnectOptions = database.url().parse().expect("an address");
    options.connect().await.expect("the server accepts connections")
}

#[tokio::test]
async fn the_settings_of_postgres_are_durable() {
    let database = Database::fresh().await;
    let mut connection = connect(&database).await;
    for setting in ["fsync", "full_page_writes", "synchronous_commit"] {
        let found: String = sqlx::query_scalar("select current_setting($1)")
            .bind(setting)
            .fetch_one(&mut connection)
            .await
            .expect("the setting exists");
        assert_eq!(found, "on", "{setting}");
    }
}

#[tokio::test]
async fn a_commit_in_postgres_is_flushed_before_it_is_acknowledged() {
    const WRITTEN: &str = "select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::bigint";
    const FLUSHED: &str = "select (pg_current_wal_flush_lsn() - '0/0'::pg_lsn)::bigint";
    let database = Database::fresh().await;
    let store = PostgresStore::open(database.url()).await.expect("the database opens");
    let store: Arc<dyn Store> = Arc::new(store);
    let mut connection = connect(&database).await;
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "first");
    for number in 0..COMMITS {
        let position = async |statement, connection: &mut PgConnection| -> i64 {
            sqlx::query_scalar(statement).fetch_one(connection).await.expect("a position")
        };
        let before = position(WRITTEN, &mut connection).await;
        script.edit(note_id(1), &format!("edit {number}"));
        script.save(&store).await;
        let flushed = position(FLUSHED, &mut connection).await;
        assert!(flushed > before, "commit {number}: {flushed} is flushed, {before} was written");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn commands_are_confirmed_persistent_messages_in_quorum_queues() {
    let starting = tokio::task::spawn_blocking(RabbitMq::start);
    let broker = starting.await.expect("no panic").expect("a broker");
    let ctl = |arguments: &[&str]| {
        tokio::task::block_in_place(|| broker.ctl(arguments)).expect("the broker responds")
    };
    let bus = Namespace::on(broker.url());
    let worker = bus.worker().await;
    worker.close().await;
    let gateway = bus.gateway().await;
    let ports = gateway_ports(gateway.clone());

    let sent = command(&ports, 1, 1);
    eventually("a confirm", async || gateway.send(vec![sent.clone()]).await.ok()).await;

    let queues = ctl(&["list_queues", "--no-table-headers", "name", "type", "durable"]);
    let names = bus.names();
    for queue in (0..WORK_QUEUES).map(|it| names.work(it)).chain([names.dead_letters()]) {
        let expected = format!("{queue}\tquorum\ttrue");
        assert!(queues.lines().any(|line| line == expected), "{expected} is not in\n{queues}");
    }
    let channels = ctl(&["list_channels", "--no-table-headers", "confirm"]);
    assert!(channels.lines().any(|line| line == "true"), "no channel has confirms:\n{channels}");
    let client = bus.amqp_client().await;
    let queue = names.work(gateway.work_queue(Slot::of(sent.board)));
    let (options, none) = (BasicConsumeOptions::default(), FieldTable::default());
    let consuming = client.channel.basic_consume(queue.into(), "test".into(), options, none);
    let mut messages = consuming.await.expect("the broker responds");
    let message = within_deadline("the command", messages.next()).await;
    let message = message.expect("the queue exists").expect("the broker responds");
    assert_eq!(*message.properties.delivery_mode(), Some(PERSISTENT));
}
