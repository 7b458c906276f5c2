//! The golden files.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

/// All golden files, by path below `golden` without extension.
pub fn files() -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    for folder in entries(&root()) {
        for path in entries(&folder) {
            let name = path.strip_prefix(root()).expect("a path below the root").with_extension("");
            let text = fs::read_to_string(&path).expect("a golden file can be read");
            files.insert(name.to_string_lossy().into_owned(), text);
        }
    }
    files
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder can be read");
    entries.map(|entry| entry.expect("an entry").path()).collect()
}

/// The kinds of messages in a folder: file names up to the first dot.
pub fn kinds(folder: &str) -> BTreeSet<String> {
    let names = files().into_keys();
    let in_folder = names.filter_map(|name| name.strip_prefix(folder)?.strip_prefix('/').map(kind));
    in_folder.collect()
}

fn kind(name: &str) -> String {
    name.split('.').next().unwrap_or_default().to_owned()
}

#[track_caller]
pub fn value(json: &str) -> Value {
    serde_json::from_str(json).unwrap_or_else(|error| panic!("{error} in {json}"))
}
