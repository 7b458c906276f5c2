//! Postgres keeps the contract of stores, and what only a server can be asked for besides.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use sockbit_application::ports::{CommitResult, DecisionStore, Store, StoreError, StoreHealth};
use sockbit_domain::Role;
use sockbit_postgres::{OpenError, PostgresStore};
use sockbit_servers::Postgres;
use sockbit_tests::contracts::store::fixtures::{Script, bare, board_id, load_board, note_id};
use sockbit_tests::contracts::store::note_history::refuses_to_lead_too_far_back;
use sockbit_tests::contracts::store::persistence::Reopenable;
use sockbit_tests::servers::Database;
use sockbit_tests::system::eventually;
use sockbit_tests::{persistent_store_contract, store_contract};
use sqlx::migrate::Migrator;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection};
use tempfile::TempDir;

const MIGRATIONS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../migrations/postgres");

store_contract!(postgres, fresh());
persistent_store_contract!(postgres_reopened, Arc::new(Reopened(Database::fresh().await)));

async fn fresh() -> (Arc<dyn Store>, Database) {
    let database = Database::fresh().await;
    (open(&database).await, database)
}

async fn open(database: &Database) -> Arc<PostgresStore> {
    Arc::new(PostgresStore::open(database.url()).await.expect("it opens"))
}

/// A database that is opened again and again.
struct Reopened(Database);

#[async_trait]
impl Reopenable for Reopened {
    async fn reopen(&self) -> Arc<dyn Store> {
        open(&self.0).await
    }
}

/// A second connection to the database.
async fn stranger(database: &Database) -> PgConnection {
    let options: PgConnectOptions = database.url().parse().expect("an address");
    options.connect().await.expect("the server answers")
}

#[tokio::test]
async fn nobody_is_led_so_far_back_that_it_takes_everybodys_memory() {
    let (store, _database) = fresh().await;
    refuses_to_lead_too_far_back(&store).await;
}

#[tokio::test]
async fn processes_that_start_at_once_bring_the_database_forward_once() {
    let database = Database::fresh().await;
    let opened = join_all((0..8).map(|_| PostgresStore::open(database.url()))).await;
    for store in opened {
        store.expect("it opens").check().await.expect("it can be written to");
    }
}

#[tokio::test]
async fn one_of_several_processes_wins_each_number() {
    let database = Database::fresh().await;
    let mut script = Script::begin(board_id(1));
    let first: Arc<dyn Store> = open(&database).await;
    script.save(&first).await;
    let rivals = join_all((0..6).map(|_| open(&database))).await;
    for round in 0..10 {
        let changes = script.create(note_id(round + 1), "mine").take();
        let racing = rivals.iter().map(|it| it.commit(std::slice::from_ref(&changes)));
        let verdicts: Vec<_> = join_all(racing).await.into_iter().flatten().flatten().collect();
        assert_eq!(verdicts.len(), rivals.len());
        assert_eq!(verdicts.iter().filter(|it| **it == CommitResult::Done).count(), 1);
    }
    let head = load_board(&first, &bare(script.board())).await.head;
    assert_eq!(head, script.state.head);
}

#[tokio::test]
async fn batches_that_name_the_same_boards_never_wait_in_a_circle() {
    let database = Database::fresh().await;
    let store: Arc<dyn Store> = open(&database).await;
    let mut scripts: Vec<Script> = (1..=20).map(|n| Script::begin(board_id(n))).collect();
    let begun: Vec<_> = scripts.iter_mut().map(Script::take).collect();
    let mut backwards = begun.clone();
    backwards.reverse();
    let other = open(&database).await;
    let (a, b) = tokio::join!(store.commit(&begun), other.commit(&backwards));
    let (a, mut b) = (a.expect("no deadlock"), b.expect("no deadlock"));
    b.reverse();
    for (a, b) in a.iter().zip(&b) {
        assert_ne!(a, b, "one of the two began the board");
    }
}

#[tokio::test]
async fn batches_in_which_a_row_is_refused_do_not_wait_in_a_circle_either() {
    let database = Database::fresh().await;
    let store: Arc<dyn Store> = open(&database).await;
    let other = open(&database).await;
    let mut scripts: Vec<Script> = (1..=20).map(|n| Script::begin(board_id(n))).collect();
    let first: Vec<_> = scripts.iter_mut().map(Script::take).collect();
    assert_eq!(store.commit(&first).await, Ok(vec![CommitResult::Done; first.len()]));
    let mut broken = Script::begin(board_id(99));
    broken.link(1, Role::Editor).save(&store).await;
    broken.link(2, Role::Editor).link(1, Role::Editor);
    for round in 0..5 {
        let mut batch: Vec<_> =
            scripts.iter_mut().map(|it| it.create(note_id(round), "mine").take()).collect();
        batch.push(broken.changes());
        let mut backwards = batch.clone();
        backwards.reverse();
        let (a, b) = tokio::join!(store.commit(&batch), other.commit(&backwards));
        let (a, mut b) = (a.expect("no deadlock"), b.expect("no deadlock"));
        b.reverse();
        assert_eq!(
            (a.last(), b.last()),
            (Some(&CommitResult::Conflict), Some(&CommitResult::Conflict))
        );
        for (a, b) in a.iter().zip(&b).take(scripts.len()) {
            assert_ne!(a, b, "one of the two wrote the board");
        }
    }
}

#[tokio::test]
async fn what_a_database_has_by_default_changes_nothing() {
    let database = Database::whole().await;
    let name = database.url().rsplit('/').next().unwrap_or_default().to_owned();
    for default in [
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = '1ms'",
        "lock_timeout = '1ms'",
    ] {
        database.run(&format!("alter database {name} set {default}")).await;
    }
    let rivals = join_all((0..6).map(|_| open(&database))).await;
    let changes = [Script::begin(board_id(1)).take()];
    for changes in [changes.clone(), changes] {
        let racing = rivals.iter().map(|it| it.commit(&changes));
        let verdicts = join_all(racing).await;
        assert!(verdicts.iter().all(Result::is_ok), "{verdicts:?}");
    }
}

#[tokio::test]
async fn a_database_that_is_somebody_elses_or_only_read_is_refused_and_left_alone() {
    let foreign = Database::whole().await;
    foreign.run("create table invoices (number integer)").await;
    let read_only = Database::whole().await;
    let name = read_only.url().rsplit('/').next().unwrap_or_default().to_owned();
    read_only.run(&format!("alter database {name} set default_transaction_read_only = on")).await;
    for (database, words, tables) in [
        (foreign, "it holds the tables of something else; name an empty one", 1_i64),
        (read_only, "it can only be read", 0),
    ] {
        let Err(error) = PostgresStore::open(database.url()).await else { panic!("it opened") };
        assert!(error.to_string().contains(words), "{error}");
        let left: i64 = sqlx::query_scalar(
            "select count(*) from pg_tables where schemaname = current_schema()",
        )
        .fetch_one(&mut stranger(&database).await)
        .await
        .expect("an answer");
        assert_eq!(left, tables);
    }
}

#[tokio::test]
async fn a_call_past_its_deadline_gives_up_and_the_next_one_works() {
    let database = Database::fresh().await;
    let deadline = Duration::from_millis(300);
    let store = PostgresStore::open_with_deadline(database.url(), deadline).await.expect("opens");
    let mut script = Script::begin(board_id(1));
    assert_eq!(store.commit(&[script.take()]).await, Ok(vec![CommitResult::Done]));
    let mut other = stranger(&database).await;
    other.execute("begin; select * from boards for update").await.expect("it is locked");
    script.create(note_id(1), "late");
    let changes = script.take();

    let late = store.commit(std::slice::from_ref(&changes)).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");

    other.execute("rollback").await.expect("it is free");
    let again = eventually("the board can be written", || async {
        store.commit(std::slice::from_ref(&changes)).await.ok()
    })
    .await;
    assert_eq!(again, [CommitResult::Done], "nothing was written before");
}

#[tokio::test]
async fn a_store_whose_connections_were_cut_goes_on() {
    let database = Database::whole().await;
    let store = open(&database).await;
    store.check().await.expect("it can be written to");
    let mut other = stranger(&database).await;
    other
        .execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await
        .expect("they are cut");
    eventually("the store goes on", || async { store.check().await.ok() }).await;
}

#[tokio::test]
async fn the_first_process_fixes_the_number_of_work_queues() {
    let database = Database::fresh().await;
    let stores = join_all((0..4).map(|_| open(&database))).await;
    let asked = (1..).zip(&stores).map(|(wanted, store)| store.fix_work_queues(wanted));
    let fixed: Vec<_> = join_all(asked).await.into_iter().flatten().collect();
    let first = *fixed.first().expect("an answer");
    assert_eq!(fixed, vec![first; stores.len()]);
    assert_eq!(open(&database).await.fix_work_queues(99).await, Ok(first));
}

#[tokio::test]
async fn a_server_that_forgets_is_refused_by_name() {
    for scope in ["database", "role"] {
        let database = Database::whole().await;
        let store = open(&database).await;
        let name = database.url().rsplit('/').next().unwrap_or_default().to_owned();
        let scope = match scope {
            "database" => format!("database {name}"),
            _ => format!("role current_user in database {name}"),
        };
        database.run(&format!("alter {scope} set synchronous_commit = off")).await;
        let Err(error) = PostgresStore::open(database.url()).await else {
            panic!("it opened with {scope}")
        };
        assert!(matches!(error, OpenError::WeakSetting { setting: "synchronous_commit", .. }));
        assert!(error.to_string().contains("synchronous_commit is off"), "{error}");
        let late = store.check().await;
        assert!(late.is_err(), "a connection made later notices it too: {late:?}");
    }
}

/// On a server of its own: these settings are the whole server's.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_not_wait_for_its_disk_is_refused_by_name() {
    let starting = tokio::task::spawn_blocking(Postgres::start);
    let server = starting.await.expect("it does not panic").expect("PostgreSQL starts");
    let tell = |statement: &str| {
        tokio::task::block_in_place(|| server.psql(statement)).expect("the server obeys");
    };
    tell("alter system set fsync = off");
    tell("select pg_reload_conf()");
    let refused =
        eventually("the setting to count", async || PostgresStore::open(&server.url()).await.err());
    let error = refused.await;
    assert!(matches!(error, OpenError::WeakSetting { setting: "fsync", .. }), "{error}");
}

/// Brings a database forward as a newer program would, by migrations of these names besides ours.
async fn bring_forward(database: &Database, newer: &[(&str, &str)]) {
    let folder = TempDir::with_prefix("sockbit-test-").expect("a temporary folder");
    for entry in std::fs::read_dir(MIGRATIONS).expect("the migrations").flatten() {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    for (file, statement) in newer {
        std::fs::write(folder.path().join(file), statement).expect("one more");
    }
    let migrations = Migrator::new(folder.path()).await.expect("they can be read");
    migrations.run(&mut stranger(database).await).await.expect("the database is brought forward");
}

const OPEN_TO_OLDER: (&str, &str) = (
    "9998_since_0002_pinned.sql",
    "alter table notes add column pinned boolean not null default false",
);

#[tokio::test]
async fn an_older_program_works_on_what_a_newer_one_left_open_to_it() {
    let database = Database::fresh().await;
    bring_forward(&database, &[OPEN_TO_OLDER]).await;
    let store: Arc<dyn Store> = open(&database).await;
    let mut script = Script::begin(board_id(1));
    script.create(note_id(1), "of an older program").save(&store).await;
    assert_eq!(load_board(&store, &bare(script.board())).await.head, script.state.head);
}

#[tokio::test]
async fn a_database_that_a_newer_program_shut_to_older_ones_is_refused_by_name() {
    for shut in ["9999_without_titles.sql", "9999_since_9998_without_titles.sql"] {
        let database = Database::fresh().await;
        let drop = (shut, "alter table boards drop column title");
        bring_forward(&database, &[OPEN_TO_OLDER, drop]).await;
        let Err(error) = PostgresStore::open(database.url()).await else { panic!("it opened") };
        assert!(matches!(error, OpenError::Newer { schema: 9999, .. }), "{shut}: {error}");
    }
}

#[tokio::test]
async fn what_is_wrong_with_an_address_is_told_in_a_line_without_the_password() {
    let database = Database::fresh().await;
    let role = "nobody_of_this_name";
    let nowhere = "postgres://me:hunter2@127.0.0.1:9/notes".to_owned();
    let options: PgConnectOptions = database.url().parse().expect("an address");
    let (host, port) = (options.get_host(), options.get_port());
    for (address, words) in [
        (nowhere, ["no PostgreSQL can be reached", "me at 127.0.0.1:9", "--store"]),
        (
            format!("postgres://postgres:hunter2@{host}:{port}/{role}"),
            ["has no database", role, "createdb"],
        ),
        (
            format!("postgres://{role}:hunter2@{host}:{port}/postgres"),
            ["refuses", role, "user and password"],
        ),
        (
            format!("postgres://me@{host}:{port}/notes?passwd=hunter2"),
            ["cannot be used", "unknown parameter", "passwd"],
        ),
        ("postgres://me:hunter2@[half/notes".to_owned(), ["cannot be used", "form", "postgres://"]),
    ] {
        let Err(error) = PostgresStore::open(&address).await else { panic!("{address} opened") };
        let said = error.to_string();
        assert_eq!(said.lines().count(), 1, "{said}");
        assert!(!said.contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{said}");
        for words in words {
            assert!(said.contains(words), "{words:?} in {said}");
        }
    }
}
