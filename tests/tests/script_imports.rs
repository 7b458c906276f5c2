//! The browser's modules import each other without circles, and only from their own layer or from
//! lower ones.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// Folders of `web/assets/js` from the lowest layer to the highest. Folders of one layer do not
/// import each other. The page entries are in no folder and are above all.
const LAYERS: [&[&str]; 4] =
    [&["delta", "platform", "vendor"], &["storage", "markdown"], &["sync"], &["ui"]];

/// Each module with the modules that it imports, by their paths below `web/assets/js`.
type Imports = BTreeMap<String, BTreeSet<String>>;

#[test]
fn the_browsers_modules_import_without_circles_and_only_lower_layers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../web/assets/js");
    let imports = imports_below(&root);
    assert!(imports.len() > 30, "the modules are found: {}", imports.len());
    assert_eq!(circle(&imports), None);
    assert_eq!(upward(&imports), [], "imports against the layers");
}

#[test]
fn a_planted_circle_is_found() {
    let mut imports = planted(&[("sync/a.js", "sync/b.js"), ("sync/b.js", "sync/c.js")]);
    assert_eq!(circle(&imports), None);
    imports.entry("sync/c.js".to_owned()).or_default().insert("sync/a.js".to_owned());
    let found = circle(&imports).expect("a circle");
    assert_eq!(found.len(), 3);
}

#[test]
fn a_planted_import_against_the_layers_is_found() {
    for (from, to) in [("delta/a.js", "sync/b.js"), ("markdown/a.js", "storage/b.js")] {
        assert_eq!(upward(&planted(&[(from, to)])).len(), 1);
    }
    assert_eq!(upward(&planted(&[("board-page.js", "ui/b.js"), ("ui/a.js", "sync/b.js")])), []);
}

#[test]
fn import_lines_are_read_in_all_their_forms() {
    let source = "import { a } from \"./a.js\";\nimport * as b from '../delta/b.js';\n\
                  import {\n  c,\n} from \"./c.js\";\nexport { d } from \"./d.js\";\n\
                  const e = await import(\"./e.js\");\n/** @type {import(\"./types.js\").T} */\n";
    let found: Vec<String> = imported_paths(source).collect();
    assert_eq!(found, ["./a.js", "../delta/b.js", "./c.js", "./d.js", "./e.js"]);
}

fn planted(edges: &[(&str, &str)]) -> Imports {
    let mut imports = Imports::new();
    for (from, to) in edges {
        imports.entry((*from).to_owned()).or_default().insert((*to).to_owned());
        imports.entry((*to).to_owned()).or_default();
    }
    imports
}

fn imports_below(root: &Path) -> Imports {
    let mut imports = Imports::new();
    for file in scripts(root) {
        let source = fs::read_to_string(&file).expect("a module can be read");
        let name = file.strip_prefix(root).expect("it is below the root");
        let folder = name.parent().unwrap_or(Path::new(""));
        let targets = imported_paths(&source).map(|path| normalised(&folder.join(path)));
        imports.insert(normalised(name), targets.collect());
    }
    imports
}

fn scripts(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder of modules");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    paths
        .flat_map(|path| if path.is_dir() { scripts(&path) } else { vec![path] })
        .filter(|path| path.extension().is_some_and(|extension| extension == "js"))
        .collect()
}

/// The relative paths that a module imports. Types in comments are no imports.
fn imported_paths(source: &str) -> impl Iterator<Item = String> {
    let code = source.lines().filter(|line| !is_comment(line));
    code.filter_map(|line| {
        let after = ["from ", "import(", "import "].iter().find_map(|mark| {
            let (_, after) = line.split_once(mark)?;
            after.starts_with(['"', '\'']).then_some(after)
        })?;
        let path = after[1..].split(['"', '\'']).next()?;
        path.starts_with('.').then(|| path.to_owned())
    })
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("//") || line.starts_with('*') || line.starts_with("/*")
}

/// A path without `.` and `..`, with slashes.
fn normalised(path: &Path) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.iter().filter_map(|part| part.to_str()) {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The modules of one circle of imports, if there is one.
fn circle(imports: &Imports) -> Option<Vec<String>> {
    let mut done = BTreeSet::new();
    imports.keys().find_map(|module| circle_from(module, imports, &mut Vec::new(), &mut done))
}

fn circle_from<'a>(
    module: &'a str,
    imports: &'a Imports,
    path: &mut Vec<&'a str>,
    done: &mut BTreeSet<&'a str>,
) -> Option<Vec<String>> {
    if let Some(begin) = path.iter().position(|it| *it == module) {
        return Some(path[begin..].iter().map(|it| (*it).to_owned()).collect());
    }
    if done.contains(module) {
        return None;
    }
    path.push(module);
    let targets = imports.get(module).into_iter().flatten();
    let found = targets.into_iter().find_map(|it| circle_from(it, imports, path, done));
    path.pop();
    done.insert(module);
    found
}

/// The imports that lead to a higher layer, or to another folder of the same one.
fn upward(imports: &Imports) -> Vec<(String, String)> {
    let edges = imports.iter().flat_map(|(from, to)| to.iter().map(move |to| (from, to)));
    let is_upward = |from: &str, to: &str| {
        layer(to) > layer(from) || (layer(to) == layer(from) && folder(to) != folder(from))
    };
    let found = edges.filter(|(from, to)| is_upward(from, to));
    found.map(|(from, to)| (from.clone(), to.clone())).collect()
}

fn folder(module: &str) -> &str {
    module.split_once('/').map_or("", |(folder, _)| folder)
}

fn layer(module: &str) -> usize {
    let folder = folder(module);
    match LAYERS.iter().position(|layer| layer.contains(&folder)) {
        Some(layer) => layer,
        None if folder.is_empty() => LAYERS.len(),
        None => panic!("{module} is in no layer: add its folder to LAYERS"),
    }
}
