//! The language check: coined words in comments, documents, identifiers and file names.
//!
//! String literals and the text of templates are user interface, so they are not checked.

mod finding;
mod source_text;
mod syntax;
mod word_list;

use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::cargo::root;
use finding::{Finding, find};
use source_text::{Part, identifiers_of_path, parts};
use syntax::Syntax;
use word_list::{Term, terms};

/// Parts of the paths that are not checked.
const SKIPPED: [&str; 2] = [
    // Written by others.
    "/vendor/",
    // Migrations cannot change, because databases store their checksums.
    "/migrations/",
];

/// Fails if any tracked file uses a term of `coined-words.txt`, and prints each use.
pub fn check_language() -> Result<()> {
    println!("$ language check");
    let terms = terms();
    let mut findings = Vec::new();
    for path in tracked_files()? {
        let Some(syntax) = Syntax::of_path(&path) else { continue };
        // A file that was deleted and not yet committed is still tracked.
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        for finding in findings_in(&path, syntax, &text, &terms) {
            println!("{path}:{}: `{}`: write {}", finding.line, finding.found, finding.instead);
            findings.push(finding);
        }
    }
    ensure!(
        findings.is_empty(),
        "{} uses of terms in xtask/src/tasks/language/coined-words.txt",
        findings.len()
    );
    Ok(())
}

fn findings_in(path: &str, syntax: Syntax, text: &str, terms: &[Term]) -> Vec<Finding> {
    let mut all: Vec<Part> = parts(syntax, text);
    all.insert(0, identifiers_of_path(path));
    find(&all, terms)
}

/// The paths that git tracks, relative to the workspace's root.
fn tracked_files() -> Result<Vec<String>> {
    let output = Command::new("git").arg("ls-files").current_dir(root()).output();
    let output = output.context("git cannot be run")?;
    ensure!(output.status.success(), "`git ls-files` failed");
    let files = String::from_utf8(output.stdout).context("a path is not UTF-8")?;
    let is_read = |path: &&str| {
        let path = format!("/{path}");
        Path::new(&path).extension().is_some() && !SKIPPED.iter().any(|it| path.contains(it))
    };
    Ok(files.lines().filter(is_read).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The findings in a file of this name, as `line:found`.
    fn found(path: &str, text: &str) -> Vec<String> {
        let syntax = Syntax::of_path(path).expect("a known extension");
        let findings = findings_in(path, syntax, text, &terms());
        findings.iter().map(|it| format!("{}:{}", it.line, it.found)).collect()
    }

    #[test]
    fn a_word_in_a_comment_is_found_with_its_line() {
        assert_eq!(found("a.rs", "fn f() {}\n// Whoever asks.\n"), ["2:whoever"]);
        assert_eq!(
            found("a.js", "f();\n/* Nobody asks.\n Somebody. */"),
            ["2:nobody", "3:somebody"]
        );
        assert_eq!(found("a.sql", "select 1 -- whoever\n"), ["1:whoever"]);
        assert_eq!(found("a.css", "p {} /* whoever */"), ["1:whoever"]);
        assert_eq!(found("a.sh", "ls # whoever\n"), ["1:whoever"]);
        assert_eq!(found("a.toml", "a = 1 # whoever\n"), ["1:whoever"]);
        assert_eq!(found("a.html", "<p>{# whoever #}<!-- nobody -->"), ["1:whoever", "1:nobody"]);
        assert_eq!(found("a.md", "Text.\n\nFor whoever.\n"), ["3:whoever"]);
    }

    #[test]
    fn identifiers_are_split_into_words() {
        assert_eq!(found("a.rs", "struct WorkerRoster;"), ["1:roster"]);
        assert_eq!(found("a.rs", "fn for_whoever_asks() {}"), ["1:whoever"]);
        assert_eq!(found("a.rs", "const NEWS_BOX: u8 = 1;"), ["1:news box"]);
        assert_eq!(found("a.js", "const unmoorText = 1;"), ["1:unmoor"]);
        assert_eq!(found("a.css", ".roll-call { }"), ["1:roll call"]);
        assert_eq!(found("a.sql", "create table roster ()"), ["1:roster"]);
        assert_eq!(found("a.html", "<p class=\"roster\">"), ["1:roster"]);
        assert_eq!(found("a.html", "{% for it in roster %}"), ["1:roster"]);
    }

    #[test]
    fn file_names_are_checked_as_identifiers() {
        assert_eq!(found("src/worker_roster.rs", ""), ["1:roster"]);
        assert_eq!(found("js/roll-call.js", ""), ["1:roll call"]);
    }

    #[test]
    fn a_phrase_is_found_across_a_line_break_and_not_across_a_full_stop() {
        assert_eq!(found("a.rs", "// For those\n// who wait.\n"), ["1:those who"]);
        assert_eq!(found("a.rs", "// Send those. Who waits?\n"), [""; 0]);
        assert_eq!(found("a.rs", "// Send those\nfn f() {}\n// who wait\n"), [""; 0]);
    }

    #[test]
    fn texts_for_users_are_not_checked() {
        assert_eq!(found("a.rs", "let it = \"somebody // nobody\";"), [""; 0]);
        assert_eq!(found("a.rs", "let it = r#\"somebody \" nobody\"#;"), [""; 0]);
        assert_eq!(found("a.js", "show('nobody', `somebody`, /whoever/);"), [""; 0]);
        assert_eq!(found("a.html", "<p title=\"nobody\">Somebody</p>"), [""; 0]);
        assert_eq!(found("a.sql", "select 'somebody'"), [""; 0]);
        assert_eq!(found("a.sh", "echo 'somebody # nobody'"), [""; 0]);
    }

    #[test]
    fn ordinary_english_is_not_found() {
        let text =
            "// A standard path, an early answer, a dead letter, an open file; hear, appear.\n";
        assert_eq!(found("a.rs", text), [""; 0]);
        assert_eq!(found("a.rs", "// It stands in the queue, as was said.\n"), [""; 0]);
    }

    #[test]
    fn code_in_backticks_is_checked_as_an_identifier() {
        assert_eq!(found("a.rs", "// See `worker_stand`.\n"), ["1:stand"]);
        assert_eq!(found("a.md", "See `worker_stand`.\n"), ["1:stand"]);
        assert_eq!(found("a.md", "A ```` ``` ```` tells `worker_stand`.\n"), ["1:stand"]);
        assert_eq!(found("a.md", "A ` tells whoever.\n"), ["1:whoever"]);
    }

    #[test]
    fn every_term_has_a_suggestion() {
        assert!(terms().len() > 50);
        assert!(terms().iter().all(|term| !term.instead.is_empty()));
    }
}
