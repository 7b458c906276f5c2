//! The statements that the Postgres store sends, observed by a proxy in front of the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sockbit_application::ports::{
    BoardChanges, BoardStatusRequest, CommitResult, DecisionStore, EventPageRequest, ReadStore,
    SingleReads, StoreError, StoreHealth, StoredOutcome,
};
use sockbit_domain::{ClientId, MessageId, Outcome, Position, Role, Seq};
use sockbit_postgres::PostgresStore;
use sockbit_tests::contracts::store::fixtures::{Script, actor, board_id, note_id, outcome};
use sockbit_tests::servers::Database;
use sockbit_tests::system::eventually;
use sqlx::postgres::PgConnectOptions;
use sqlx::{ConnectOptions, Executor, PgConnection};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

const BOARDS: u128 = 100;

const ONE_ROUND_TRIP: Traffic = Traffic { statements: 1, round_trips: 1 };

#[tokio::test]
async fn commits_and_loads_are_one_statement_and_one_round_trip() {
    let (_database, proxy, store) = proxied_store().await;
    let mut scripts: Vec<Script> = (1..=1 + BOARDS).map(|n| Script::new(board_id(n))).collect();
    prepare_statements(&store).await;
    let (one, many) = scripts.split_at_mut(1);

    for batch in [&mut *one, &mut *many] {
        assert_eq!(proxy.traffic_of(save(&store, batch)).await, ONE_ROUND_TRIP, "boards created");
        batch.iter_mut().for_each(add_changes);
        assert_eq!(proxy.traffic_of(save(&store, batch)).await, ONE_ROUND_TRIP, "all changed");
        for script in &mut *batch {
            script.edit(note_id(1), "edited");
            script.add_outcome(saved(script, 6));
        }
        assert_eq!(proxy.traffic_of(save(&store, batch)).await, ONE_ROUND_TRIP, "notes edited");
        for script in &mut *batch {
            script.add_outcome(saved(script, 7));
        }
        assert_eq!(proxy.traffic_of(save(&store, batch)).await, ONE_ROUND_TRIP, "outcomes only");
        assert_eq!(proxy.traffic_of(load(&store, batch)).await, ONE_ROUND_TRIP, "loaded");
    }
}

#[tokio::test]
async fn statuses_and_event_pages_of_many_boards_are_one_statement_and_one_round_trip() {
    let (_database, proxy, store) = proxied_store().await;
    let mut scripts: Vec<Script> = (1..=BOARDS).map(|n| Script::new(board_id(n))).collect();
    save(&store, &mut scripts).await;
    let statuses: Vec<_> = scripts.iter().map(status_request).collect();
    let pages: Vec<_> = scripts.iter().map(page_request).collect();
    let read_statuses = async |requests: &[BoardStatusRequest]| {
        let statuses = store.board_statuses(requests).await.expect("the store is available");
        assert_eq!(statuses.iter().flatten().count(), requests.len());
    };
    let read_pages = async |requests: &[EventPageRequest]| {
        let pages = store.event_pages(requests, 10_000).await.expect("the store is available");
        assert_eq!(pages.concat().len(), requests.len());
    };
    // The driver prepares each statement in a round trip of its own.
    read_statuses(&statuses[..1]).await;
    read_pages(&pages[..1]).await;

    for count in [1, scripts.len()] {
        assert_eq!(proxy.traffic_of(read_statuses(&statuses[..count])).await, ONE_ROUND_TRIP);
        assert_eq!(proxy.traffic_of(read_pages(&pages[..count])).await, ONE_ROUND_TRIP);
    }
}

#[tokio::test]
async fn an_outcome_that_exists_is_a_conflict_of_its_board_alone() {
    let (_database, proxy, store) = proxied_store().await;
    let mut scripts: Vec<Script> = (1..=BOARDS).map(|n| Script::new(board_id(n))).collect();
    prepare_statements(&store).await;
    for script in &mut scripts {
        script.create(note_id(1), "one");
        script.add_outcome(saved(script, 1));
    }
    save(&store, &mut scripts).await;
    let repeats = |index: usize| index % 3 == 1;
    let mut expected = Vec::new();
    for (index, script) in scripts.iter_mut().enumerate() {
        let message = if repeats(index) { 1 } else { 3 };
        script.edit(note_id(1), "two");
        script.add_outcome(saved(script, 2));
        script.add_outcome(saved(script, message));
        expected.push(if repeats(index) { CommitResult::Conflict } else { CommitResult::Done });
    }
    let changes: Vec<_> = scripts.iter().map(Script::changes).collect();

    let committing = async { assert_eq!(store.commit(&changes).await, Ok(expected.clone())) };
    assert_eq!(proxy.traffic_of(committing).await, ONE_ROUND_TRIP);

    for (changes, expected) in changes.iter().zip(expected) {
        let is_written = expected == CommitResult::Done;
        assert_eq!(head(&store, changes).await == changes.head, is_written);
    }
}

#[tokio::test]
async fn a_rejected_row_is_a_conflict_of_its_board_alone() {
    let (_database, proxy, store) = proxied_store().await;
    let mut scripts: Vec<Script> = (1..=4).map(|n| Script::new(board_id(n))).collect();
    prepare_statements(&store).await;
    save(&store, &mut scripts).await;
    for script in &mut scripts {
        script.create(note_id(1), "one");
        script.add_outcome(saved(script, 1));
    }
    let mut changes: Vec<_> = scripts.iter_mut().map(Script::take_changes).collect();
    let twice = changes.get_mut(1).expect("four boards");
    twice.outcomes.extend(twice.outcomes.clone());

    let committing = async {
        let (done, conflict) = (CommitResult::Done, CommitResult::Conflict);
        assert_eq!(store.commit(&changes).await, Ok(vec![done, conflict, done, done]));
    };
    let each_board_again = Traffic { statements: 5, round_trips: 5 };
    assert_eq!(proxy.traffic_of(committing).await, each_board_again);
}

/// No statistics are collected, so that the server does not plan again.
const WITHOUT_STATISTICS: &str = "\
    alter table boards set (autovacuum_enabled = off);
    alter table members set (autovacuum_enabled = off);
    alter table links set (autovacuum_enabled = off);
    alter table notes set (autovacuum_enabled = off);
    alter table events set (autovacuum_enabled = off);
    alter table outcomes set (autovacuum_enabled = off)";

/// Rows of 400 boards: 4,000 members, links and notes, 40,000 events and outcomes.
const FILL: &str = "\
    insert into boards
        select gen_random_uuid(), 'title', 100, gen_random_uuid(), 10, 0, 20000, gen_random_uuid(),
            'name', 1, 1, 0, 1
        from generate_series(1, 400);
    insert into members select boards.id, actors.id, 'editor'
        from boards, (select gen_random_uuid() as id from generate_series(1, 10)) as actors;
    insert into links select id, gen_random_uuid(), 'editor', sha256(n::text::bytea)
        from boards, generate_series(1, 10) as n;
    insert into notes
        select boards.id, gen_random_uuid(), 'paper', 'm', 'live', 1, gen_random_uuid(), 'name', 1,
            1, ''
        from boards, generate_series(1, 10);
    insert into events
        select id, seq, seq, gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 'name', 1, 1,
            gen_random_uuid(), 200 * seq, '{}', '[]'
        from boards, generate_series(1, 100) as seq
        where head_seq = 100;
    insert into outcomes select board, actor_id, message, sha256(''), at, '{}'
        from events
        where change = '{}'";

#[tokio::test]
async fn statements_planned_on_empty_tables_read_few_rows_of_full_ones() {
    const ROUNDS: i64 = 20;
    const ROWS_A_ROUND_MAX: i64 = 100;
    let database = Database::whole().await;
    let store = PostgresStore::open(database.url()).await.expect("the database opens");
    database.run(WITHOUT_STATISTICS).await;
    let mut script = Script::new(board_id(1));
    save(&store, std::slice::from_mut(&mut script)).await;
    script.create(note_id(1), "");
    use_hot_statements(&store, &mut script, 0).await;
    database.run(FILL).await;
    let options: PgConnectOptions = database.url().parse().expect("an address");
    let mut other = options.connect().await.expect("the server accepts connections");
    await_connections(&mut other, 2).await;
    other.execute("select pg_stat_reset()").await.expect("the counts are reset");

    for round in 1..=ROUNDS {
        use_hot_statements(&store, &mut script, round).await;
    }

    await_connections(&mut other, 2).await;
    store.close().await;
    await_connections(&mut other, 1).await;
    let (scanned, read): (i64, i64) = sqlx::query_as(
        "select sum(seq_tup_read)::bigint,
            (select sum(idx_tup_read)::bigint from pg_stat_user_indexes)
        from pg_stat_user_tables",
    )
    .fetch_one(&mut other)
    .await
    .expect("the counts");
    assert_eq!(scanned, 0, "rows read without an index");
    assert!((1..=ROUNDS * ROWS_A_ROUND_MAX).contains(&read), "{read} rows read by an index");
}

/// What edits and joining clients use.
async fn use_hot_statements(store: &PostgresStore, script: &mut Script, round: i64) {
    let (board, before) = (script.board(), script.state.head);
    script.edit(note_id(1), &format!("round {round}"));
    script.outcomes.clear();
    let mut changes = script.take_changes();
    changes.outcomes.push(saved(script, u128::try_from(round).expect("a round")));
    assert_eq!(store.commit(&[changes]).await, Ok(vec![CommitResult::Done]));
    let mut request = script.request();
    request.messages = [(ClientId(Uuid::from_u128(1)), MessageId(Uuid::from_u128(1)))].into();
    request.notes = [(note_id(1), Some(before.seq))].into();
    request.bases = [before.seq].into();
    store.load(&[request]).await.expect("the store is available");
    store.board_status(board, actor(1).id, Some(before.seq)).await.expect("the store is available");
    store.events(board, before.seq, 100_000).await.expect("the store is available");
    store.heads(&[board]).await.expect("the store is available");
    store.notes(board, None, 100_000).await.expect("the store is available");
    store.boards_of(actor(1).id, 100).await.expect("the store is available");
}

/// Waits until the database has this many connections. One that has ended has reported its counts.
async fn await_connections(connection: &mut PgConnection, expected: i64) {
    const COUNT: &str = "\
        select count(*) from pg_stat_activity
        where datname = current_database() and backend_type = 'client backend'";
    let is_expected = async || {
        let count: i64 = sqlx::query_scalar(COUNT).fetch_one(&mut *connection).await.ok()?;
        (count == expected).then_some(())
    };
    eventually("the connections to be these", is_expected).await;
}

#[tokio::test]
async fn the_result_of_a_commit_without_a_response_is_unknown() {
    let database = Database::fresh().await;
    let proxy = StatementProxy::before(&database).await;
    let deadline = Duration::from_millis(700);
    let store =
        PostgresStore::open_with_deadline(&proxy.url, deadline).await.expect("the database opens");
    let mut script = Script::new(board_id(1));
    let changes = [script.take_changes()];
    store.check().await.expect("a connection that the commit can use");
    proxy.drops_responses.store(true, Ordering::Relaxed);

    let lost = store.commit(&changes).await;
    assert!(matches!(lost, Err(StoreError::Unknown(_))), "{lost:?}");

    proxy.drops_responses.store(false, Ordering::Relaxed);
    assert_eq!(store.commit(&changes).await, Ok(vec![CommitResult::Conflict]), "the board exists");
    assert_eq!(store.heads(&[script.board()]).await, Ok(vec![(script.board(), script.state.head)]));
}

/// Adds rows to every table: five commands.
fn add_changes(script: &mut Script) {
    script.create(note_id(1), "one").edit(note_id(1), "two").create(note_id(2), "three");
    script.link(1, Role::Editor).join(actor(2), Role::Editor);
    for message in 1..=5 {
        script.add_outcome(saved(script, message));
    }
}

fn status_request(script: &Script) -> BoardStatusRequest {
    let position = Some(script.state.head.seq);
    BoardStatusRequest { board: script.board(), actor: actor(1).id, position }
}

fn page_request(script: &Script) -> EventPageRequest {
    EventPageRequest { board: script.board(), after: Seq(0) }
}

fn saved(script: &Script, message: u128) -> StoredOutcome {
    outcome(1, message, Outcome::Saved { position: script.state.head })
}

async fn head(store: &PostgresStore, changes: &BoardChanges) -> Position {
    let heads = store.heads(&[changes.board]).await.expect("the store is available");
    heads.first().expect("the board exists").1
}

async fn proxied_store() -> (Database, StatementProxy, PostgresStore) {
    let database = Database::fresh().await;
    let proxy = StatementProxy::before(&database).await;
    let store = PostgresStore::open(&proxy.url).await.expect("the database opens");
    (database, proxy, store)
}

/// Executes all statements once, on another board. The driver prepares each in a round trip of its own.
async fn prepare_statements(store: &PostgresStore) {
    let mut script = Script::new(board_id(1_000_000));
    save(store, std::slice::from_mut(&mut script)).await;
    script.create(note_id(1), "one");
    save(store, std::slice::from_mut(&mut script)).await;
    load(store, &[script]).await;
}

async fn save(store: &PostgresStore, scripts: &mut [Script]) {
    let changes: Vec<_> = scripts.iter_mut().map(Script::take_changes).collect();
    assert_eq!(store.commit(&changes).await, Ok(vec![CommitResult::Done; changes.len()]));
}

async fn load(store: &PostgresStore, scripts: &[Script]) {
    let requests: Vec<_> = scripts.iter().map(Script::request).collect();
    let loaded = store.load(&requests).await.expect("the store is available");
    for (script, loaded) in scripts.iter().zip(loaded) {
        assert_eq!(loaded.board.as_ref(), Some(&script.state));
        assert_eq!(loaded.outcomes.len(), script.outcomes.len());
    }
}

/// What a call sends.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Traffic {
    statements: usize,
    /// Messages to which the server responds that it is ready.
    round_trips: usize,
}

/// A proxy in front of the database that counts messages and can drop the responses to statements.
struct StatementProxy {
    url: String,
    statements: Arc<AtomicUsize>,
    round_trips: Arc<AtomicUsize>,
    drops_responses: Arc<AtomicBool>,
}

impl StatementProxy {
    async fn before(database: &Database) -> Self {
        let server: PgConnectOptions = database.url().parse().expect("an address");
        let server_address = format!("{}:{}", server.get_host(), server.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own: SocketAddr = listener.local_addr().expect("an address");
        let observer = RequestObserver::default();
        let RequestObserver { statements, round_trips, drops_responses, .. } = observer.clone();
        assert!(database.url().contains(&server_address), "the address names host and port");
        let url = database.url().replace(&server_address, &own.to_string());
        let joint = if url.contains('?') { '&' } else { '?' };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&*server_address).await else { continue };
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                let is_cut = Arc::<AtomicBool>::default();
                let observer = RequestObserver { is_cut: Arc::clone(&is_cut), ..observer.clone() };
                tokio::spawn(observer.pass(from_client, to_server));
                tokio::spawn(forward_responses(from_server, to_client, is_cut));
            }
        });
        let url = format!("{url}{joint}sslmode=disable");
        Self { url, statements, round_trips, drops_responses }
    }

    async fn traffic_of(&self, call: impl Future<Output = ()>) -> Traffic {
        let before = self.traffic();
        call.await;
        let after = self.traffic();
        Traffic {
            statements: after.statements - before.statements,
            round_trips: after.round_trips - before.round_trips,
        }
    }

    fn traffic(&self) -> Traffic {
        Traffic {
            statements: self.statements.load(Ordering::Relaxed),
            round_trips: self.round_trips.load(Ordering::Relaxed),
        }
    }
}

#[derive(Clone, Default)]
struct RequestObserver {
    statements: Arc<AtomicUsize>,
    round_trips: Arc<AtomicUsize>,
    drops_responses: Arc<AtomicBool>,
    /// Whether the responses on this connection are dropped.
    is_cut: Arc<AtomicBool>,
}

impl RequestObserver {
    /// Forwards messages. Each one has a type byte and its length; the first has no type byte.
    async fn pass(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Option<()> {
        let mut message_type = None;
        loop {
            let length = from.read_u32().await.ok()?;
            let mut body = vec![0; usize::try_from(length).ok()?.checked_sub(4)?];
            from.read_exact(&mut body).await.ok()?;
            self.observe(message_type);
            let mut message: Vec<u8> = message_type.into_iter().collect();
            message.extend(length.to_be_bytes());
            message.extend(body);
            to.write_all(&message).await.ok()?;
            message_type = Some(from.read_u8().await.ok()?);
        }
    }

    /// A statement is an `Execute` ('E') or a simple `Query` ('Q'); the server is ready after a `Sync`
    /// ('S') or a `Query`.
    fn observe(&self, message_type: Option<u8>) {
        let is_statement = matches!(message_type, Some(b'E' | b'Q'));
        if is_statement {
            self.statements.fetch_add(1, Ordering::Relaxed);
            if self.drops_responses.load(Ordering::Relaxed) {
                self.is_cut.store(true, Ordering::Relaxed);
            }
        }
        if matches!(message_type, Some(b'S' | b'Q')) {
            self.round_trips.fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn forward_responses(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    is_cut: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer.get(..count).unwrap_or_default();
        if !is_cut.load(Ordering::Relaxed) && to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
