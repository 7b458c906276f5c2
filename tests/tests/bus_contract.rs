//! The in-memory bus keeps its contract, and the contract fails on buses that do not.

use std::collections::BTreeSet;
use std::future::ready;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::sync::Arc;

use futures::FutureExt;
use sockbit_tests::bus_contract;
use sockbit_tests::contracts::bus::faulty_bus::{BusFault, FaultyBus};
use sockbit_tests::contracts::bus::saboteurs::SABOTEURS;
use sockbit_tests::contracts::bus::{Bus, Clause, InMemoryBus, clauses};

bus_contract!(memory, (start_paused = true), ready(Arc::new(InMemoryBus::default())));

async fn passes(clause: Clause, fault: BusFault) -> bool {
    let bus: Arc<dyn Bus> = Arc::new(FaultyBus::new(fault));
    AssertUnwindSafe(clause(bus)).catch_unwind().await.is_ok()
}

#[tokio::test(start_paused = true)]
async fn every_saboteur_fails_its_clauses() {
    for saboteur in SABOTEURS {
        for name in saboteur.breaks {
            let clause = clauses().into_iter().find(|(clause, _)| clause == name);
            let (_, clause) = clause.expect("saboteurs name existing clauses");
            let fault = saboteur.fault;
            assert!(!passes(clause, fault).await, "{name} passed on a bus that {fault:?}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_bus_without_a_fault_passes_every_clause() {
    for (name, clause) in clauses() {
        assert!(passes(clause, BusFault::None).await, "{name} failed without a fault");
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

#[test]
fn every_clause_is_listed() {
    let listed: BTreeSet<_> = clauses().into_iter().map(|(name, _)| name.to_owned()).collect();
    assert_eq!(clauses_in_the_sources(), listed);
}

/// The names of all public functions that take a bus and return nothing.
fn clauses_in_the_sources() -> BTreeSet<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/contracts/bus");
    let mut names = BTreeSet::new();
    for file in folder.read_dir().expect("the folder of the contract") {
        let path = file.expect("the folder can be read").path();
        if path.is_dir() {
            continue;
        }
        let source = std::fs::read_to_string(path).expect("the file can be read");
        for line in source.lines() {
            let function = line.strip_prefix("pub async fn ").and_then(|it| it.split_once('('));
            if let Some((name, "bus: Arc<dyn Bus>) {")) = function {
                names.insert(name.to_owned());
            }
        }
    }
    names
}
