//! Finds addresses in plain text, which become links, similar to GFM's "autolink literals".
//!
//! The browser has the same rules (`assets/js/markdown/autolinks.js`). `tests/vectors/autolinks.json`
//! has examples for both:
//!
//! - A web address starts with `http://`, `https://` or `www.` in any case, not directly after a letter
//!   or digit. `www.` counts only at the start of the text, or after white space or one of `*~(`.
//! - A domain follows: letters, digits, `-`, `_`, `.` and non-ASCII characters except white space. It
//!   has at least two labels, no empty label, and no `_` in the last two labels.
//! - The address ends before white space or `<`. Trailing punctuation is not part of it: `?!.,:*_~'"`,
//!   a `)` without a `(` in the address, and an entity such as `&name;`.
//! - A mail address consists of letters, digits and `.-_+`, then `@`, then labels of letters, digits,
//!   `-` and `_` separated by dots, in ASCII. Its last character is a letter or digit.

use std::ops::Range;

/// An address within a text.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Autolink {
    pub(super) range: Range<usize>,
    /// The prefix that makes the address a link target.
    pub(super) prefix: &'static str,
}

/// All addresses in `text`, in order.
pub(super) fn autolinks(text: &str) -> Vec<Autolink> {
    let mut found = Vec::new();
    let mut from = 0;
    let bytes = text.as_bytes();
    for (at, byte) in text.bytes().enumerate() {
        if at < from {
            continue;
        }
        let autolink = match byte {
            b'h' | b'H' | b'w' | b'W' => web_link(text, from, at),
            b'@' => mail_link(bytes, from, at),
            _ => None,
        };
        if let Some(autolink) = autolink {
            from = autolink.range.end;
            found.push(autolink);
        }
    }
    found
}

fn web_link(text: &str, from: usize, at: usize) -> Option<Autolink> {
    let before = text[from..at].chars().next_back();
    let starts_with = |scheme: &str| {
        let start = text.as_bytes().get(at..at + scheme.len());
        start.is_some_and(|it| it.eq_ignore_ascii_case(scheme.as_bytes()))
    };
    let is_after_letter = before.is_some_and(|it| it.is_ascii_alphanumeric());
    let (domain, prefix) = if starts_with("https://") && !is_after_letter {
        (at + "https://".len(), "")
    } else if starts_with("http://") && !is_after_letter {
        (at + "http://".len(), "")
    } else if starts_with("www.") && before.is_none_or(may_precede_www) {
        (at, "http://")
    } else {
        return None;
    };
    let domain_length = domain_length(&text[domain..])?;
    let tail = &text[domain + domain_length..];
    let tail_length = tail.find(|it: char| it == '<' || it.is_whitespace()).unwrap_or(tail.len());
    let end = trimmed_end(text, domain, domain + domain_length + tail_length);
    (end > domain).then_some(Autolink { range: at..end, prefix })
}

fn may_precede_www(before: char) -> bool {
    before.is_whitespace() || matches!(before, '*' | '~' | '(')
}

/// The length of the domain at the start of `text`, without trailing dots.
fn domain_length(text: &str) -> Option<usize> {
    let is_in_domain = |it: char| {
        it.is_ascii_alphanumeric()
            || matches!(it, '-' | '_' | '.')
            || (!it.is_ascii() && !it.is_whitespace())
    };
    let domain = text.find(|it| !is_in_domain(it)).map_or(text, |end| &text[..end]);
    let domain = domain.trim_end_matches('.');
    let mut labels = domain.rsplit('.');
    let (last, second) = (labels.next()?, labels.next()?);
    let is_valid = !last.contains('_')
        && !second.contains('_')
        && domain.split('.').all(|label| !label.is_empty());
    is_valid.then_some(domain.len())
}

/// The end of the address in `text[start..end]`, without trailing punctuation.
fn trimmed_end(text: &str, start: usize, end: usize) -> usize {
    let bytes = text.as_bytes();
    let count = |mark: char| text[start..end].matches(mark).count();
    let (opening, mut closing) = (count('('), count(')'));
    let mut end = end;
    while end > start {
        match bytes[end - 1] {
            b'?' | b'!' | b'.' | b',' | b':' | b'*' | b'_' | b'~' | b'\'' | b'"' => end -= 1,
            b')' if closing > opening => {
                closing -= 1;
                end -= 1;
            }
            b';' => match entity_start(&bytes[start..end]) {
                Some(length) => end = start + length,
                None => return end,
            },
            _ => return end,
        }
    }
    end
}

/// The start of the entity (`&name;`) at the end of `bytes`.
fn entity_start(bytes: &[u8]) -> Option<usize> {
    let name = &bytes[..bytes.len() - 1];
    let letters = name.iter().rev().take_while(|it| it.is_ascii_alphanumeric()).count();
    let at = name.len().checked_sub(letters + 1)?;
    (letters > 0 && name[at] == b'&').then_some(at)
}

fn mail_link(bytes: &[u8], from: usize, at: usize) -> Option<Autolink> {
    let is_local = |it: &&u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_' | b'+');
    let local = bytes[from..at].iter().rev().take_while(is_local).count();
    let is_domain = |it: &&u8| it.is_ascii_alphanumeric() || matches!(it, b'.' | b'-' | b'_');
    let mut end = at + 1 + bytes[at + 1..].iter().take_while(is_domain).count();
    while bytes[end - 1] == b'.' {
        end -= 1;
    }
    let domain = &bytes[(at + 1).min(end)..end];
    let has_dot = domain.contains(&b'.');
    let is_whole = domain.split(|it| *it == b'.').all(|label| !label.is_empty());
    let ends_well = domain.last().is_some_and(u8::is_ascii_alphanumeric);
    (local > 0 && has_dot && is_whole && ends_well)
        .then_some(Autolink { range: at - local..end, prefix: "mailto:" })
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize)]
    struct Example {
        text: String,
        /// The text of each link, and its target.
        links: Vec<(String, String)>,
    }

    #[test]
    fn the_examples_hold() {
        let examples = include_str!("../../../../tests/vectors/autolinks.json");
        let examples: Vec<Example> = serde_json::from_str(examples).expect("valid examples");
        for Example { text, links } in examples {
            let found: Vec<_> = autolinks(&text)
                .into_iter()
                .map(|it| {
                    let address = text[it.range].to_owned();
                    (address.clone(), format!("{}{address}", it.prefix))
                })
                .collect();
            assert_eq!(found, links, "{text:?}");
        }
    }
}
