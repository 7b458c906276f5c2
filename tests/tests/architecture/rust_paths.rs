//! A small parser that finds the paths and definitions of a Rust file. It knows the syntax that
//! this repository uses, not all of Rust.

use std::collections::{BTreeMap, BTreeSet};

/// What a file imports, names and defines at its top level.
pub struct SourceFile {
    pub path: String,
    /// Imported names and their paths, re-exports included.
    imports: BTreeMap<String, Vec<String>>,
    globs: Vec<Vec<String>>,
    /// Names that are imported by `pub use`.
    re_exports: BTreeSet<String>,
    /// Paths in the code.
    named: Vec<Vec<String>>,
    /// All words of the code outside of `use`.
    words: BTreeSet<String>,
    definitions: BTreeSet<String>,
}

impl SourceFile {
    /// All paths that the code uses, without those that are imported with `*`. A name that is only
    /// re-exported is not used.
    pub fn paths(&self) -> impl Iterator<Item = &[String]> {
        let is_used = |name: &str| self.words.contains(name) || !self.re_exports.contains(name);
        let used = self.imports.iter().filter(move |(name, _)| is_used(name)).map(|(_, path)| path);
        used.chain(&self.named).map(Vec::as_slice)
    }

    /// Paths that are imported with `*`.
    pub fn globs(&self) -> impl Iterator<Item = &[String]> {
        self.globs.iter().map(Vec::as_slice)
    }

    /// The path of an imported name.
    pub fn import_of(&self, name: &str) -> Option<&[String]> {
        self.imports.get(name).map(Vec::as_slice)
    }

    pub fn defines(&self, name: &str) -> bool {
        self.definitions.contains(name)
    }
}

/// Parses a file. Code under `#[cfg(test)]` is left out.
pub fn parse(path: &str, text: &str) -> SourceFile {
    let mut file = SourceFile {
        path: path.to_owned(),
        imports: BTreeMap::new(),
        globs: Vec::new(),
        re_exports: BTreeSet::new(),
        named: Vec::new(),
        words: BTreeSet::new(),
        definitions: BTreeSet::new(),
    };
    let tokens = without_tests(&tokens(text));
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let next = tokens.get(at + 1).map_or("", String::as_str);
        match token.as_str() {
            "use" => {
                let before: BTreeSet<String> = file.imports.keys().cloned().collect();
                let is_private =
                    at.checked_sub(1).is_none_or(|it| !matches!(tokens[it].as_str(), "pub" | ")"));
                at = import_tree(&tokens, at + 1, &[], &mut file);
                if !is_private {
                    let new = file.imports.keys().filter(|name| !before.contains(*name));
                    file.re_exports.extend(new.cloned());
                }
            }
            "fn" | "struct" | "enum" | "trait" | "type" | "const" | "static" | "union" => {
                file.definitions.insert(next.to_owned());
                at += 1;
            }
            "macro_rules" => {
                file.definitions.extend(tokens.get(at + 2).cloned());
                at += 1;
            }
            word if is_word(word) && next == "::" => {
                let (path, end) = code_path(&tokens, at);
                file.words.extend(path.iter().cloned());
                file.named.push(path);
                at = end;
            }
            word => {
                file.words.insert(word.to_owned());
                at += 1;
            }
        }
    }
    file
}

/// Words, `::`, and single characters; without comments, strings, characters and lifetimes.
fn tokens(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if rest.starts_with("//") => rest.find('\n').unwrap_or(rest.len()),
            _ if rest.starts_with("/*") => rest.find("*/").map_or(rest.len(), |end| end + 2),
            '"' => string_length(rest),
            'r' if rest.starts_with("r\"") || rest.starts_with("r#\"") => raw_string_length(rest),
            '\'' => quote_length(rest),
            _ if rest.starts_with("::") => {
                tokens.push("::".to_owned());
                2
            }
            _ if is_word_char(first) => {
                let length = rest.find(|it| !is_word_char(it)).unwrap_or(rest.len());
                tokens.push(rest[..length].to_owned());
                length
            }
            _ => {
                if !first.is_whitespace() {
                    tokens.push(first.to_string());
                }
                first.len_utf8()
            }
        };
        rest = &rest[length..];
    }
    tokens
}

fn is_word_char(it: char) -> bool {
    it.is_alphanumeric() || it == '_'
}

fn is_word(token: &str) -> bool {
    token.chars().next().is_some_and(is_word_char)
}

fn string_length(text: &str) -> usize {
    let mut is_escaped = false;
    for (at, it) in text.char_indices().skip(1) {
        match it {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string_length(text: &str) -> usize {
    let end = if text.starts_with("r#") { "\"#" } else { "\"" };
    let start = 1 + end.len();
    text[start..].find(end).map_or(text.len(), |at| start + at + end.len())
}

/// The length of a character literal, or of the quote of a lifetime.
fn quote_length(text: &str) -> usize {
    let inner = &text[1..];
    if let Some(escaped) = inner.strip_prefix('\\') {
        let after = 2 + escaped.chars().next().map_or(0, char::len_utf8);
        return text[after..].find('\'').map_or(1, |at| after + at + 1);
    }
    let character = inner.chars().next().map_or(0, char::len_utf8);
    if inner[character..].starts_with('\'') { character + 2 } else { 1 }
}

/// Removes each item that follows `#[cfg(test)]`.
fn without_tests(tokens: &[String]) -> Vec<String> {
    const CFG_TEST: [&str; 7] = ["#", "[", "cfg", "(", "test", ")", "]"];
    let mut kept = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        if tokens[at..].iter().take(CFG_TEST.len()).eq(CFG_TEST.iter()) {
            at = end_of_item(tokens, at + CFG_TEST.len());
        } else {
            kept.push(token.clone());
            at += 1;
        }
    }
    kept
}

/// The position behind the `;` or the closing bracket of an item.
fn end_of_item(tokens: &[String], start: usize) -> usize {
    let mut depth = 0;
    for (at, token) in tokens.iter().enumerate().skip(start) {
        match token.as_str() {
            "{" => depth += 1,
            "}" if depth == 1 => return at + 1,
            "}" => depth -= 1,
            ";" if depth == 0 => return at + 1,
            _ => {}
        }
    }
    tokens.len()
}

/// Adds the imports of one branch of a `use` tree; returns the position of its end.
fn import_tree(tokens: &[String], start: usize, prefix: &[String], file: &mut SourceFile) -> usize {
    let mut path = prefix.to_vec();
    let mut alias = None;
    let mut at = start;
    while let Some(token) = tokens.get(at) {
        match token.as_str() {
            "::" => {}
            "{" => {
                at += 1;
                while tokens.get(at).is_some_and(|it| it != "}") {
                    at = import_tree(tokens, at, &path, file);
                    at += usize::from(tokens.get(at).is_some_and(|it| it == ","));
                }
                return at + 1;
            }
            "*" => {
                file.globs.push(path);
                return at + 1;
            }
            "as" => {
                alias = tokens.get(at + 1).cloned();
                at += 1;
            }
            "self" if !path.is_empty() => {}
            word if is_word(word) => path.push(word.to_owned()),
            _ => break,
        }
        at += 1;
    }
    if let Some(name) = alias.or_else(|| path.last().cloned()) {
        file.imports.insert(name, path);
    }
    at
}

/// The path that starts here, and the position behind it.
fn code_path(tokens: &[String], start: usize) -> (Vec<String>, usize) {
    let mut path: Vec<String> = tokens.get(start).into_iter().cloned().collect();
    let mut at = start + 1;
    while tokens.get(at).is_some_and(|it| it == "::")
        && let Some(word) = tokens.get(at + 1).filter(|it| is_word(it))
    {
        path.push(word.clone());
        at += 2;
    }
    (path, at.max(start + 1))
}
