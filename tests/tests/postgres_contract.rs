//! The Postgres store keeps the contract of stores; and tests of what only a server has.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use futures::future::join_all;
use sockbit_application::ports::{CommitResult, DecisionStore, Store, StoreError, StoreHealth};
use sockbit_domain::Role;
use sockbit_postgres::{OpenError, PostgresStore};
use sockbit_servers::Postgres;
use sockbit_tests::contracts::store::fixtures::{Script, bare, board_id, load_board, note_id};
use sockbit_tests::contracts::store::note_history::refuses_history_pages_with_too_large_inverses;
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
    Arc::new(PostgresStore::open(database.url()).await.expect("the database opens"))
}

/// A database that can be opened again.
struct Reopened(Database);

#[async_trait]
impl Reopenable for Reopened {
    async fn reopen(&self) -> Arc<dyn Store> {
        open(&self.0).await
    }
}

/// A connection to the database beside the store.
async fn other_connection(database: &Database) -> PgConnection {
    let options: PgConnectOptions = database.url().parse().expect("an address");
    options.connect().await.expect("the server accepts connections")
}

#[tokio::test]
async fn a_history_page_with_too_large_inverses_is_refused() {
    let (store, _database) = fresh().await;
    refuses_history_pages_with_too_large_inverses(&store).await;
}

#[tokio::test]
async fn processes_that_start_at_once_migrate_the_database_once() {
    let database = Database::fresh().await;
    let opened = join_all((0..8).map(|_| PostgresStore::open(database.url()))).await;
    for store in opened {
        store.expect("the database opens").check().await.expect("the database is writable");
    }
}

#[tokio::test]
async fn exactly_one_of_several_processes_wins_each_seq() {
    let database = Database::fresh().await;
    let mut script = Script::new(board_id(1));
    let first: Arc<dyn Store> = open(&database).await;
    script.save(&first).await;
    let stores = join_all((0..6).map(|_| open(&database))).await;
    for round in 0..10 {
        let changes = script.create(note_id(round + 1), "mine").take_changes();
        let racing = stores.iter().map(|it| it.commit(std::slice::from_ref(&changes)));
        let results: Vec<_> = join_all(racing).await.into_iter().flatten().flatten().collect();
        assert_eq!(results.len(), stores.len());
        assert_eq!(results.iter().filter(|it| **it == CommitResult::Done).count(), 1);
    }
    let head = load_board(&first, &bare(script.board())).await.head;
    assert_eq!(head, script.state.head);
}

#[tokio::test]
async fn batches_of_the_same_boards_do_not_deadlock() {
    let database = Database::fresh().await;
    let store: Arc<dyn Store> = open(&database).await;
    let mut scripts: Vec<Script> = (1..=20).map(|n| Script::new(board_id(n))).collect();
    let created: Vec<_> = scripts.iter_mut().map(Script::take_changes).collect();
    let mut backwards = created.clone();
    backwards.reverse();
    let other = open(&database).await;
    let (a, b) = tokio::join!(store.commit(&created), other.commit(&backwards));
    let (a, mut b) = (a.expect("no deadlock"), b.expect("no deadlock"));
    b.reverse();
    for (a, b) in a.iter().zip(&b) {
        assert_ne!(a, b, "one of the two created the board");
    }
}

#[tokio::test]
async fn batches_with_a_rejected_row_do_not_deadlock() {
    let database = Database::fresh().await;
    let store: Arc<dyn Store> = open(&database).await;
    let other = open(&database).await;
    let mut scripts: Vec<Script> = (1..=20).map(|n| Script::new(board_id(n))).collect();
    let first: Vec<_> = scripts.iter_mut().map(Script::take_changes).collect();
    assert_eq!(store.commit(&first).await, Ok(vec![CommitResult::Done; first.len()]));
    let mut broken = Script::new(board_id(99));
    broken.link(1, Role::Editor).save(&store).await;
    broken.link(2, Role::Editor).link(1, Role::Editor);
    for round in 0..5 {
        let mut batch: Vec<_> =
            scripts.iter_mut().map(|it| it.create(note_id(round), "mine").take_changes()).collect();
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
            assert_ne!(a, b, "one of the two changed the board");
        }
    }
}

#[tokio::test]
async fn default_settings_of_a_database_have_no_effect() {
    let database = Database::whole().await;
    let name = database.url().rsplit('/').next().unwrap_or_default().to_owned();
    for default in [
        "default_transaction_isolation = 'serializable'",
        "statement_timeout = '1ms'",
        "lock_timeout = '1ms'",
    ] {
        database.run(&format!("alter database {name} set {default}")).await;
    }
    let stores = join_all((0..6).map(|_| open(&database))).await;
    let changes = [Script::new(board_id(1)).take_changes()];
    for changes in [changes.clone(), changes] {
        let racing = stores.iter().map(|it| it.commit(&changes));
        let results = join_all(racing).await;
        assert!(results.iter().all(Result::is_ok), "{results:?}");
    }
}

#[tokio::test]
async fn a_database_of_another_program_or_without_write_access_is_refused_and_unchanged() {
    let foreign = Database::whole().await;
    foreign.run("create table invoices (number integer)").await;
    let read_only = Database::whole().await;
    let name = read_only.url().rsplit('/').next().unwrap_or_default().to_owned();
    read_only.run(&format!("alter database {name} set default_transaction_read_only = on")).await;
    for (database, message, tables) in [
        (foreign, "it holds the tables of something else; name an empty one", 1_i64),
        (read_only, "it can only be read", 0),
    ] {
        let Err(error) = PostgresStore::open(database.url()).await else { panic!("it opened") };
        assert!(error.to_string().contains(message), "{error}");
        let table_count: i64 = sqlx::query_scalar(
            "select count(*) from pg_tables where schemaname = current_schema()",
        )
        .fetch_one(&mut other_connection(&database).await)
        .await
        .expect("a result");
        assert_eq!(table_count, tables);
    }
}

#[tokio::test]
async fn a_commit_that_waits_too_long_for_a_lock_is_rolled_back() {
    let database = Database::fresh().await;
    let deadline = Duration::from_secs(3);
    let store = PostgresStore::open_with_deadline(database.url(), deadline).await.expect("opens");
    let mut script = Script::new(board_id(1));
    assert_eq!(store.commit(&[script.take_changes()]).await, Ok(vec![CommitResult::Done]));
    let mut other = other_connection(&database).await;
    other.execute("begin; select * from boards for update").await.expect("the rows are locked");
    script.create(note_id(1), "late");
    let changes = script.take_changes();

    let late = store.commit(std::slice::from_ref(&changes)).await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");

    other.execute("rollback").await.expect("the rows are unlocked");
    let again = eventually("the board can be written", || async {
        store.commit(std::slice::from_ref(&changes)).await.ok()
    })
    .await;
    assert_eq!(again, [CommitResult::Done], "nothing was written before");
}

/// The server ends a connection even after a commit, before it responds.
#[tokio::test]
async fn the_result_of_a_commit_on_a_terminated_connection_is_unknown() {
    let database = Database::whole().await;
    let store = open(&database).await;
    let mut script = Script::new(board_id(1));
    assert_eq!(store.commit(&[script.take_changes()]).await, Ok(vec![CommitResult::Done]));
    let mut other = other_connection(&database).await;
    other.execute("begin; select * from boards for update").await.expect("the rows are locked");
    let changes = [script.create(note_id(1), "one").take_changes()];
    let terminating = eventually("the commit to wait for the lock", async || {
        let terminated = other.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and wait_event_type = 'Lock'",
        );
        terminated.await.ok().filter(|it| it.rows_affected() > 0)
    });

    let (result, _) = tokio::join!(store.commit(&changes), terminating);

    assert!(matches!(result, Err(StoreError::Unknown(_))), "{result:?}");
}

#[tokio::test]
async fn a_store_reconnects_after_its_connections_were_terminated() {
    let database = Database::whole().await;
    let store = open(&database).await;
    store.check().await.expect("the database is writable");
    let mut other = other_connection(&database).await;
    other
        .execute(
            "select pg_terminate_backend(pid) from pg_stat_activity
            where datname = current_database() and pid <> pg_backend_pid()",
        )
        .await
        .expect("the connections are terminated");
    eventually("the store to reconnect", || async { store.check().await.ok() }).await;
}

#[tokio::test]
async fn the_first_process_fixes_the_number_of_work_queues() {
    let database = Database::fresh().await;
    let stores = join_all((0..4).map(|_| open(&database))).await;
    let requests = (1..).zip(&stores).map(|(count, store)| store.fix_work_queues(count));
    let fixed: Vec<_> = join_all(requests).await.into_iter().flatten().collect();
    let first = *fixed.first().expect("a result");
    assert_eq!(fixed, vec![first; stores.len()]);
    assert_eq!(open(&database).await.fix_work_queues(99).await, Ok(first));
}

#[tokio::test]
async fn a_server_without_synchronous_commits_is_refused() {
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
        assert!(late.is_err(), "a later connection detects it too: {late:?}");
    }
}

/// Needs its own server, because these settings affect the whole server.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_fsync_or_full_page_writes_is_refused() {
    let starting = tokio::task::spawn_blocking(Postgres::start);
    let server = starting.await.expect("it does not panic").expect("PostgreSQL starts");
    let run = |statement: &str| {
        tokio::task::block_in_place(|| server.psql(statement)).expect("the statement succeeds");
    };
    let opened = PostgresStore::open(&server.url()).await;
    assert!(opened.is_ok(), "the settings in force are safe");
    for weak in ["fsync", "full_page_writes"] {
        run(&format!("alter system set {weak} = off"));
        run("select pg_reload_conf()");
        let refused = eventually("the setting to take effect", async || {
            PostgresStore::open(&server.url()).await.err()
        });
        let error = refused.await;
        let is_named = matches!(error, OpenError::WeakSetting { setting, .. } if setting == weak);
        assert!(is_named, "{error}");
        run(&format!("alter system reset {weak}"));
        run("select pg_reload_conf()");
        let opened = eventually("the setting to take effect", async || {
            PostgresStore::open(&server.url()).await.ok()
        });
        opened.await.close().await;
    }
}

/// Migrates a database as a newer program would, with these migrations besides ours.
async fn migrate_further(database: &Database, newer: &[(&str, &str)]) {
    let folder = TempDir::with_prefix("sockbit-test-").expect("a temporary folder");
    for entry in std::fs::read_dir(MIGRATIONS).expect("the migrations").flatten() {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("a copy");
    }
    for (file, statement) in newer {
        std::fs::write(folder.path().join(file), statement).expect("a file");
    }
    let migrations = Migrator::new(folder.path()).await.expect("valid migrations");
    migrations.run(&mut other_connection(database).await).await.expect("the migrations succeed");
}

const COMPATIBLE: (&str, &str) = (
    "9998_since_0002_pinned.sql",
    "alter table notes add column pinned boolean not null default false",
);

#[tokio::test]
async fn an_older_program_works_after_a_compatible_migration() {
    let database = Database::fresh().await;
    migrate_further(&database, &[COMPATIBLE]).await;
    let store: Arc<dyn Store> = open(&database).await;
    let mut script = Script::new(board_id(1));
    script.create(note_id(1), "of an older program").save(&store).await;
    assert_eq!(load_board(&store, &bare(script.board())).await.head, script.state.head);
}

#[tokio::test]
async fn an_older_program_refuses_a_database_after_an_incompatible_migration() {
    for incompatible in ["9999_without_titles.sql", "9999_since_9998_without_titles.sql"] {
        let database = Database::fresh().await;
        let drop = (incompatible, "alter table boards drop column title");
        migrate_further(&database, &[COMPATIBLE, drop]).await;
        let Err(error) = PostgresStore::open(database.url()).await else { panic!("it opened") };
        assert!(matches!(error, OpenError::Newer { schema: 9999, .. }), "{incompatible}: {error}");
    }
}

#[tokio::test]
async fn an_unusable_address_is_reported_in_one_line_without_the_password() {
    let database = Database::fresh().await;
    let role = "no_such_role";
    let unreachable = "postgres://me:hunter2@127.0.0.1:9/notes".to_owned();
    let options: PgConnectOptions = database.url().parse().expect("an address");
    let (host, port) = (options.get_host(), options.get_port());
    for (address, parts) in [
        (unreachable, ["no PostgreSQL can be reached", "me at 127.0.0.1:9", "--store"]),
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
        let text = error.to_string();
        assert_eq!(text.lines().count(), 1, "{text}");
        assert!(!text.contains("hunter2") && !format!("{error:?}").contains("hunter2"), "{text}");
        for part in parts {
            assert!(text.contains(part), "{part:?} in {text}");
        }
    }
}
