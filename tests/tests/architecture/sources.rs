//! The Rust sources of the workspace.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The root folder of the workspace.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The Rust files below a folder, by path. A relative path starts at the root of the workspace.
pub fn sources(folder: impl AsRef<Path>) -> BTreeMap<PathBuf, String> {
    let folder = root().join(folder);
    let mut sources = BTreeMap::new();
    let mut folders = vec![folder.clone()];
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
    assert!(!sources.is_empty(), "{} has sources", folder.display());
    sources
}
