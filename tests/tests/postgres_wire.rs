//! What the Postgres store asks of its server, seen from the line between them.

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
async fn a_batch_takes_as_many_statements_however_many_boards_it_names() {
    let database = Database::fresh().await;
    let line = Line::to(&database).await;
    let store = PostgresStore::open(&line.url).await.expect("it opens");
    let mut scripts: Vec<Script> = (1..=1 + BOARDS).map(|n| Script::begin(board_id(n))).collect();
    let (one, many) = scripts.split_at_mut(1);

    let begun = [line.asked_by(save(&store, one)).await, line.asked_by(save(&store, many)).await];
    assert_eq!(begun.first(), begun.last(), "to begin one board, and {BOARDS}");
    for script in one.iter_mut().chain(&mut *many) {
        go_on(script);
    }
    let moved = [line.asked_by(save(&store, one)).await, line.asked_by(save(&store, many)).await];
    assert_eq!(moved.first(), moved.last(), "to change one board, and {BOARDS}");
    let loaded = [line.asked_by(load(&store, one)).await, line.asked_by(load(&store, many)).await];
    assert_eq!(loaded.first(), loaded.last(), "to load one board, and {BOARDS}");
    assert!([begun, moved, loaded].iter().flatten().all(|asked| (1..=10).contains(asked)));
}

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_unknown_and_may_have_been_made() {
    let database = Database::fresh().await;
    let line = Line::to(&database).await;
    let deadline = Duration::from_millis(700);
    let store = PostgresStore::open_with_deadline(&line.url, deadline).await.expect("it opens");
    let mut script = Script::begin(board_id(1));
    let changes = [script.take()];
    line.loses_commits.store(true, Ordering::Relaxed);

    let lost = store.commit(&changes).await;
    assert!(matches!(lost, Err(StoreError::Unknown(_))), "{lost:?}");

    line.loses_commits.store(false, Ordering::Relaxed);
    assert_eq!(
        store.commit(&changes).await,
        Ok(vec![CommitResult::Conflict]),
        "it is there already"
    );
    assert_eq!(store.heads(&[script.board()]).await, Ok(vec![(script.board(), script.state.head)]));
}

/// Something for every table: five commands.
fn go_on(script: &mut Script) {
    script.create(note_id(1), "one").edit(note_id(1), "two").create(note_id(2), "three");
    script.link(1, Role::Editor).join(actor(2), Role::Editor);
    for message in 1..=5 {
        script.answer(outcome(1, message, Outcome::Saved { position: script.state.head }));
    }
}

async fn save(store: &PostgresStore, scripts: &mut [Script]) {
    let changes: Vec<_> = scripts.iter_mut().map(Script::take).collect();
    assert_eq!(store.commit(&changes).await, Ok(vec![CommitResult::Done; changes.len()]));
}

async fn load(store: &PostgresStore, scripts: &mut [Script]) {
    let wanted: Vec<_> = scripts.iter().map(Script::wanted).collect();
    let loaded = store.load(&wanted).await.expect("the store answers");
    for (script, loaded) in scripts.iter().zip(loaded) {
        assert_eq!(loaded.board.as_ref(), Some(&script.state));
        assert_eq!(loaded.outcomes.len(), script.outcomes.len());
    }
}

/// A way to the database that counts the statements on it, and may lose the answers to commits.
struct Line {
    url: String,
    asked: Arc<AtomicUsize>,
    loses_commits: Arc<AtomicBool>,
}

impl Line {
    async fn to(database: &Database) -> Self {
        let server: PgConnectOptions = database.url().parse().expect("an address");
        let place = format!("{}:{}", server.get_host(), server.get_port());
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let own: SocketAddr = listener.local_addr().expect("an address");
        let (asked, loses_commits) = (Arc::<AtomicUsize>::default(), Arc::<AtomicBool>::default());
        let (counter, loses) = (Arc::clone(&asked), Arc::clone(&loses_commits));
        assert!(database.url().contains(&place), "the address names host and port");
        let url = database.url().replace(&place, &own.to_string());
        let joint = if url.contains('?') { '&' } else { '?' };
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let Ok(server) = TcpStream::connect(&*place).await else { continue };
                let ((from_client, to_client), (from_server, to_server)) =
                    (client.into_split(), server.into_split());
                let is_deaf = Arc::<AtomicBool>::default();
                let asking = Asking {
                    counter: Arc::clone(&counter),
                    loses: Arc::clone(&loses),
                    is_deaf: Arc::clone(&is_deaf),
                };
                tokio::spawn(asking.pass(from_client, to_server));
                tokio::spawn(answers(from_server, to_client, is_deaf));
            }
        });
        Self { url: format!("{url}{joint}sslmode=disable"), asked, loses_commits }
    }

    async fn asked_by(&self, call: impl Future<Output = ()>) -> usize {
        let before = self.asked.load(Ordering::Relaxed);
        call.await;
        self.asked.load(Ordering::Relaxed) - before
    }
}

struct Asking {
    counter: Arc<AtomicUsize>,
    loses: Arc<AtomicBool>,
    is_deaf: Arc<AtomicBool>,
}

impl Asking {
    /// Each message has a letter and its length; the first has no letter.
    async fn pass(self, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) -> Option<()> {
        let mut letter = None;
        loop {
            let length = from.read_u32().await.ok()?;
            let mut body = vec![0; usize::try_from(length).ok()?.checked_sub(4)?];
            from.read_exact(&mut body).await.ok()?;
            self.look(letter, &body);
            let mut message: Vec<u8> = letter.into_iter().collect();
            message.extend(length.to_be_bytes());
            message.extend(body);
            to.write_all(&message).await.ok()?;
            letter = Some(from.read_u8().await.ok()?);
        }
    }

    /// A statement is executed ('E'), or sent as it is ('Q').
    fn look(&self, letter: Option<u8>, body: &[u8]) {
        if matches!(letter, Some(b'E' | b'Q')) {
            self.counter.fetch_add(1, Ordering::Relaxed);
        }
        if letter == Some(b'Q') && body == b"commit\0" && self.loses.load(Ordering::Relaxed) {
            self.is_deaf.store(true, Ordering::Relaxed);
        }
    }
}

async fn answers(mut from: OwnedReadHalf, mut to: OwnedWriteHalf, is_deaf: Arc<AtomicBool>) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = from.read(&mut buffer).await {
        let bytes = buffer.get(..count).unwrap_or_default();
        if !is_deaf.load(Ordering::Relaxed) && to.write_all(bytes).await.is_err() {
            return;
        }
    }
}
