//! Dependencies point inward only, and what a layer may not know is not in it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde::Deserialize;

use Others::{Any, Only};

/// What one crate may depend on, in its code and its build script.
struct Row {
    name: &'static str,
    /// Crates of this workspace.
    ours: Others,
    /// Crates of this workspace that only its tests may use besides.
    ours_in_tests: &'static [&'static str],
    /// Crates from elsewhere.
    foreign: Others,
}

enum Others {
    Any,
    Only(&'static [&'static str]),
}

/// Transports are tested on the memory bus, like the use cases: it is the smallest real one.
const TABLE: &[Row] = &[
    Row {
        name: "sockbit-domain",
        ours: Only(&[]),
        ours_in_tests: &[],
        foreign: Only(&["serde", "serde_json", "thiserror", "uuid"]),
    },
    Row {
        name: "sockbit-application",
        ours: Only(&["sockbit-domain"]),
        ours_in_tests: &["sockbit-memory"],
        foreign: Only(&[
            "async-trait",
            "bytes",
            "futures",
            "hmac",
            "metrics",
            "serde",
            "serde_json",
            "sha2",
            "thiserror",
            "tokio",
            "tracing",
            "uuid",
        ]),
    },
    Row {
        name: "sockbit-memory",
        ours: Only(&["sockbit-application", "sockbit-domain"]),
        ours_in_tests: &[],
        foreign: Any,
    },
    Row {
        name: "sockbit-rabbitmq",
        ours: Only(&["sockbit-application", "sockbit-domain"]),
        ours_in_tests: &[],
        foreign: Any,
    },
    Row {
        name: "sockbit-postgres",
        ours: Only(&["sockbit-application", "sockbit-domain"]),
        ours_in_tests: &[],
        foreign: Any,
    },
    Row {
        name: "sockbit-sqlite",
        ours: Only(&["sockbit-application", "sockbit-domain"]),
        ours_in_tests: &[],
        foreign: Any,
    },
    Row {
        name: "sockbit-websocket",
        ours: Only(&["sockbit-application"]),
        ours_in_tests: &["sockbit-domain", "sockbit-memory"],
        foreign: Any,
    },
    Row {
        name: "sockbit-client",
        ours: Only(&["sockbit-domain"]),
        ours_in_tests: &[],
        foreign: Any,
    },
    Row {
        name: "sockbit-web",
        ours: Only(&[
            "sockbit-application",
            "sockbit-domain",
            "sockbit-memory",
            "sockbit-postgres",
            "sockbit-rabbitmq",
            "sockbit-sqlite",
            "sockbit-websocket",
        ]),
        ours_in_tests: &[],
        foreign: Any,
    },
    Row { name: "sockbit-tests", ours: Any, ours_in_tests: &[], foreign: Any },
    Row {
        name: "sockbit-simulation",
        ours: Only(&["sockbit-application", "sockbit-client", "sockbit-domain", "sockbit-memory"]),
        ours_in_tests: &[],
        foreign: Any,
    },
    Row { name: "sockbit-servers", ours: Only(&[]), ours_in_tests: &[], foreign: Only(&[]) },
    Row { name: "xtask", ours: Only(&["sockbit-servers"]), ours_in_tests: &[], foreign: Any },
];

/// Who depends on whom: the crates of the workspace, by name.
#[derive(Clone, Default)]
struct Graph(BTreeMap<String, Dependencies>);

#[derive(Clone, Default)]
struct Dependencies {
    /// Of its code and its build script.
    used: BTreeSet<String>,
    /// Of its tests alone.
    used_in_tests: BTreeSet<String>,
}

/// Everything in which a workspace and a table differ; empty where nothing does.
fn faults(graph: &Graph, table: &[Row]) -> Vec<String> {
    let mut faults = Vec::new();
    for name in graph.0.keys() {
        if !table.iter().any(|row| row.name == name) {
            faults.push(format!("{name} has no row in the table"));
        }
    }
    for row in table {
        match graph.0.get(row.name) {
            None => {
                faults.push(format!("the row of {} is stale: there is no such crate", row.name));
            }
            Some(dependencies) => faults.extend(faults_of(row, dependencies, graph)),
        }
    }
    faults
}

fn faults_of(row: &Row, dependencies: &Dependencies, graph: &Graph) -> Vec<String> {
    let is_ours = |name: &&String| graph.0.contains_key(*name);
    let (ours, foreign): (Vec<_>, Vec<_>) = dependencies.used.iter().partition(is_ours);
    let in_tests: Vec<_> = dependencies.used_in_tests.iter().filter(is_ours).collect();
    let in_tests_besides: Vec<_> =
        in_tests.into_iter().filter(|name| !row.ours.allows(name)).collect();
    [
        compare(row.name, "", &row.ours, &ours),
        compare(row.name, "", &row.foreign, &foreign),
        compare(row.name, " in its tests", &Only(row.ours_in_tests), &in_tests_besides),
    ]
    .concat()
}

/// What is used and not allowed, and what is allowed and not used.
fn compare(name: &str, place: &str, allowed: &Others, used: &[&String]) -> Vec<String> {
    let Only(listed) = allowed else { return Vec::new() };
    let forbidden = used.iter().filter(|other| !allowed.allows(other));
    let forbidden = forbidden.map(|other| format!("{name} must not depend on {other}{place}"));
    let unused = listed.iter().filter(|other| !used.iter().any(|it| it == *other));
    let stale = unused
        .map(|other| format!("the row of {name} is stale: it does not depend on {other}{place}"));
    forbidden.chain(stale).collect()
}

impl Others {
    fn allows(&self, name: &str) -> bool {
        match self {
            Any => true,
            Only(names) => names.contains(&name),
        }
    }
}

#[derive(Deserialize)]
struct Metadata {
    packages: Vec<Package>,
}

#[derive(Deserialize)]
struct Package {
    name: String,
    dependencies: Vec<Dependency>,
}

#[derive(Deserialize)]
struct Dependency {
    name: String,
    kind: Option<String>,
}

fn workspace() -> Graph {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["metadata", "--no-deps", "--offline", "--format-version", "1"]);
    let output = cargo.current_dir(root()).output().expect("cargo can be run");
    let metadata: Metadata = serde_json::from_slice(&output.stdout).expect("cargo writes metadata");
    Graph(
        metadata.packages.into_iter().map(|it| (it.name, dependencies(it.dependencies))).collect(),
    )
}

fn dependencies(all: Vec<Dependency>) -> Dependencies {
    let is_of_tests = |it: &Dependency| it.kind.as_deref() == Some("dev");
    let (in_tests, used): (Vec<_>, Vec<_>) = all.into_iter().partition(is_of_tests);
    let names = |all: Vec<Dependency>| all.into_iter().map(|it| it.name).collect();
    Dependencies { used: names(used), used_in_tests: names(in_tests) }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn every_crate_depends_on_what_the_table_allows() {
    let faults = faults(&workspace(), TABLE);
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// The workspace with one more dependency, and what is said of it.
fn faults_with(name: &str, other: &str) -> Vec<String> {
    let mut graph = workspace();
    graph.0.entry(name.to_owned()).or_default().used.insert(other.to_owned());
    faults(&graph, TABLE)
}

#[test]
fn an_edge_that_points_outward_is_named() {
    for (name, other) in [
        ("sockbit-domain", "sockbit-application"),
        ("sockbit-application", "sockbit-memory"),
        ("sockbit-sqlite", "sockbit-memory"),
        ("sockbit-memory", "sockbit-web"),
        ("sockbit-client", "sockbit-application"),
        ("xtask", "sockbit-domain"),
    ] {
        assert_eq!(faults_with(name, other), [format!("{name} must not depend on {other}")]);
    }
}

#[test]
fn a_foreign_crate_in_an_inner_layer_is_named() {
    for (name, other) in [("sockbit-domain", "tokio"), ("sockbit-application", "axum")] {
        assert_eq!(faults_with(name, other), [format!("{name} must not depend on {other}")]);
    }
}

#[test]
fn an_edge_of_tests_alone_is_named_too() {
    let mut graph = workspace();
    let client = graph.0.get_mut("sockbit-client").expect("it is there");
    client.used_in_tests.insert("sockbit-memory".to_owned());
    let expected = "sockbit-client must not depend on sockbit-memory in its tests";
    assert_eq!(faults(&graph, TABLE), [expected]);
}

#[test]
fn a_crate_without_a_row_is_named() {
    let mut graph = workspace();
    graph.0.insert("sockbit-extra".to_owned(), Dependencies::default());
    assert_eq!(faults(&graph, TABLE), ["sockbit-extra has no row in the table"]);
}

#[test]
fn a_row_without_a_crate_is_named() {
    let mut graph = workspace();
    graph.0.remove("xtask");
    assert_eq!(faults(&graph, TABLE), ["the row of xtask is stale: there is no such crate"]);
}

#[test]
fn a_row_that_allows_what_nobody_uses_is_named() {
    let mut graph = workspace();
    let domain = graph.0.get_mut("sockbit-domain").expect("it is there");
    assert!(domain.used.remove("uuid"), "precondition: it is used");
    let expected = "the row of sockbit-domain is stale: it does not depend on uuid";
    assert_eq!(faults(&graph, TABLE), [expected]);
}

/// The Rust files below a folder of the workspace, by their path.
fn sources(folder: &str) -> BTreeMap<PathBuf, String> {
    let mut sources = BTreeMap::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a folder can be read") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(&path).expect("a source can be read");
                sources.insert(path, text);
            }
        }
    }
    assert!(!sources.is_empty(), "{folder} has sources");
    sources
}

/// The files in which one of the words stands, whatever its case, with the word.
fn mentions(sources: &BTreeMap<PathBuf, String>, words: &[&str]) -> Vec<String> {
    let found = sources.iter().flat_map(|(path, text)| {
        let text = text.to_lowercase();
        let words = words.iter().filter(move |word| text.contains(*word));
        words.map(move |word| format!("{} says {word}", path.display()))
    });
    found.collect()
}

#[test]
fn the_domain_has_no_standard_library() {
    let sources = sources("domain/src");
    let lib = sources.iter().find(|(path, _)| path.ends_with("lib.rs")).expect("there is a lib.rs");
    assert!(lib.1.lines().any(|line| line == "#![no_std]"), "{} is not no_std", lib.0.display());
    assert_eq!(mentions(&sources, &["extern crate std", "use std::"]), Vec::<String>::new());
}

const ENVIRONMENT: [&str; 3] = ["std::env", "env::var", "env::args"];

#[test]
fn only_the_binary_reads_the_environment() {
    for folder in ["domain", "application", "adapters", "client"] {
        assert_eq!(mentions(&sources(folder), &ENVIRONMENT), Vec::<String>::new());
    }
}

const TECHNOLOGIES: [&str; 6] = ["sqlite", "postgres", "rabbit", "amqp", "redis", "websocket"];

#[test]
fn the_application_names_no_technology() {
    let sources = sources("application/src");
    assert_eq!(mentions(&sources, &TECHNOLOGIES), Vec::<String>::new());
}

#[test]
fn a_word_is_found_whatever_its_case() {
    let path = PathBuf::from("ports/store.rs");
    let sources = BTreeMap::from([(path, "/// Unlike SQLite's.".to_owned())]);
    assert_eq!(mentions(&sources, &TECHNOLOGIES), ["ports/store.rs says sqlite"]);
}

#[test]
fn the_binary_does_read_the_environment() {
    assert!(!mentions(&sources("web/src"), &ENVIRONMENT).is_empty());
}
