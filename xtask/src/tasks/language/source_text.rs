//! Parses a file into the words that the check reads: prose of comments and documents, and identifiers.

use super::syntax::Syntax;

/// HTML attributes whose values are names.
const NAMING_ATTRIBUTES: [&str; 4] = ["class=\"", "id=\"", "name=\"", "for=\""];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PartKind {
    Prose,
    Identifiers,
}

/// Consecutive words of one kind.
#[derive(PartialEq, Eq, Debug)]
pub struct Part {
    pub kind: PartKind,
    pub words: Vec<Word>,
}

#[derive(PartialEq, Eq, Debug)]
pub struct Word {
    /// In lower case.
    pub text: String,
    /// Counted from 1.
    pub line: usize,
    /// Whether it is the last word of a phrase, as at the end of a sentence or of an identifier.
    pub ends_phrase: bool,
}

/// The identifiers in a path, as if they were in the file's first line.
pub fn identifiers_of_path(path: &str) -> Part {
    Part { kind: PartKind::Identifiers, words: identifier_words(path, 1) }
}

/// All parts of a text, in order.
pub fn parts(syntax: Syntax, text: &str) -> Vec<Part> {
    let mut reader = Reader { syntax, rest: text, line: 1, parts: Vec::new() };
    match syntax {
        Syntax::Markdown => reader.prose(text, 1),
        _ => reader.read(),
    }
    reader.parts
}

struct Reader<'a> {
    syntax: Syntax,
    rest: &'a str,
    line: usize,
    parts: Vec<Part>,
}

impl Reader<'_> {
    fn read(&mut self) {
        let mut before = ' ';
        while let Some(next) = self.rest.chars().next() {
            if self.comment() || self.tag() || self.string(before) {
                before = ' ';
                continue;
            }
            if self.syntax != Syntax::Html && is_identifier(next) {
                let end = self.rest.find(|c| !self.belongs(c)).unwrap_or(self.rest.len());
                before = self.rest[..end].chars().next_back().unwrap_or(' ');
                self.identifiers(&self.rest[..end]);
                self.advance(end);
                continue;
            }
            if !next.is_whitespace() {
                before = next;
            }
            self.advance(next.len_utf8());
        }
    }

    /// Kebab-case is one name in CSS, and a subtraction elsewhere.
    fn belongs(&self, character: char) -> bool {
        is_identifier(character) || (self.syntax == Syntax::Css && character == '-')
    }

    fn advance(&mut self, bytes: usize) {
        let (passed, rest) = self.rest.split_at(bytes);
        self.line += passed.matches('\n').count();
        self.rest = rest;
    }

    /// Reads a comment if one begins here. Line comments below each other are one text.
    fn comment(&mut self) -> bool {
        if let Some(mark) = self.syntax.line_comment()
            && self.rest.starts_with(mark)
        {
            let (mut text, line) = (String::new(), self.line);
            while self.rest.trim_start_matches([' ', '\t']).starts_with(mark) {
                let end = self.rest.find('\n').map_or(self.rest.len(), |end| end + 1);
                text.push_str(
                    self.rest[..end].trim_start().trim_start_matches(['/', '!', '#', '-']),
                );
                self.advance(end);
            }
            self.prose(&text, line);
            return true;
        }
        for (open, close) in self.syntax.block_comments() {
            if let Some(inside) = self.rest.strip_prefix(open) {
                let end = inside.find(close).unwrap_or(inside.len());
                let (text, line) = (inside[..end].to_owned(), self.line);
                self.prose(&text, line);
                self.advance((open.len() + end + close.len()).min(self.rest.len()));
                return true;
            }
        }
        false
    }

    /// Reads the names in a tag or in an expression of a template if one begins here.
    fn tag(&mut self) -> bool {
        if self.syntax != Syntax::Html {
            return false;
        }
        for (open, close) in [("{%", "%}"), ("{{", "}}")] {
            if self.rest.starts_with(open) {
                let end = self.rest.find(close).unwrap_or(self.rest.len());
                let code = without_strings(&self.rest[..end]);
                self.identifiers(&code);
                self.advance(end);
                return true;
            }
        }
        for attribute in NAMING_ATTRIBUTES {
            if let Some(inside) = self.rest.strip_prefix(attribute) {
                let end = inside.find('"').unwrap_or(inside.len());
                let names = inside[..end].to_owned();
                self.identifiers(&names);
                self.advance(attribute.len() + end);
                return true;
            }
        }
        false
    }

    /// Skips a string literal, or a regular expression, if one begins here.
    fn string(&mut self, before: char) -> bool {
        let next = self.rest.chars().next().unwrap_or(' ');
        let end = if self.syntax == Syntax::Rust && is_raw_string(self.rest) {
            raw_string_end(self.rest)
        } else if self.syntax == Syntax::Rust && next == '\'' {
            character_end(self.rest)
        } else if self.syntax.quotes().contains(&next) {
            quoted_end(self.rest, next)
        } else if self.syntax == Syntax::JavaScript
            && next == '/'
            && "(=,:[!&|?{};> ".contains(before)
        {
            quoted_end(self.rest, '/')
        } else {
            return false;
        };
        self.advance(end);
        true
    }

    fn identifiers(&mut self, code: &str) {
        let words = identifier_words(code, self.line);
        self.parts.push(Part { kind: PartKind::Identifiers, words });
    }

    /// Reads prose with code between backticks.
    fn prose(&mut self, text: &str, first_line: usize) {
        let mut line = first_line;
        let mut prose = Part { kind: PartKind::Prose, words: Vec::new() };
        for (is_code, piece) in code_and_prose(text) {
            if is_code {
                let words = identifier_words(piece, line);
                self.parts.push(Part { kind: PartKind::Identifiers, words });
                end_phrase(&mut prose.words);
            } else {
                prose.words.extend(prose_words(piece, line));
            }
            line += piece.matches('\n').count();
        }
        self.parts.push(prose);
    }
}

/// Splits a text at code spans, as `(is code, text)`. The same number of backticks opens and closes a
/// span; backticks that open no span are prose.
fn code_and_prose(text: &str) -> Vec<(bool, &str)> {
    let mut pieces = Vec::new();
    let (mut rest, mut searched) = (text, 0);
    while let Some(offset) = rest[searched..].find('`') {
        let open = searched + offset;
        let ticks = backticks(&rest[open..]);
        let start = open + ticks;
        if let Some(end) = closing_backticks(&rest[start..], ticks) {
            pieces.push((false, &rest[..open]));
            pieces.push((true, &rest[start..start + end]));
            rest = &rest[start + end + ticks..];
            searched = 0;
        } else {
            searched = start;
        }
    }
    pieces.push((false, rest));
    pieces
}

/// The number of backticks at the start.
fn backticks(text: &str) -> usize {
    text.len() - text.trim_start_matches('`').len()
}

/// The index of the next run of exactly this many backticks.
fn closing_backticks(text: &str, count: usize) -> Option<usize> {
    let mut searched = 0;
    while let Some(offset) = text[searched..].find('`') {
        let run = backticks(&text[searched + offset..]);
        if run == count {
            return Some(searched + offset);
        }
        searched += offset + run;
    }
    None
}

fn end_phrase(words: &mut [Word]) {
    if let Some(word) = words.last_mut() {
        word.ends_phrase = true;
    }
}

fn is_identifier(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

fn prose_words(text: &str, first_line: usize) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut line = first_line;
    let mut word = String::new();
    for character in text.chars().chain([' ']) {
        if character.is_alphanumeric() || (character == '\'' && !word.is_empty()) {
            word.extend(character.to_lowercase());
            continue;
        }
        if !word.is_empty() {
            words.push(Word { text: std::mem::take(&mut word), line, ends_phrase: false });
        }
        match character {
            '\n' => line += 1,
            ' ' | '\t' | '-' => {}
            _ => end_phrase(&mut words),
        }
    }
    words
}

/// The words of identifiers in snake, camel or kebab case.
fn identifier_words(code: &str, first_line: usize) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut line = first_line;
    let mut word = String::new();
    let finish = |word: &mut String, line: usize, words: &mut Vec<Word>| {
        if !word.is_empty() {
            let text = std::mem::take(word).to_lowercase();
            words.push(Word { text, line, ends_phrase: false });
        }
    };
    for character in code.chars().chain([' ']) {
        let starts_word = character.is_uppercase() && word.chars().any(char::is_lowercase);
        if starts_word || !character.is_alphanumeric() {
            finish(&mut word, line, &mut words);
        }
        match character {
            '\n' => {
                line += 1;
                end_phrase(&mut words);
            }
            '_' | '-' => {}
            it if it.is_alphanumeric() => word.push(it),
            _ => end_phrase(&mut words),
        }
    }
    words
}

fn without_strings(code: &str) -> String {
    code.split('"').step_by(2).collect::<Vec<_>>().join(" ")
}

/// The index after the closing quote; a backslash escapes one character.
fn quoted_end(text: &str, quote: char) -> usize {
    let mut characters = text.char_indices().skip(1);
    while let Some((at, character)) = characters.next() {
        if character == '\\' {
            characters.next();
        } else if character == quote {
            return at + character.len_utf8();
        }
    }
    text.len()
}

/// `r"`, `br"`, `r#"` and so on.
fn is_raw_string(text: &str) -> bool {
    let after = text.strip_prefix('b').unwrap_or(text).strip_prefix('r');
    after.is_some_and(|it| it.trim_start_matches('#').starts_with('"') && !it.starts_with("#\n"))
}

fn raw_string_end(text: &str) -> usize {
    let quote = text.find('"').unwrap_or(0);
    let close = format!("\"{}", "#".repeat(text[..quote].matches('#').count()));
    text[quote + 1..].find(&close).map_or(text.len(), |end| quote + 1 + end + close.len())
}

/// The index after a character literal, or after the quote of a lifetime.
fn character_end(text: &str) -> usize {
    let mut characters = text.char_indices().skip(1);
    match characters.next() {
        Some((_, '\\')) => quoted_end(text, '\''),
        Some(_) => match characters.next() {
            Some((at, '\'')) => at + 1,
            _ => 1,
        },
        None => 1,
    }
}
