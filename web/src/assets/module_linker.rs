//! Links the modules of a page into one script, so that a page needs one request for all of them.
//!
//! Each module becomes a function that returns its exports and is called once, in the order of the
//! imports, which have no circles. Comment lines are left out. The linker knows the forms of imports
//! and exports that our modules use, at the start of a line, and rejects all others.

use std::collections::BTreeMap;
use std::fmt::Write;

use thiserror::Error;

#[derive(Debug, Error, PartialEq, Eq)]
pub(super) enum LinkError {
    #[error("there is no module {0}")]
    Missing(String),
    #[error("the modules from {0} import each other in a circle")]
    Circle(String),
    #[error("module {0} has an import or export of another form: {1}")]
    UnknownForm(String, String),
}

type ReadModule<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// The script of an entry with all modules that it imports. `read` returns a module by its path
/// below the folder of the entry.
pub(super) fn link(entry: &str, read: &ReadModule<'_>) -> Result<String, LinkError> {
    let mut linker = Linker { read, script: String::new(), modules: BTreeMap::new() };
    let Module { body, .. } = linker.module(entry)?;
    linker.script.push_str(&body);
    Ok(linker.script)
}

struct Linker<'a> {
    read: &'a ReadModule<'a>,
    /// The functions of the linked modules.
    script: String,
    /// The name of each module in the script; `None` while its imports are linked.
    modules: BTreeMap<String, Option<String>>,
}

/// The code of a module without imports and exports, and its exports as an object's properties.
#[derive(Default)]
struct Module {
    body: String,
    exports: Vec<String>,
}

impl Linker<'_> {
    /// Links an imported module, and returns its name in the script.
    fn name_of(&mut self, path: &str) -> Result<String, LinkError> {
        if let Some(known) = self.modules.get(path) {
            return known.clone().ok_or_else(|| LinkError::Circle(path.to_owned()));
        }
        let name = format!("module{}", self.modules.len());
        self.modules.insert(path.to_owned(), None);
        let Module { body, exports } = self.module(path)?;
        let exports = exports.join(", ");
        // Writing to a string cannot fail.
        let _ = write!(
            self.script,
            "// {path}\nconst {name} = (() => {{\n{body}return {{ {exports} }};\n}})();\n"
        );
        self.modules.insert(path.to_owned(), Some(name.clone()));
        Ok(name)
    }

    fn module(&mut self, path: &str) -> Result<Module, LinkError> {
        let source = (self.read)(path).ok_or_else(|| LinkError::Missing(path.to_owned()))?;
        let mut module = Module::default();
        let mut lines = code_lines(&source).into_iter();
        while let Some(line) = lines.next() {
            if line.starts_with("import ") || line.starts_with("export {") {
                let mut statement = line.to_owned();
                while !statement.contains(';') {
                    let Some(next) = lines.next() else { break };
                    statement.push(' ');
                    statement.push_str(next.trim());
                }
                self.import_or_export(path, &statement, &mut module)?;
            } else if let Some(declaration) = line.strip_prefix("export ") {
                let name = declared_name(declaration).ok_or_else(|| unknown_form(path, line))?;
                module.exports.push(name.to_owned());
                module.push_line(declaration);
            } else {
                module.push_line(&with_dynamic_imports_from_root(path, line));
            }
        }
        Ok(module)
    }

    /// A statement as in `import { a } from "./b.js";`, `export { a } from "./b.js";` or `export { a };`.
    fn import_or_export(
        &mut self,
        path: &str,
        statement: &str,
        module: &mut Module,
    ) -> Result<(), LinkError> {
        let unknown = || unknown_form(path, statement);
        let (keyword, rest) = statement.split_once(' ').ok_or_else(unknown)?;
        let Some((clause, source)) = rest.split_once(" from \"") else {
            let names = rest.trim_end_matches(';');
            module.exports.extend(names_in(names).ok_or_else(unknown)?.map(str::to_owned));
            return Ok(());
        };
        let name = self.name_of(&resolved(path, source.trim_end_matches("\";")))?;
        if keyword == "export" {
            let names = names_in(clause).ok_or_else(unknown)?;
            module.exports.extend(names.map(|it| format!("{it}: {name}.{it}")));
        } else if let Some(namespace) = clause.strip_prefix("* as ") {
            module.push_line(&format!("const {namespace} = {name};"));
        } else {
            let names = names_in(clause).ok_or_else(unknown)?;
            let names: Vec<String> = names.map(|it| it.replace(" as ", ": ")).collect();
            module.push_line(&format!("const {{ {} }} = {name};", names.join(", ")));
        }
        Ok(())
    }
}

impl Module {
    fn push_line(&mut self, line: &str) {
        self.body.push_str(line);
        self.body.push('\n');
    }
}

fn unknown_form(path: &str, statement: &str) -> LinkError {
    LinkError::UnknownForm(path.to_owned(), statement.to_owned())
}

/// The lines that are not comments. A comment that begins or ends in a line with code stays.
fn code_lines(source: &str) -> Vec<&str> {
    let mut code = Vec::new();
    let mut is_in_comment = false;
    for line in source.lines() {
        let trimmed = line.trim();
        if is_in_comment {
            is_in_comment = !trimmed.ends_with("*/");
        } else if trimmed.starts_with("/**") && !trimmed.contains("*/") {
            is_in_comment = true;
        } else {
            let is_one_comment =
                trimmed.starts_with("/**") && trimmed.find("*/") == Some(trimmed.len() - 2);
            if !is_one_comment && !trimmed.starts_with("//") {
                code.push(line);
            }
        }
    }
    code
}

/// The names in a list as in `{ a, b as c }`.
fn names_in(list: &str) -> Option<impl Iterator<Item = &str>> {
    let names = list.trim().strip_prefix('{')?.strip_suffix('}')?;
    Some(names.split(',').map(str::trim).filter(|name| !name.is_empty()))
}

/// The name that a declaration as in `async function name() {` declares.
fn declared_name(declaration: &str) -> Option<&str> {
    let after = ["function ", "async function ", "class ", "const "]
        .iter()
        .find_map(|keyword| declaration.strip_prefix(keyword))?;
    let is_in_name = |letter: char| letter.is_alphanumeric() || letter == '_' || letter == '$';
    after.split(|letter| !is_in_name(letter)).next().filter(|name| !name.is_empty())
}

/// Dynamic imports stay requests of their own; the script is in the folder of the entry.
fn with_dynamic_imports_from_root(path: &str, line: &str) -> String {
    const IMPORT: &str = "import(\"";
    let Some((before, after)) = line.split_once(IMPORT) else { return line.to_owned() };
    let Some((target, after)) = after.split_once('"') else { return line.to_owned() };
    format!("{before}{IMPORT}./{}\"{after}", resolved(path, target))
}

/// The path below the root of a module that `path` imports.
fn resolved(path: &str, import: &str) -> String {
    let mut parts: Vec<&str> = path.split('/').collect();
    parts.pop();
    for part in import.split('/') {
        match part {
            "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn link_modules(modules: &[(&str, &str)]) -> Result<String, LinkError> {
        let read = |path: &str| {
            let found = modules.iter().find(|(name, _)| *name == path);
            found.map(|(_, source)| (*source).to_owned())
        };
        link("page.js", &read)
    }

    #[test]
    fn modules_become_functions_in_the_order_of_their_imports() {
        let script = link_modules(&[
            ("page.js", "// A page.\nimport { a, b as c } from \"./x/a.js\";\na(c);\n"),
            (
                "x/a.js",
                "import * as d from \"../d.js\";\n/** Doc. */\nexport const a = d.f;\n\
                 export function b() {}\n",
            ),
            ("d.js", "/**\n * Doc.\n */\nexport class f {}\n"),
        ]);
        let expected = "// d.js\nconst module1 = (() => {\nclass f {}\nreturn { f };\n})();\n\
                        // x/a.js\nconst module0 = (() => {\nconst d = module1;\nconst a = d.f;\n\
                        function b() {}\nreturn { a, b };\n})();\n\
                        const { a, b: c } = module0;\na(c);\n";
        assert_eq!(script.as_deref(), Ok(expected));
    }

    #[test]
    fn names_are_exported_again_and_dynamic_imports_keep_their_target() {
        let script = link_modules(&[
            ("page.js", "import {\n  a,\n} from \"./x/a.js\";\na();\n"),
            ("x/a.js", "export { a } from \"./b.js\";\n"),
            ("x/b.js", "const a = () => import(\"./c.js\");\nexport { a };\n"),
        ]);
        let script = script.expect("it is linked");
        assert!(script.contains("import(\"./x/c.js\")"), "{script}");
        assert!(script.contains("return { a: module1.a };"), "{script}");
    }

    #[test]
    fn code_beside_a_comment_stays() {
        let source = "/** @type {any} */ (a).b();\nc(); // d\n/** e */\n";
        assert_eq!(code_lines(source), ["/** @type {any} */ (a).b();", "c(); // d"]);
    }

    #[test]
    fn circles_missing_modules_and_unknown_forms_are_errors() {
        let circle = [
            ("page.js", "import { a } from \"./a.js\";\n"),
            ("a.js", "import { b } from \"./b.js\";\n"),
            ("b.js", "import { a } from \"./a.js\";\n"),
        ];
        assert_eq!(link_modules(&circle), Err(LinkError::Circle("a.js".to_owned())));
        assert_eq!(link_modules(&circle[..2]), Err(LinkError::Missing("b.js".to_owned())));
        let unknown = link_modules(&[("page.js", "export default a;\n")]);
        assert!(matches!(unknown, Err(LinkError::UnknownForm(..))), "{unknown:?}");
    }
}
