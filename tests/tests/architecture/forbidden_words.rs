//! Words that a layer must not contain, such as names of technologies it does not know.

use std::collections::BTreeMap;
use std::path::PathBuf;

use crate::sources::sources;

/// The files that contain one of the words in any case.
fn mentions(sources: &BTreeMap<PathBuf, String>, words: &[&str]) -> Vec<String> {
    let found = sources.iter().flat_map(|(path, text)| {
        let text = text.to_lowercase();
        let words = words.iter().filter(move |word| text.contains(*word));
        words.map(move |word| format!("{} contains {word}", path.display()))
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
fn a_word_is_found_in_any_case() {
    let path = PathBuf::from("ports/store.rs");
    let sources = BTreeMap::from([(path, "/// Unlike SQLite's.".to_owned())]);
    assert_eq!(mentions(&sources, &TECHNOLOGIES), ["ports/store.rs contains sqlite"]);
}

#[test]
fn the_binary_does_read_the_environment() {
    assert!(!mentions(&sources("web/src"), &ENVIRONMENT).is_empty());
}
