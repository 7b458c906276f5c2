//! The list of terms in `coined-words.txt`.

const LIST: &str = include_str!("coined-words.txt");

/// Where a term is forbidden.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Scope {
    /// In prose and in identifiers.
    Everywhere,
    /// In identifiers, file names and code in backticks only: in prose it is ordinary English.
    Identifiers,
    /// In comments and documents only.
    Prose,
}

/// One form of a term, and what to write instead.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Term {
    /// Its words in lower case, in order.
    pub words: Vec<&'static str>,
    pub scope: Scope,
    pub instead: &'static str,
}

/// All terms.
///
/// # Panics
/// If the list is malformed.
pub fn terms() -> Vec<Term> {
    let lines = LIST.lines().filter(|it| !it.is_empty() && !it.starts_with('#'));
    lines.flat_map(terms_of_line).collect()
}

/// A line is `scope | form, form | what to write instead`.
fn terms_of_line(line: &'static str) -> Vec<Term> {
    let fields: Vec<&str> = line.split('|').map(str::trim).collect();
    let [scope, forms, instead] = fields[..] else { panic!("not three fields: {line}") };
    let scope = match scope {
        "everywhere" => Scope::Everywhere,
        "identifiers" => Scope::Identifiers,
        "prose" => Scope::Prose,
        _ => panic!("an unknown scope: {line}"),
    };
    let term = |form: &'static str| Term { words: form.split(' ').collect(), scope, instead };
    forms.split(", ").map(term).collect()
}
