//! Word boundaries of a text.

use alloc::vec::Vec;

/// The kinds of boundaries, from the worst to the best place for an edge of a change.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Boundary {
    Letters,
    Marks,
    Words,
    Lines,
}

impl Boundary {
    /// The worst of three boundaries: at the begin and the end of a part, and between the texts around it.
    pub fn at(text: &str, begin: usize, end: usize) -> Self {
        let before = |place: usize| text[..place].chars().next_back();
        let after = |place: usize| text[place..].chars().next();
        let ends = [(begin, begin), (end, end), (begin, end)];
        ends.map(|(left, right)| Self::between(before(left), after(right)))
            .into_iter()
            .min()
            .unwrap_or(Self::Letters)
    }

    fn between(before: Option<char>, after: Option<char>) -> Self {
        let is_blank = |c| char_class(c) == CharClass::Space || c == '\n';
        match (before, after) {
            (None | Some('\n'), _) => Self::Lines,
            (_, None) => Self::Words,
            (Some(before), Some(after)) if is_blank(before) || is_blank(after) => Self::Words,
            (Some(before), Some(after))
                if char_class(before) != char_class(after)
                    || char_class(after) == CharClass::Mark =>
            {
                Self::Marks
            }
            _ => Self::Letters,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CharClass {
    Word,
    Space,
    /// A line end, a punctuation mark, or a character of a script without spaces: each is its own word.
    Mark,
}

fn char_class(c: char) -> CharClass {
    match c {
        ' ' | '\t' => CharClass::Space,
        '\n' => CharClass::Mark,
        c if c.is_ascii_punctuation() => CharClass::Mark,
        '\u{3000}'..='\u{30ff}'
        | '\u{3400}'..='\u{9fff}'
        | '\u{f900}'..='\u{faff}'
        | '\u{ff00}'..='\u{ffef}'
        | '\u{20000}'..='\u{3ffff}' => CharClass::Mark,
        _ => CharClass::Word,
    }
}

pub(super) fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut begin = 0;
    let mut before = None;
    for (index, c) in text.char_indices() {
        let now = char_class(c);
        if before.is_some_and(|before| before != now || now == CharClass::Mark) {
            words.push(&text[begin..index]);
            begin = index;
        }
        before = Some(now);
    }
    if begin < text.len() {
        words.push(&text[begin..]);
    }
    words
}
