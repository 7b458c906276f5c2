//! The statements that the Postgres store sends, observed by a proxy in front of the server.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use sockbit_application::ports::{CommitResult, DecisionStore, ReadStore, StoreError};
use sockbit_domain::{Outcome, Role};
use sockbit_postgres::PostgresStore;
use sockbit_tests::contracts::store::fixtures::{Script, actor, board_id, note_id, outcome};
use sockbit_tests::servers::Database;
use sqlx::postgres::PgConnectOptions;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};

const BOARDS: u128 = 100;

#[tokio::test]
async fn the_number_of_statements_does_not_depend_on_the_size_of_the_batch() {
    let database = Database::fresh().await;
    let proxy = StatementProxy::before(&database).await;
    let store = PostgresStore::open(&proxy.url).await.expect("the database opens");
    let mut scripts: Vec<Script> = (1..=1 + BOARDS).map(|n| Script::new(board_id(n))).collect();
    let (one, many) = scripts.split_at_mut(1);

    let created = [
        proxy.statements_of(save(&store, one)).await,
        proxy.statements_of(save(&store, many)).await,
    ];
    assert_eq!(created.first(), created.last(), "to create one board, and {BOARDS}");
    for script in one.iter_mut().chain(&mut *many) {
        add_changes(script);
    }
    let moved = [
        proxy.statements_of(save(&store, one)).await,
        proxy.statements_of(save(&store, many)).await,
    ];
    assert_eq!(moved.first(), moved.last(), "to change one board, and {BOARDS}");
    let loaded = [
        proxy.statements_of(load(&store, one)).await,
        proxy.statements_of(load(&store, many)).await,
    ];
    assert_eq!(loaded.first(), loaded.last(), "to load one board, and {BOARDS}");
    assert!([created, moved, loaded].iter().flatten().all(|count| (1..=10).contains(count)));
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
    proxy.drops_commit_responses.store(true, Ordering::Relaxed);

    let lost = store.commit(&changes).await;
    assert!(matches!(lost, Err(StoreError::Unknown(_))), "{lost:?}");

    proxy.drops_commit_responses.store(false, Ordering::Relaxed);
    assert_eq!(store.commit(&changes).await, Ok(vec![CommitResult::Conflict]), "the board exists");
    assert_eq!(store.heads(&[script.board()]).await, Ok(vec![(script.board(), script.state.head)]));
}

/// Adds rows to every table: five commands.
fn add_changes(script: &mut Script) {
    script.create(note_id(1), "one").edit(note_id(1), "two").create(note_id(2), "three");
    script.link(1, Role::Editor).join(actor(2), Role::Editor);
    for message in 1..=5 {
        script.add_outcome(outcome(1, message, Outcome::Saved { position: script.state.head }));
    }
}

async fn save(store: &PostgresStore, scripts: &mut [Script]) {
    let changes: Vec<_> = scripts.iter_mut().map(Script::take_changes).collect();
    assert_eq!(store.commit(&changes).await, Ok(vec![CommitResult::Done; changes.len()]));
}

async fn load(store: &PostgresStore, scripts: &mut [Script]) {
    let requests: Vec<_> = scripts.iter().map(Script::request).collect();
    let loaded = store.load(&requests).await.expect("the store is available");
    for (script, loaded) in scripts.iter().zip(loaded) {
        assert_eq!(loaded.board.as_ref(), Some(&script.state));
        assert_eq!(loaded.outcomes.len(), script.outcomes.len());
    }
}

/// A proxy in front of the database that counts statements and can drop the responses to commits.
struct StatementProxy {
    url: String,
    statements: Arc<AtomicUsize>,
    drops_commit_responses: Arc<AtomicBool>,
}

impl StatementProxy {
    async fn before(database: &Database) -> Self {
        let server: PgConnectOptions = database.url().parse().expect("an address");
        let server_address = format!("{}:{}", server.get_host(), server.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own: SocketAddr = listener.local_addr().expect("an address");
        let (statements, drops_commit_responses) =
            (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (counter, drops_commits) =
            (Arc::clone(&statements), Arc::clone(&drops_commit_responses));
        assert!(database.url().contains(&server_address), "the address names host and port");
        let url = database.url().replace(&server_address, &own.to_string());
        let joint = if url.contains('?') { '&' } else { '?' };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&*server_address).await else { continue };
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                let drops_responses = Arc::<AtomicBool>::default();
                let requests = RequestForwarder {
                    counter: Arc::clone(&counter),
                    drops_commits: Arc::clone(&drops_commits),
                    drops_responses: Arc::clone(&drops_responses),
                };
                tokio::spawn(requests.pass(from_client, to_server));
                tokio::spawn(forward_responses(from_server, to_client, drops_responses));
            }
        });
        Self { url: format!("{url}{joint}sslmode=disable"), statements, drops_commit_responses }
    }

    async fn statements_of(&self, call: impl Future<Output = ()>) -> usize {
        let before = self.statements.load(Ordering::Relaxed);
        call.await;
        self.statements.load(Ordering::Relaxed) - before
    }
}

struct RequestForwarder {
    counter: Arc<AtomicUsize>,
    drops_commits: Arc<AtomicBool>,
    drops_responses: Arc<AtomicBool>,
}

impl RequestForwarder {
    /// Forwards messages. Each one has a type byte and its length; the first has no type byte.
    async fn pass(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Option<()> {
        let mut message_type = None;
        loop {
            let length = from.read_u32().await.ok()?;
            let mut body = vec![0; usize::try_from(length).ok()?.checked_sub(4)?];
            from.read_exact(&mut body).await.ok()?;
            self.observe(message_type, &body);
            let mut message: Vec<u8> = message_type.into_iter().collect();
            message.extend(length.to_be_bytes());
            message.extend(body);
            to.write_all(&message).await.ok()?;
            message_type = Some(from.read_u8().await.ok()?);
        }
    }

    /// A statement is an `Execute` ('E') or a simple `Query` ('Q').
    fn observe(&self, message_type: Option<u8>, body: &[u8]) {
        if matches!(message_type, Some(b'E' | b'Q')) {
            self.counter.fetch_add(1, Ordering::Relaxed);
        }
        if message_type == Some(b'Q')
            && body == b"commit\0"
            && self.drops_commits.load(Ordering::Relaxed)
        {
            self.drops_responses.store(true, Ordering::Relaxed);
        }
    }
}

async fn forward_responses(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    drops_responses: Arc<AtomicBool>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer.get(..count).unwrap_or_default();
        if !drops_responses.load(Ordering::Relaxed) && to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
