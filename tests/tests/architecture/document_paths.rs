//! Every path that ARCHITECTURE.md names exists.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::sources::root;

/// Folders that are not part of the repository.
const IGNORED: [&str; 3] = [".git", "node_modules", "target"];

/// The paths in backticks: code spans with a slash, or with an extension of a source file.
fn paths(text: &str) -> BTreeSet<&str> {
    const EXTENSIONS: [&str; 5] = [".rs", ".js", ".html", ".sql", ".md"];
    let is_path = |span: &&str| {
        let has_extension = EXTENSIONS.iter().any(|it| span.ends_with(it));
        let is_plain = span.bytes().all(|it| it.is_ascii_alphanumeric() || b"_-./".contains(&it));
        is_plain && (has_extension || span.contains('/'))
    };
    text.split('`').skip(1).step_by(2).filter(is_path).collect()
}

/// All files and folders, relative to the root of the workspace, in lines that start with a slash.
fn files(folder: &Path, prefix: &str, found: &mut Vec<String>) {
    for entry in fs::read_dir(folder).expect("a folder can be read") {
        let entry = entry.expect("an entry");
        let name = entry.file_name().into_string().expect("a name in UTF-8");
        let path = format!("{prefix}/{name}");
        if entry.path().is_dir() && !IGNORED.contains(&name.as_str()) {
            files(&entry.path(), &path, found);
        }
        found.push(path);
    }
}

/// The paths that no file or folder ends with. A path may leave out its first folders.
fn missing<'a>(text: &'a str, files: &[String]) -> Vec<&'a str> {
    let exists = |path: &&str| {
        let end = format!("/{}", path.trim_end_matches('/'));
        files.iter().any(|file| file.ends_with(&end))
    };
    paths(text).into_iter().filter(|path| !exists(path)).collect()
}

#[test]
fn every_path_in_the_architecture_document_exists() {
    let text = fs::read_to_string(root().join("ARCHITECTURE.md")).expect("the document");
    let mut all = Vec::new();
    files(&root(), "", &mut all);
    assert!(paths(&text).len() > 50, "the document names its files");
    assert_eq!(missing(&text, &all), Vec::<&str>::new());
}

#[test]
fn a_path_that_does_not_exist_is_found() {
    let files = ["/web/src/routes.rs".to_owned(), "/adapters/memory".to_owned()];
    let text = "`web/src/routes.rs`, `routes.rs`, `adapters/memory`, `outes.rs`, `src/main.rs`, \
                `cargo xtask test`, `--store a/b`";
    assert_eq!(missing(text, &files), ["outes.rs", "src/main.rs"]);
}
