//! Dependencies between crates point inward only: a table lists what each crate may depend on.

use std::collections::{BTreeMap, BTreeSet};

use crate::workspace_metadata::{Dependency, packages};
use Allowed::{Any, Only};

/// What one crate may depend on, in its code and build script.
struct Row {
    name: &'static str,
    /// Crates of this workspace.
    ours: Allowed,
    /// Crates of this workspace that only its tests may use.
    ours_in_tests: &'static [&'static str],
    /// Crates from the registry.
    foreign: Allowed,
}

enum Allowed {
    Any,
    Only(&'static [&'static str]),
}

/// The memory bus is the smallest real one, so tests of transports and use cases use it.
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
            "hashlink",
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
    Row {
        name: "sockbit-bench",
        ours: Only(&[
            "sockbit-application",
            "sockbit-domain",
            "sockbit-postgres",
            "sockbit-servers",
            "sockbit-sqlite",
        ]),
        ours_in_tests: &[],
        foreign: Any,
    },
    Row {
        name: "sockbit-page-bench",
        ours: Only(&["sockbit-bench", "sockbit-servers", "sockbit-tests"]),
        ours_in_tests: &[],
        foreign: Any,
    },
    Row { name: "sockbit-servers", ours: Only(&[]), ours_in_tests: &[], foreign: Only(&[]) },
    Row { name: "xtask", ours: Only(&["sockbit-servers"]), ours_in_tests: &[], foreign: Any },
];

/// The crates of the workspace and their dependencies, by name.
#[derive(Clone, Default)]
struct Graph(BTreeMap<String, Dependencies>);

#[derive(Clone, Default)]
struct Dependencies {
    /// In its code and build script.
    used: BTreeSet<String>,
    /// Only in its tests.
    used_in_tests: BTreeSet<String>,
}

/// All differences between the workspace and the table.
fn violations(graph: &Graph, table: &[Row]) -> Vec<String> {
    let mut violations = Vec::new();
    for name in graph.0.keys() {
        if !table.iter().any(|row| row.name == name) {
            violations.push(format!("{name} has no row in the table"));
        }
    }
    for row in table {
        match graph.0.get(row.name) {
            None => {
                violations
                    .push(format!("the row of {} is stale: there is no such crate", row.name));
            }
            Some(dependencies) => violations.extend(violations_of(row, dependencies, graph)),
        }
    }
    violations
}

fn violations_of(row: &Row, dependencies: &Dependencies, graph: &Graph) -> Vec<String> {
    let is_ours = |name: &&String| graph.0.contains_key(*name);
    let (ours, foreign): (Vec<_>, Vec<_>) = dependencies.used.iter().partition(is_ours);
    let in_tests: Vec<_> = dependencies.used_in_tests.iter().filter(is_ours).collect();
    let only_in_tests: Vec<_> =
        in_tests.into_iter().filter(|name| !row.ours.allows(name)).collect();
    [
        compare(row.name, "", &row.ours, &ours),
        compare(row.name, "", &row.foreign, &foreign),
        compare(row.name, " in its tests", &Only(row.ours_in_tests), &only_in_tests),
    ]
    .concat()
}

/// Forbidden dependencies, and allowed ones that are not used.
fn compare(name: &str, place: &str, allowed: &Allowed, used: &[&String]) -> Vec<String> {
    let Only(listed) = allowed else { return Vec::new() };
    let forbidden = used.iter().filter(|other| !allowed.allows(other));
    let forbidden = forbidden.map(|other| format!("{name} must not depend on {other}{place}"));
    let unused = listed.iter().filter(|other| !used.iter().any(|it| it == *other));
    let stale = unused
        .map(|other| format!("the row of {name} is stale: it does not depend on {other}{place}"));
    forbidden.chain(stale).collect()
}

impl Allowed {
    fn allows(&self, name: &str) -> bool {
        match self {
            Any => true,
            Only(names) => names.contains(&name),
        }
    }
}

fn workspace() -> Graph {
    Graph(packages().into_iter().map(|it| (it.name, dependencies(it.dependencies))).collect())
}

fn dependencies(all: Vec<Dependency>) -> Dependencies {
    let is_of_tests = |it: &Dependency| it.kind.as_deref() == Some("dev");
    let (in_tests, used): (Vec<_>, Vec<_>) = all.into_iter().partition(is_of_tests);
    let names = |all: Vec<Dependency>| all.into_iter().map(|it| it.name).collect();
    Dependencies { used: names(used), used_in_tests: names(in_tests) }
}

#[test]
fn every_crate_depends_only_on_what_the_table_allows() {
    let violations = violations(&workspace(), TABLE);
    assert!(violations.is_empty(), "{}", violations.join("\n"));
}

/// The violations in the workspace with one more dependency.
fn violations_with(name: &str, other: &str) -> Vec<String> {
    let mut graph = workspace();
    graph.0.entry(name.to_owned()).or_default().used.insert(other.to_owned());
    violations(&graph, TABLE)
}

#[test]
fn a_dependency_that_points_outward_is_reported() {
    for (name, other) in [
        ("sockbit-domain", "sockbit-application"),
        ("sockbit-application", "sockbit-memory"),
        ("sockbit-sqlite", "sockbit-memory"),
        ("sockbit-memory", "sockbit-web"),
        ("sockbit-client", "sockbit-application"),
        ("xtask", "sockbit-domain"),
    ] {
        assert_eq!(violations_with(name, other), [format!("{name} must not depend on {other}")]);
    }
}

#[test]
fn a_registry_crate_in_an_inner_layer_is_reported() {
    for (name, other) in [("sockbit-domain", "tokio"), ("sockbit-application", "axum")] {
        assert_eq!(violations_with(name, other), [format!("{name} must not depend on {other}")]);
    }
}

#[test]
fn a_forbidden_dependency_of_tests_is_reported() {
    let mut graph = workspace();
    let client = graph.0.get_mut("sockbit-client").expect("the crate exists");
    client.used_in_tests.insert("sockbit-memory".to_owned());
    let expected = "sockbit-client must not depend on sockbit-memory in its tests";
    assert_eq!(violations(&graph, TABLE), [expected]);
}

#[test]
fn a_crate_without_a_row_is_reported() {
    let mut graph = workspace();
    graph.0.insert("sockbit-extra".to_owned(), Dependencies::default());
    assert_eq!(violations(&graph, TABLE), ["sockbit-extra has no row in the table"]);
}

#[test]
fn a_row_without_a_crate_is_reported() {
    let mut graph = workspace();
    graph.0.remove("xtask");
    assert_eq!(violations(&graph, TABLE), ["the row of xtask is stale: there is no such crate"]);
}

#[test]
fn a_row_with_an_unused_dependency_is_reported() {
    let mut graph = workspace();
    let domain = graph.0.get_mut("sockbit-domain").expect("the crate exists");
    assert!(domain.used.remove("uuid"), "precondition: it is used");
    let expected = "the row of sockbit-domain is stale: it does not depend on uuid";
    assert_eq!(violations(&graph, TABLE), [expected]);
}
