//! Uses of terms in the words of a file.

use super::source_text::{Part, PartKind, Word};
use super::word_list::{Scope, Term};

/// One use of a term.
#[derive(PartialEq, Eq, Debug)]
pub struct Finding {
    /// Counted from 1.
    pub line: usize,
    pub found: String,
    pub instead: &'static str,
}

/// All uses, in the order of the text.
pub fn find(parts: &[Part], terms: &[Term]) -> Vec<Finding> {
    parts.iter().flat_map(|part| find_in_part(part, terms)).collect()
}

fn find_in_part(part: &Part, terms: &[Term]) -> Vec<Finding> {
    let applies = |term: &&Term| match term.scope {
        Scope::Everywhere => true,
        Scope::Identifiers => part.kind == PartKind::Identifiers,
        Scope::Prose => part.kind == PartKind::Prose,
    };
    let terms: Vec<&Term> = terms.iter().filter(applies).collect();
    let mut findings = Vec::new();
    for (start, word) in part.words.iter().enumerate() {
        let here = terms.iter().filter(|term| begins_with(&part.words[start..], term));
        if let Some(term) = here.max_by_key(|term| term.words.len()) {
            let found = term.words.join(" ");
            findings.push(Finding { line: word.line, found, instead: term.instead });
        }
    }
    findings
}

/// Whether the text begins with the words of a term, without a break between them.
fn begins_with(words: &[Word], term: &Term) -> bool {
    let count = term.words.len();
    words.len() >= count
        && words.iter().zip(&term.words).all(|(word, expected)| word.text == *expected)
        && words[..count - 1].iter().all(|word| !word.ends_phrase)
}
