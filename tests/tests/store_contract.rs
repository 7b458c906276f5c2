//! The stores keep their contract, and the contract fails on stores that do not.

use std::collections::BTreeSet;
use std::future::{Ready, ready};
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use futures::FutureExt;
use sockbit_application::ports::Store;
use sockbit_memory::MemoryStore;
use sockbit_sqlite::SqliteStore;
use sockbit_tests::contracts::store::faulty_store::NO_FAULTS;
use sockbit_tests::contracts::store::note_history::refuses_history_pages_with_too_large_inverses;
use sockbit_tests::contracts::store::persistence::{self, Reopenable};
use sockbit_tests::contracts::store::saboteurs::{DiscardingStore, saboteurs};
use sockbit_tests::contracts::store::{Clause, clauses};
use sockbit_tests::{persistent_store_contract, store_contract};
use tempfile::TempDir;
use tokio::sync::Mutex;

store_contract!(memory, memory());
store_contract!(sqlite, sqlite());
persistent_store_contract!(sqlite_reopened, Arc::new(SqliteDatabase::new()));

fn memory() -> Ready<(Arc<dyn Store>, ())> {
    ready((Arc::new(MemoryStore::new()), ()))
}

async fn sqlite() -> (Arc<dyn Store>, TempDir) {
    let folder = TempDir::new().expect("a temporary folder");
    let store =
        SqliteStore::open(&folder.path().join("sockbit.db")).await.expect("the database opens");
    (Arc::new(store), folder)
}

#[tokio::test]
async fn a_history_page_with_too_large_inverses_is_refused() {
    let ((memory, ()), (sqlite, _folder)) = (memory().await, sqlite().await);
    for store in [memory, sqlite] {
        refuses_history_pages_with_too_large_inverses(&store).await;
    }
}

/// A database that can be closed and opened again.
struct SqliteDatabase {
    folder: TempDir,
    open: Mutex<Option<Arc<SqliteStore>>>,
}

impl SqliteDatabase {
    fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        Self { folder, open: Mutex::new(None) }
    }
}

#[async_trait]
impl Reopenable for SqliteDatabase {
    async fn reopen(&self) -> Arc<dyn Store> {
        let mut open = self.open.lock().await;
        if let Some(store) = open.take() {
            store.close().await;
        }
        let path = self.folder.path().join("sockbit.db");
        let store = Arc::new(SqliteStore::open(&path).await.expect("the database opens again"));
        *open = Some(Arc::clone(&store));
        store
    }
}

async fn passes(clause: Clause, store: Arc<dyn Store>) -> bool {
    AssertUnwindSafe(clause(store)).catch_unwind().await.is_ok()
}

#[tokio::test]
async fn every_saboteur_fails_its_clauses() {
    for saboteur in saboteurs() {
        for name in saboteur.breaks {
            let clause = clauses().into_iter().find(|(clause, _)| clause == name);
            let (_, clause) = clause.expect("saboteurs name existing clauses");
            let passed = passes(clause, saboteur.faults.store()).await;
            assert!(!passed, "{name} passed on a store that {}", saboteur.name);
        }
    }
}

#[tokio::test]
async fn a_store_without_a_fault_passes_every_clause() {
    for (name, clause) in clauses() {
        assert!(passes(clause, NO_FAULTS.store()).await, "{name} failed without a fault");
    }
}

#[test]
fn every_clause_can_fail() {
    let broken: BTreeSet<_> = saboteurs().flat_map(|saboteur| saboteur.breaks).collect();
    let clauses = clauses();
    let unproven: Vec<_> =
        clauses.iter().map(|(name, _)| name).filter(|name| !broken.contains(name)).collect();
    assert_eq!(unproven, Vec::<&&str>::new());
}

#[tokio::test]
async fn a_store_that_keeps_nothing_fails_the_persistence_clauses() {
    let everything = persistence::a_reopened_store_has_everything(Arc::new(DiscardingStore));
    assert!(AssertUnwindSafe(everything).catch_unwind().await.is_err());
    let continues = persistence::a_reopened_store_continues_at_its_head(Arc::new(DiscardingStore));
    assert!(AssertUnwindSafe(continues).catch_unwind().await.is_err());
    let compacted = persistence::a_reopened_store_stays_compacted(Arc::new(DiscardingStore));
    assert!(AssertUnwindSafe(compacted).catch_unwind().await.is_err());
}

#[test]
fn every_clause_is_listed() {
    let listed: BTreeSet<String> = clauses()
        .into_iter()
        .map(|(name, _)| name)
        .chain(sqlite_reopened::CLAUSES.iter().copied())
        .map(str::to_owned)
        .collect();
    assert_eq!(clauses_in_the_sources(), listed);
}

/// The names of all public functions that take a store or a database and return nothing.
fn clauses_in_the_sources() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/contracts/store");
    let mut names = BTreeSet::new();
    for file in folder.read_dir().expect("the folder of the contract") {
        let path = file.expect("the folder can be read").path();
        if path.is_dir() {
            continue;
        }
        let source = std::fs::read_to_string(path).expect("the file can be read");
        for line in source.lines() {
            let Some((name, rest)) =
                line.strip_prefix("pub async fn ").and_then(|it| it.split_once('('))
            else {
                continue;
            };
            if ["store: Arc<dyn Store>) {", "database: Arc<dyn Reopenable>) {"].contains(&rest) {
                names.insert(name.to_owned());
            }
        }
    }
    names
}
