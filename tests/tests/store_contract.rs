//! The stores keep their contract, and the contract notices stores that do not.

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
use sockbit_tests::contracts::store::note_history::refuses_to_lead_too_far_back;
use sockbit_tests::contracts::store::persistence::{self, Reopenable};
use sockbit_tests::contracts::store::saboteurs::{SABOTEURS, Sieve};
use sockbit_tests::contracts::store::{Clause, clauses};
use sockbit_tests::{persistent_store_contract, store_contract};
use tempfile::TempDir;
use tokio::sync::Mutex;

store_contract!(memory, memory());
store_contract!(sqlite, sqlite());
persistent_store_contract!(sqlite_reopened, Arc::new(SqlitePlace::new()));

fn memory() -> Ready<(Arc<dyn Store>, ())> {
    ready((Arc::new(MemoryStore::new()), ()))
}

async fn sqlite() -> (Arc<dyn Store>, TempDir) {
    let folder = TempDir::new().expect("there is room for a folder");
    let store = SqliteStore::open(&folder.path().join("sockbit.db")).await.expect("it opens");
    (Arc::new(store), folder)
}

#[tokio::test]
async fn nobody_is_led_so_far_back_that_it_takes_everybodys_memory() {
    let ((memory, ()), (sqlite, _folder)) = (memory().await, sqlite().await);
    for store in [memory, sqlite] {
        refuses_to_lead_too_far_back(&store).await;
    }
}

/// A database that is closed and opened again.
struct SqlitePlace {
    folder: TempDir,
    open: Mutex<Option<Arc<SqliteStore>>>,
}

impl SqlitePlace {
    fn new() -> Self {
        let folder = TempDir::new().expect("there is room for a folder");
        Self { folder, open: Mutex::new(None) }
    }
}

#[async_trait]
impl Reopenable for SqlitePlace {
    async fn reopen(&self) -> Arc<dyn Store> {
        let mut open = self.open.lock().await;
        if let Some(store) = open.take() {
            store.close().await;
        }
        let path = self.folder.path().join("sockbit.db");
        let store = Arc::new(SqliteStore::open(&path).await.expect("it opens again"));
        *open = Some(Arc::clone(&store));
        store
    }
}

async fn passes(clause: Clause, store: Arc<dyn Store>) -> bool {
    AssertUnwindSafe(clause(store)).catch_unwind().await.is_ok()
}

#[tokio::test]
async fn every_saboteur_is_noticed() {
    for saboteur in SABOTEURS {
        for name in saboteur.breaks {
            let clause = clauses().into_iter().find(|(clause, _)| clause == name);
            let (_, clause) = clause.expect("saboteurs name clauses that exist");
            let passed = passes(clause, saboteur.faults.store()).await;
            assert!(!passed, "{name} did not notice a store that {}", saboteur.name);
        }
    }
}

#[tokio::test]
async fn a_saboteur_without_a_trick_is_not_noticed() {
    for (name, clause) in clauses() {
        assert!(passes(clause, NO_FAULTS.store()).await, "{name} failed without a reason");
    }
}

#[test]
fn every_clause_can_fail() {
    let broken: BTreeSet<_> = SABOTEURS.iter().flat_map(|saboteur| saboteur.breaks).collect();
    let clauses = clauses();
    let unproven: Vec<_> =
        clauses.iter().map(|(name, _)| name).filter(|name| !broken.contains(name)).collect();
    assert_eq!(unproven, Vec::<&&str>::new());
}

#[tokio::test]
async fn a_place_where_nothing_stays_is_noticed() {
    let everything = persistence::a_reopened_store_has_everything(Arc::new(Sieve));
    assert!(AssertUnwindSafe(everything).catch_unwind().await.is_err());
    let goes_on = persistence::a_reopened_store_goes_on_where_it_was(Arc::new(Sieve));
    assert!(AssertUnwindSafe(goes_on).catch_unwind().await.is_err());
    let compacted = persistence::a_reopened_store_stays_compacted(Arc::new(Sieve));
    assert!(AssertUnwindSafe(compacted).catch_unwind().await.is_err());
}

#[test]
fn every_clause_that_is_written_is_listed() {
    let listed: BTreeSet<String> = clauses()
        .into_iter()
        .map(|(name, _)| name)
        .chain(sqlite_reopened::CLAUSES.iter().copied())
        .map(str::to_owned)
        .collect();
    assert_eq!(written_clauses(), listed);
}

/// The names of all public functions that take a store or a place and answer nothing.
fn written_clauses() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/contracts/store");
    let mut names = BTreeSet::new();
    for file in folder.read_dir().expect("the contract is written there") {
        let path = file.expect("the folder can be read").path();
        let source = std::fs::read_to_string(path).expect("the file can be read");
        for line in source.lines() {
            let Some((name, rest)) =
                line.strip_prefix("pub async fn ").and_then(|it| it.split_once('('))
            else {
                continue;
            };
            if ["store: Arc<dyn Store>) {", "place: Arc<dyn Reopenable>) {"].contains(&rest) {
                names.insert(name.to_owned());
            }
        }
    }
    names
}
