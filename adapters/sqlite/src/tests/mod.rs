//! Failures that only SQLite has: settings, a full disk, connections that hang, damaged rows.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::mpsc;

use futures::poll;
use sockbit_application::ports::{
    BoardChanges, CommitResult, DecisionStore, LoadRequest, ReadStore, SingleReads, StoreError,
    StoreHealth, StoredOutcome,
};
use sockbit_domain::{
    Actor, ActorId, Board, BoardId, Change, ClientId, Colour, Event, EventId, Fact, MessageId,
    Note, NoteId, Outcome, Rank, Role, Seq, Text, Timestamp, Title,
};
use tempfile::TempDir;
use uuid::Uuid;

use crate::error_mapping::unavailable;
use crate::{FILL, OpenError, SqliteStore, connection_settings};

mod group_commit;

const BOARD: BoardId = BoardId(Uuid::from_u128(1));
const NOTE: NoteId = NoteId(Uuid::from_u128(2));
const OWNER: ActorId = ActorId(Uuid::from_u128(3));
const CLIENT: ClientId = ClientId(Uuid::from_u128(4));
const MESSAGE: MessageId = MessageId(Uuid::from_u128(5));

async fn store() -> (SqliteStore, PathBuf, TempDir) {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("sockbit.db");
    (SqliteStore::open(&path).await.expect("it opens"), path, folder)
}

fn fact(seq: u64, change: Change) -> Fact {
    let event = Event {
        board: BOARD,
        seq: Seq(seq),
        from: Seq(seq),
        id: EventId(Uuid::from_u128(seq.into())),
        message: MESSAGE,
        actor: Actor { id: OWNER, name: "Ada".to_owned(), colour: 1 },
        at: Timestamp(0),
        change,
    };
    Fact { event, inverse: None, key: None }
}

/// A new board with one note.
fn board_with(text: &str) -> BoardChanges {
    let title = Title::stored("A board".to_owned());
    let text = Text::normalise(text);
    let (colour, rank) = (Colour::Paper, Rank::middle());
    let board_created = fact(1, Change::BoardCreated { title: title.clone() });
    let note_created = fact(2, Change::NoteCreated { note: NOTE, text, colour, rank });
    let head = note_created.event.position();
    let board = Board::created(&board_created.event).expect("the event creates a board");
    let outcome = Outcome::Saved { position: head };
    let (client, message, at) = (CLIENT, MESSAGE, Timestamp(0));
    BoardChanges {
        board: board.id,
        expected: None,
        head,
        title,
        note_count: 1,
        text_bytes: 1,
        notes: Note::created(&note_created.event).into_iter().collect(),
        facts: vec![board_created, note_created],
        members: vec![(OWNER, Role::Owner)],
        links: Vec::new(),
        outcomes: vec![StoredOutcome { client, message, body_hash: [0; 32], outcome, at }],
    }
}

fn everything() -> LoadRequest {
    LoadRequest {
        board: BOARD,
        actors: [OWNER].into(),
        messages: [(CLIENT, MESSAGE)].into(),
        notes: [(NOTE, Some(Seq(0)))].into(),
        edits_bytes_max: usize::MAX,
        bases: [Seq(1)].into(),
    }
}

/// Runs statements on the write connection.
async fn tamper(store: &SqliteStore, statements: &'static str) {
    let tampering = store.writer.call(|it| it.execute_batch(statements).map_err(unavailable));
    tampering.await.expect("valid statements");
}

#[tokio::test]
async fn writers_and_readers_run_with_the_safe_settings() {
    let (store, _path, _folder) = store().await;
    let verified = store.writer.call(|it| Ok(connection_settings::verify(it))).await;
    verified.expect("the store is open").expect("the writer is safe");
    let verified = store.readers.read(|it| Ok(connection_settings::verify(it))).await;
    verified.expect("the store is open").expect("the readers are safe");
}

#[tokio::test]
async fn a_commit_is_on_disk_before_it_is_acknowledged() {
    const FULL: i64 = 2;
    let (store, _path, _folder) = store().await;
    let settings = store.writer.call(|it| {
        let journal: rusqlite::Result<String> =
            it.pragma_query_value(None, "journal_mode", |row| row.get(0));
        let synchronous: rusqlite::Result<i64> =
            it.pragma_query_value(None, "synchronous", |row| row.get(0));
        Ok((journal.map_err(unavailable)?, synchronous.map_err(unavailable)?))
    });
    assert_eq!(settings.await, Ok(("wal".to_owned(), FULL)));
}

#[tokio::test]
async fn weaker_settings_are_refused_by_name() {
    let (_store, path, _folder) = store().await;
    let weaker = [
        ("synchronous", path.as_path(), "pragma synchronous = normal"),
        ("foreign_keys", path.as_path(), "pragma foreign_keys = off"),
        ("journal_mode", Path::new(":memory:"), "pragma synchronous = full"),
    ];
    for (name, path, weaken) in weaker {
        let connection = connection_settings::open_for_writing(path).expect("it opens");
        connection.execute_batch(weaken).expect("a valid statement");
        let result = connection_settings::verify(&connection);
        let Err(OpenError::WeakSetting { setting, .. }) = result else {
            panic!("a weaker {name} was accepted");
        };
        assert_eq!(setting, name);
    }
}

#[tokio::test]
async fn readers_cannot_write() {
    let (store, _path, _folder) = store().await;
    let result = store.readers.read(|it| Ok(it.execute("delete from boards", [])?)).await;
    assert!(result.is_err());
}

#[tokio::test]
async fn after_a_full_disk_smaller_commits_succeed() {
    let (store, _path, _folder) = store().await;
    tamper(&store, "pragma max_page_count = 1").await;
    let failed = store.commit(&[board_with(&"long ".repeat(10_000))]).await;
    let full = StoreError::Unavailable("(code: 13) database or disk is full".to_owned());
    assert_eq!(failed, Err(full));
    assert_eq!(store.heads(&[BOARD]).await, Ok(Vec::new()));
    assert_eq!(store.commit(&[board_with("short")]).await, Ok(vec![CommitResult::Done]));
}

#[tokio::test]
async fn a_connection_with_an_open_transaction_is_replaced() {
    let (store, _path, _folder) = store().await;
    tamper(
        &store,
        "create temp trigger broken before insert on notes begin select raise(fail, 'no'); end",
    )
    .await;
    let conflict = store.commit(&[board_with("words")]).await;
    assert_eq!(conflict, Ok(vec![CommitResult::Conflict]), "the trigger breaks a constraint");
    tamper(&store, "drop trigger broken; begin immediate").await;
    let failed = store.commit(&[board_with("words")]).await;
    assert!(
        matches!(failed, Err(StoreError::Unavailable(_))),
        "the connection has an open transaction"
    );
    assert_eq!(store.commit(&[board_with("words")]).await, Ok(vec![CommitResult::Done]));
}

#[tokio::test]
async fn the_health_check_writes_to_the_disk() {
    let (store, path, _folder) = store().await;
    let log = path.with_extension("db-wal");
    let size = || log.metadata().expect("the write-ahead log exists").len();
    let before = size();
    store.check().await.expect("the store is healthy");
    assert!(size() > before, "a page was appended to the log");
}

#[tokio::test]
async fn the_health_check_fails_on_a_full_disk() {
    let (store, _path, _folder) = store().await;
    tamper(&store, "pragma max_page_count = 1").await;
    let full = StoreError::Unavailable("(code: 13) database or disk is full".to_owned());
    assert_eq!(store.check().await, Err(full), "there is no free page");
    assert_eq!(store.check().await, Ok(()), "the next connection has no limit");
}

#[tokio::test]
async fn health_checks_do_not_let_the_database_grow() {
    let (store, path, _folder) = store().await;
    store.check().await.expect("the store is healthy");
    let size = || path.metadata().expect("the database exists").len();
    tamper(&store, "pragma wal_checkpoint(truncate)").await;
    let before = size();
    for _ in 0..20 {
        store.check().await.expect("the store is healthy");
    }
    tamper(&store, "pragma wal_checkpoint(truncate)").await;
    assert_eq!(size(), before);
}

#[tokio::test]
async fn the_write_ahead_log_is_reused() {
    const LOG_BYTES_MAX: u64 = 20 * 1024 * 1024;
    const WRITES: u64 = 500;
    let (store, path, _folder) = store().await;
    let writing = store.writer.call(|it| {
        for _ in 0..WRITES {
            it.execute(FILL, []).map_err(unavailable)?;
        }
        Ok(())
    });
    writing.await.expect("the store is available");
    let size = path.with_extension("db-wal").metadata().expect("the log exists").len();
    const { assert!(WRITES * 65_536 > LOG_BYTES_MAX, "more than that is written") };
    assert!(size < LOG_BYTES_MAX, "{size} bytes");
}

#[tokio::test]
async fn a_call_behind_a_writer_that_hangs_times_out() {
    let (store, _path, _folder) = store().await;
    let (release, released) = mpsc::channel::<()>();
    let mut hanging = pin!(store.writer.call(move |_| Ok(released.recv())));
    assert!(poll!(&mut hanging).is_pending());
    tokio::time::pause();
    let late = store.commit(&[board_with("words")]).await;
    assert!(matches!(late, Err(StoreError::Unknown(_))), "{late:?}");
    let late = store.check().await;
    assert!(matches!(late, Err(StoreError::Unavailable(_))), "{late:?}");
    tokio::time::resume();
    release.send(()).expect("the writer hangs");
    hanging.await.expect("it continues").expect("it was released");
    let repeated = store.commit(&[board_with("words")]).await;
    assert_eq!(repeated, Ok(vec![CommitResult::Conflict]), "the late commit was made");
    assert_eq!(store.check().await, Ok(()));
}

#[tokio::test]
async fn the_error_for_an_unreadable_row_names_the_row() {
    let (store, _path, _folder) = store().await;
    store.commit(&[board_with("words")]).await.expect("the store is available");
    let rows = [
        ("update notes set rank = '!'", format!("`notes` at board {BOARD}, id {NOTE}")),
        ("update notes set rank = 'V', colour = 'plaid'", format!("`notes` at board {BOARD}")),
        ("update notes set colour = 'paper'; update members set role = 'king'", {
            format!("`members` at board {BOARD}, actor {OWNER}")
        }),
        ("update members set role = 'owner'; update outcomes set outcome = '{}'", {
            format!("`outcomes` at board {BOARD}, client {CLIENT}, message {MESSAGE}")
        }),
        ("update outcomes set outcome = '[]'; update events set change = '{}', inverse = '[]'", {
            format!("`events` at board {BOARD}, seq 2")
        }),
    ];
    for (damage, name) in rows {
        tamper(&store, damage).await;
        let Err(StoreError::Unavailable(reason)) = store.load(&[everything()]).await else {
            panic!("it was loaded after: {damage}");
        };
        assert!(reason.contains(&name), "{reason} does not name {name}");
    }
    let events = store.events(BOARD, Seq(0), usize::MAX).await;
    assert!(matches!(events, Err(StoreError::Unavailable(_))));
}

#[tokio::test]
async fn the_schema_rejects_invalid_values() {
    let (store, _path, _folder) = store().await;
    store.commit(&[board_with("words")]).await.expect("the store is available");
    for statement in [
        "update boards set head_seq = 0",
        "update boards set id = x'00'",
        "update boards set note_count = 'many'",
        "update notes set state = 'lost'",
        "update notes set state = 'deleted'",
        "update events set from_seq = seq + 1",
        "update events set change = '{'",
        "update outcomes set body_hash = x'00'",
        "delete from boards",
    ] {
        let result = store.writer.call(|it| Ok(it.execute(statement, []))).await;
        assert!(result.expect("the store is open").is_err(), "it was accepted: {statement}");
    }
}
