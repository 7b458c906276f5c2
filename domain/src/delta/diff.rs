//! Finding the change between two texts: for clients that send whole texts, and for clients whose
//! base is gone.
//!
//! The middle that differs is compared word by word with Myers' algorithm ("An O(ND) Difference
//! Algorithm and Its Variations", 1986), since a change of whole words merges more sensibly than
//! one of scattered letters. The browser's `delta.js` finds the very same change.

use alloc::vec;
use alloc::vec::Vec;

use super::Delta;
use crate::text::{Text, len_utf16};

/// Words that may differ before the middle is replaced as a whole: it bounds the time to
/// `DIFFERENCES_MAX` × words, and the memory to `DIFFERENCES_MAX`² numbers.
const DIFFERENCES_MAX: usize = 256;

impl Delta {
    /// A change that makes `new` of `old`.
    #[must_use]
    pub fn diff(old: &Text, new: &Text) -> Self {
        let (prefix, old, new) = strip_common(old.as_str(), new.as_str());
        let mut delta = Self::new();
        delta.push_retain(units(prefix));
        let (old_words, new_words) = (words(old), words(new));
        let kept = common_words(&old_words, &new_words).unwrap_or_default();
        let (mut old_rest, mut new_rest) = (Rest::of(old, &old_words), Rest::of(new, &new_words));
        for (old_kept, new_kept) in kept {
            delta.push_replacement(old_rest.take_until(old_kept), new_rest.take_until(new_kept));
            delta.push_retain(units(old_rest.take_until(old_kept + 1)));
            new_rest.take_until(new_kept + 1);
        }
        delta.push_replacement(old_rest.text, new_rest.text);
        delta.chopped()
    }

    fn push_replacement(&mut self, old: &str, new: &str) {
        let (prefix, old_middle, new_middle) = strip_common(old, new);
        self.push_retain(units(prefix));
        self.push_insert(new_middle);
        self.push_delete(units(old_middle));
        self.push_retain(units(&old[prefix.len() + old_middle.len()..]));
    }
}

fn units(text: &str) -> u32 {
    u32::try_from(len_utf16(text)).unwrap_or(u32::MAX)
}

/// The common beginning, and what is left of both without their common end.
fn strip_common<'a>(old: &'a str, new: &'a str) -> (&'a str, &'a str, &'a str) {
    let same = |(a, b): &(char, char)| a == b;
    let length = |(c, _): (char, char)| c.len_utf8();
    let begin: usize = old.chars().zip(new.chars()).take_while(same).map(length).sum();
    let (prefix, old) = old.split_at(begin);
    let new = &new[begin..];
    let end: usize = old.chars().rev().zip(new.chars().rev()).take_while(same).map(length).sum();
    (prefix, &old[..old.len() - end], &new[..new.len() - end])
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Word,
    Space,
    /// A line end or a punctuation mark: each stands for itself.
    Mark,
}

fn kind(c: char) -> Kind {
    match c {
        ' ' | '\t' => Kind::Space,
        '\n' => Kind::Mark,
        c if c.is_ascii_punctuation() => Kind::Mark,
        _ => Kind::Word,
    }
}

fn words(text: &str) -> Vec<&str> {
    let mut words = Vec::new();
    let mut begin = 0;
    let mut before = None;
    for (index, c) in text.char_indices() {
        let now = kind(c);
        if before.is_some_and(|before| before != now || now == Kind::Mark) {
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

/// What is left of a text that is walked through word by word.
struct Rest<'a> {
    text: &'a str,
    words: &'a [&'a str],
    at: usize,
}

impl<'a> Rest<'a> {
    fn of(text: &'a str, words: &'a [&'a str]) -> Self {
        Self { text, words, at: 0 }
    }

    /// The part up to the word at a place.
    fn take_until(&mut self, place: usize) -> &'a str {
        let len = self.words[self.at..place].iter().map(|word| word.len()).sum();
        let (taken, rest) = self.text.split_at(len);
        (self.text, self.at) = (rest, place);
        taken
    }
}

/// Where diagonal 0 (`x - y`) stands in the rows of furthest points.
const MIDDLE: usize = DIFFERENCES_MAX + 1;

/// The words that stay, as pairs of places; `None` where more than [`DIFFERENCES_MAX`] differ.
fn common_words(old: &[&str], new: &[&str]) -> Option<Vec<(usize, usize)>> {
    let rows = furthest_points(old, new)?;
    let (mut x, mut y) = (old.len(), new.len());
    let mut kept = Vec::new();
    for (d, row) in rows.iter().enumerate().rev() {
        let (from, from_x) = came_from(row, d, MIDDLE + x - y);
        let from_y = from_x + MIDDLE - from;
        while x > from_x && y > from_y {
            (x, y) = (x - 1, y - 1);
            kept.push((x, y));
        }
        (x, y) = (from_x, from_y);
    }
    kept.reverse();
    Some(kept)
}

/// For each number of differences d up to the end: how far along the old words each of the
/// diagonals `MIDDLE - d ..= MIDDLE + d` is reached with fewer than d.
fn furthest_points(old: &[&str], new: &[&str]) -> Option<Vec<Vec<usize>>> {
    let mut reached = vec![0; 2 * MIDDLE + 1];
    let mut rows = Vec::new();
    for d in 0..=DIFFERENCES_MAX {
        let row = reached[MIDDLE - d..=MIDDLE + d].to_vec();
        for diagonal in (MIDDLE - d..=MIDDLE + d).step_by(2) {
            let (from, from_x) = came_from(&row, d, diagonal);
            let mut x = from_x + usize::from(from < diagonal);
            let mut y = x + MIDDLE - diagonal;
            while x < old.len() && old.get(x) == new.get(y) {
                (x, y) = (x + 1, y + 1);
            }
            reached[diagonal] = x;
            if x >= old.len() && y >= new.len() {
                rows.push(row);
                return Some(rows);
            }
        }
        rows.push(row);
    }
    None
}

/// The diagonal from which the d-th difference leads to this one, and how far that was reached:
/// from above by an inserted word, or else from the left by a deleted one.
fn came_from(row: &[usize], d: usize, diagonal: usize) -> (usize, usize) {
    let reached = |diagonal: usize| row.get(diagonal + d - MIDDLE).copied().unwrap_or(0);
    let is_first = diagonal == MIDDLE - d;
    let is_last = diagonal == MIDDLE + d;
    if d == 0 {
        (diagonal, 0)
    } else if is_first || (!is_last && reached(diagonal - 1) < reached(diagonal + 1)) {
        (diagonal + 1, reached(diagonal + 1))
    } else {
        (diagonal - 1, reached(diagonal - 1))
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::{String, ToString};

    use super::*;

    fn diff(old: &str, new: &str) -> Delta {
        let (old, new) = (Text::normalise(old), Text::normalise(new));
        let delta = Delta::diff(&old, &new);
        assert_eq!(delta.apply(&old), Ok(new), "the diff leads to the new text");
        delta
    }

    #[test]
    fn equal_texts_differ_in_nothing() {
        assert!(diff("the same", "the same").is_empty());
    }

    #[test]
    fn a_typed_letter_is_one_insert() {
        assert_eq!(diff("helo world", "hello world"), Delta::new().retain(3).insert("l"));
    }

    #[test]
    fn all_or_nothing() {
        assert_eq!(diff("", "new"), Delta::new().insert("new"));
        assert_eq!(diff("old", ""), Delta::new().delete(3));
    }

    #[test]
    fn two_words_far_apart_are_two_changes() {
        let delta = diff("one two three four five", "one 2 three four 5");
        let expected =
            Delta::new().retain(4).insert("2").delete(3).retain(12).insert("5").delete(4);
        assert_eq!(delta, expected);
    }

    #[test]
    fn a_moved_line_keeps_the_others() {
        let delta = diff("a\nb\nc\n", "b\nc\na\n");
        assert_eq!(delta, Delta::new().delete(2).retain(3).insert("\na"));
    }

    #[test]
    fn a_changed_end_of_a_word_leaves_its_beginning() {
        let delta = diff("we walk, we talk", "we walked, we talked");
        assert_eq!(delta, Delta::new().retain(7).insert("ed").retain(9).insert("ed"));
    }

    #[test]
    fn surrogate_pairs_are_never_split() {
        // Both begin with the same high surrogate.
        assert_eq!(diff("👧", "👩"), Delta::new().insert("👩").delete(2));
    }

    #[test]
    fn texts_with_nothing_in_common_are_replaced_whole() {
        let numbers =
            |from: u32| (from..from + 2_000).map(|n| n.to_string() + " ").collect::<String>();
        let (old, new) = (numbers(0), numbers(5_000));
        assert_eq!(diff(&old, &new).ops().len(), 2);
    }

    #[test]
    fn repeated_words_are_matched_in_order() {
        let delta = diff("x x x y x x", "x x y x x x");
        assert_eq!(delta.len_change(), 0);
        assert!(delta.base_len() <= 11);
    }
}
