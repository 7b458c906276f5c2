//! No two files of a crate import each other, directly or through others.
//!
//! A file imports another one if it names an item that the other file defines. A re-export is
//! followed to the definition, and is not an import by itself: a `mod.rs` that only re-exports its
//! children makes no circle with them. Code under `#[cfg(test)]` does not count. Paths are found in
//! `use` statements and in code. Calls of methods are not found, since they name no path.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use crate::rust_paths::{SourceFile, parse};
use crate::sources::sources;
use crate::workspace_metadata::{Package, packages};

/// A module's path within its crate; the crate root is empty.
type ModulePath = Vec<String>;

/// All modules of a crate that have a file of their own.
struct Modules(BTreeMap<ModulePath, SourceFile>);

impl Modules {
    /// From the texts of a crate's files, by their path below `src`.
    fn parse(texts: &BTreeMap<String, String>) -> Self {
        let has_library = texts.contains_key("lib.rs");
        // The main.rs beside a lib.rs is a crate of its own, of one file.
        let files = texts.iter().filter(|(path, _)| !(has_library && *path == "main.rs"));
        Self(files.map(|(path, text)| (module_path(path), parse(path, text))).collect())
    }

    /// For each file, the files that it imports.
    fn imports(&self) -> BTreeMap<&str, BTreeSet<&str>> {
        let imports = self.0.iter().map(|(module, file)| {
            let named = file.paths().filter_map(|path| self.definition(module, path, 0));
            let globs = file.globs().filter_map(|path| self.module_file(module, path));
            let others: BTreeSet<&str> = named.chain(globs).filter(|it| *it != file.path).collect();
            (file.path.as_str(), others)
        });
        imports.collect()
    }

    /// The file of the module that a path names.
    fn module_file(&self, module: &[String], path: &[String]) -> Option<&str> {
        let (start, rest) = self.first_module(module, path, 0)?;
        let (end, rest) = self.descend(start, rest);
        let file = self.0.get(&end).filter(|_| rest.is_empty())?;
        Some(&file.path)
    }

    /// The file that defines the item that a path names; `None` for other crates and for modules,
    /// whose items are named by other paths.
    fn definition(&self, module: &[String], path: &[String], depth: usize) -> Option<&str> {
        // A glob import can lead back to the module that it is in.
        if depth > 8 {
            return None;
        }
        let (start, rest) = self.first_module(module, path, depth)?;
        let (end, rest) = self.descend(start, rest);
        let file = self.0.get(&end)?;
        let name = rest.first()?;
        if file.defines(name) {
            return Some(&file.path);
        }
        if let Some(imported) = file.import_of(name) {
            let path = [imported, rest.get(1..).unwrap_or_default()].concat();
            return self.definition(&end, &path, depth + 1);
        }
        let through_glob = file.globs().find_map(|glob| {
            let path = [glob, rest].concat();
            let found = self.definition(&end, &path, depth + 1)?;
            self.0.values().any(|it| it.path == found && it.defines(name)).then_some(found)
        });
        through_glob.or(Some(&file.path))
    }

    /// The module that the first segments of a path name, and the other segments.
    fn first_module<'a>(
        &self,
        module: &[String],
        path: &'a [String],
        depth: usize,
    ) -> Option<(ModulePath, &'a [String])> {
        if depth > 8 {
            return None;
        }
        let (first, rest) = path.split_first()?;
        match first.as_str() {
            "crate" => Some((Vec::new(), rest)),
            "self" => Some((module.to_vec(), rest)),
            "super" => {
                let parents = path.iter().take_while(|it| *it == "super").count();
                let depth_of_parent = module.len().checked_sub(parents)?;
                Some((module.get(..depth_of_parent)?.to_vec(), path.get(parents..)?))
            }
            name => {
                let child = [module, &[name.to_owned()]].concat();
                if self.0.contains_key(&child) {
                    return Some((child, rest));
                }
                let file = self.0.get(module)?;
                let imported = file.import_of(name).filter(|it| it.first() != Some(first))?;
                let (start, beyond) = self.first_module(module, imported, depth + 1)?;
                let (end, beyond) = self.descend(start, beyond);
                beyond.is_empty().then_some((end, rest))
            }
        }
    }

    /// Follows a path down the tree of modules as far as there are files.
    fn descend<'a>(
        &self,
        mut module: ModulePath,
        mut path: &'a [String],
    ) -> (ModulePath, &'a [String]) {
        while let Some((name, rest)) = path.split_first() {
            let child = [&module[..], std::slice::from_ref(name)].concat();
            if !self.0.contains_key(&child) {
                break;
            }
            (module, path) = (child, rest);
        }
        (module, path)
    }
}

/// `a/mod.rs` and `a.rs` are the module `a`.
fn module_path(path: &str) -> ModulePath {
    let path = path.trim_end_matches(".rs");
    let mut segments: ModulePath = path.split('/').map(ToOwned::to_owned).collect();
    if matches!(path, "lib" | "main") || path.ends_with("/mod") {
        segments.pop();
    }
    segments
}

/// Groups of files that import each other; empty if there is no circle.
fn circles<'a>(imports: &BTreeMap<&'a str, BTreeSet<&'a str>>) -> Vec<Vec<&'a str>> {
    let reachable: BTreeMap<&str, BTreeSet<&str>> =
        imports.keys().map(|file| (*file, reachable_from(file, imports))).collect();
    let reaches = |from: &str, to: &str| reachable.get(from).is_some_and(|it| it.contains(to));
    let mut groups: Vec<Vec<&str>> = Vec::new();
    for file in imports.keys().filter(|file| reaches(file, file)) {
        match groups.iter_mut().find(|group| reaches(group[0], file) && reaches(file, group[0])) {
            Some(group) => group.push(file),
            None => groups.push(vec![file]),
        }
    }
    groups
}

fn reachable_from<'a>(
    file: &str,
    imports: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> BTreeSet<&'a str> {
    let mut reachable = BTreeSet::new();
    let mut pending: Vec<&str> = imports.get(file).into_iter().flatten().copied().collect();
    while let Some(next) = pending.pop() {
        if reachable.insert(next) {
            pending.extend(imports.get(next).into_iter().flatten());
        }
    }
    reachable
}

/// The circles of a crate, each as one line with its imports.
fn describe(texts: &BTreeMap<String, String>) -> Vec<String> {
    let modules = Modules::parse(texts);
    let imports = modules.imports();
    let groups = circles(&imports);
    let describe = |group: &Vec<&str>| {
        let edges = group.iter().flat_map(|file| {
            let targets = imports.get(file).into_iter().flatten();
            targets.filter(|to| group.contains(to)).map(move |to| format!("{file} → {to}"))
        });
        edges.collect::<Vec<_>>().join(", ")
    };
    groups.iter().map(describe).collect()
}

/// The texts of a crate's files, by their path below `src`.
fn texts(package: &Package) -> BTreeMap<String, String> {
    let folder = package.manifest_path.with_file_name("src");
    let relative = |path: &Path| path.strip_prefix(&folder).expect("it is below").to_owned();
    sources(&folder)
        .into_iter()
        .map(|(path, text)| (relative(&path).display().to_string(), text))
        .collect()
}

#[test]
fn no_two_files_of_a_crate_import_each_other() {
    for package in packages() {
        let circles = describe(&texts(&package));
        assert!(circles.is_empty(), "{}: {}", package.name, circles.join("; "));
    }
}

fn crate_of(files: &[(&str, &str)]) -> BTreeMap<String, String> {
    files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_circle_of_two_files_is_found() {
    let files = crate_of(&[
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; pub struct A(B);"),
        ("b.rs", "pub struct B; impl B { fn a() -> crate::a::A { todo!() } }"),
    ]);
    assert_eq!(describe(&files), ["a.rs → b.rs, b.rs → a.rs"]);
}

#[test]
fn a_circle_through_a_third_file_and_a_re_export_is_found() {
    let files = crate_of(&[
        ("lib.rs", "pub mod folder; pub mod c;"),
        ("folder/mod.rs", "mod a; mod b; pub use {a::A, self::b::*};"),
        ("folder/a.rs", "use super::b::B; pub struct A(B);"),
        ("folder/b.rs", "pub struct B(crate::c::C);"),
        ("c.rs", "use crate::folder::{self, A}; pub struct C(A); fn f(_: folder::B) {}"),
    ]);
    let expected = "c.rs → folder/a.rs, c.rs → folder/b.rs, folder/a.rs → folder/b.rs, \
                    folder/b.rs → c.rs";
    assert_eq!(describe(&files), [expected]);
}

#[test]
fn a_child_that_uses_an_item_of_its_parent_file_is_a_circle_if_the_parent_uses_the_child() {
    let files = crate_of(&[
        ("lib.rs", "mod parent;"),
        ("parent/mod.rs", "mod child; pub struct Settings; fn f() { child::run() }"),
        ("parent/child.rs", "use super::Settings; pub fn run() {}"),
    ]);
    assert_eq!(
        describe(&files),
        ["parent/child.rs → parent/mod.rs, parent/mod.rs → parent/child.rs"]
    );
}

#[test]
fn re_exports_tests_comments_and_strings_make_no_circle() {
    let files = crate_of(&[
        ("lib.rs", "mod parent;"),
        (
            "parent/mod.rs",
            "mod one; mod other; pub use one::One; pub struct Shared; use other::Other;",
        ),
        ("parent/one.rs", "use super::{Other, Shared}; pub struct One(Other, Shared);"),
        (
            "parent/other.rs",
            "pub struct Other; // see super::one::One\nconst NAME: &str = \"super::one\";\n\
             #[cfg(test)] mod tests { use crate::parent::one::One; }",
        ),
    ]);
    assert_eq!(describe(&files), Vec::<String>::new());
}
