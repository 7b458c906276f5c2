//! Finding the change between two texts: for clients that send whole texts, and for clients whose
//! base is gone.
//!
//! Texts are compared word by word with Myers' algorithm ("An O(ND) Difference Algorithm and Its
//! Variations", 1986), since a change of whole words merges more sensibly than one of scattered
//! letters. What is replaced begins and ends between words: what somebody else typed into the old
//! part is put beside the new one, and shall not stand inside a word of it. The browser's `delta.js`
//! finds the very same change.

use alloc::vec;
use alloc::vec::Vec;

use super::Delta;
use crate::text::{Text, len_utf16};

/// Words that may differ before lines are compared, and lines before all is replaced: it bounds the
/// time to `DIFFERENCES_MAX` × words, and the memory to `DIFFERENCES_MAX`² numbers.
const DIFFERENCES_MAX: usize = 256;

impl Delta {
    /// A change that makes `new` of `old`.
    #[must_use]
    pub fn diff(old: &Text, new: &Text) -> Self {
        let mut delta = Self::new();
        delta.push_by_words(old.as_str(), new.as_str(), Self::push_by_lines);
        delta.chopped()
    }

    /// The words that differ, or what is coarser where they are too many.
    fn push_by_words(&mut self, old: &str, new: &str, coarser: fn(&mut Self, &str, &str)) {
        if Common::of(old, new).is_all_but_one_change() {
            return self.push_replacement(old, new);
        }
        let Common { prefix, old, new, suffix } = Common::between_blanks(old, new);
        self.push_retain(units(prefix));
        let (old_words, new_words) = (words(old), words(new));
        match common_parts(&old_words, &new_words) {
            Some(kept) => self.push_around(&kept, &old_words, &new_words, Self::push_replacement),
            None => coarser(self, old, new),
        }
        self.push_retain(units(suffix));
    }

    fn push_by_lines(&mut self, old: &str, new: &str) {
        let (old_lines, new_lines) = (lines(old), lines(new));
        let kept = common_parts(&old_lines, &new_lines).unwrap_or_default();
        self.push_around(&kept, &old_lines, &new_lines, |delta, old, new| {
            delta.push_by_words(old, new, Self::push_replacement);
        });
    }

    /// Keeps the parts at the pairs of places, and pushes what differs before, between and after them.
    fn push_around(
        &mut self,
        kept: &[(usize, usize)],
        old: &[&str],
        new: &[&str],
        push_difference: fn(&mut Self, &str, &str),
    ) {
        let (mut old_at, mut new_at) = (0, 0);
        for &(old_kept, new_kept) in kept {
            push_difference(self, &old[old_at..old_kept].concat(), &new[new_at..new_kept].concat());
            self.push_retain(units(old[old_kept]));
            (old_at, new_at) = (old_kept + 1, new_kept + 1);
        }
        push_difference(self, &old[old_at..].concat(), &new[new_at..].concat());
    }

    /// Letters are kept where nothing but one insert or one cut is left, and inside of a word that
    /// became another one.
    fn push_replacement(&mut self, old: &str, new: &str) {
        let mut common = Common::of(old, new);
        let is_one_word = words(old).len() == 1 && words(new).len() == 1;
        if !common.is_all_but_one_change() && !is_one_word {
            common = Common { prefix: "", old, new, suffix: "" };
        }
        self.push_retain(units(common.prefix));
        self.push_insert(common.new);
        self.push_delete(units(common.old));
        self.push_retain(units(common.suffix));
    }
}

fn units(text: &str) -> u32 {
    u32::try_from(len_utf16(text)).unwrap_or(u32::MAX)
}

/// How two texts begin and end alike, and the middles that are left.
struct Common<'a> {
    prefix: &'a str,
    old: &'a str,
    new: &'a str,
    suffix: &'a str,
}

impl<'a> Common<'a> {
    fn of(old: &'a str, new: &'a str) -> Self {
        let same = |(a, b): &(char, char)| a == b;
        let length = |(c, _): (char, char)| c.len_utf8();
        let begin = old.chars().zip(new.chars()).take_while(same).map(length).sum();
        let [old_end, new_end] = [&old[begin..], &new[begin..]].map(|text| text.chars().rev());
        let end = old_end.zip(new_end).take_while(same).map(length).sum();
        Self::cut(old, new, begin, end)
    }

    /// Whether nothing but one insert or one cut is left.
    fn is_all_but_one_change(&self) -> bool {
        self.old.is_empty() || self.new.is_empty()
    }

    /// So much of it that no word is cut, in neither of the texts.
    fn between_blanks(old: &'a str, new: &'a str) -> Self {
        let common = Self::of(old, new);
        let begin = (0..=common.prefix.len())
            .rev()
            .find(|&at| is_between_blanks(old, at) && is_between_blanks(new, at));
        let end = (0..=common.suffix.len()).rev().find(|&len| {
            is_between_blanks(old, old.len() - len) && is_between_blanks(new, new.len() - len)
        });
        Self::cut(old, new, begin.unwrap_or(0), end.unwrap_or(0))
    }

    fn cut(old: &'a str, new: &'a str, begin: usize, end: usize) -> Self {
        let (prefix, old) = old.split_at(begin);
        let (old, suffix) = old.split_at(old.len() - end);
        Self { prefix, old, new: &new[begin..new.len() - end], suffix }
    }
}

/// Whether a text begins or ends there, or there is a blank before or after.
fn is_between_blanks(text: &str, at: usize) -> bool {
    let is_blank = |byte: Option<&u8>| byte.is_none_or(|byte| matches!(byte, b' ' | b'\t' | b'\n'));
    is_blank(text.as_bytes()[..at].last()) || is_blank(text.as_bytes().get(at))
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

fn lines(text: &str) -> Vec<&str> {
    text.split_inclusive('\n').collect()
}

/// Where diagonal 0 (`x - y`) stands in the rows of furthest points.
const MIDDLE: usize = DIFFERENCES_MAX + 1;

/// The parts that stay, as pairs of places; `None` where more than [`DIFFERENCES_MAX`] differ.
fn common_parts(old: &[&str], new: &[&str]) -> Option<Vec<(usize, usize)>> {
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

/// For each number of differences d up to the end: how far along the old parts each of the
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
/// from above by an inserted part, or else from the left by a deleted one.
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
    use alloc::format;
    use alloc::string::{String, ToString};

    use super::*;
    use crate::delta::Op;

    fn diff(old: &str, new: &str) -> Delta {
        let (old, new) = (Text::normalise(old), Text::normalise(new));
        let delta = Delta::diff(&old, &new);
        assert_eq!(delta.apply(&old), Ok(new), "the diff leads to the new text");
        delta
    }

    /// More words than are compared.
    fn three_hundred(word: impl Fn(u32) -> String) -> String {
        (0..300).map(word).collect()
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
    fn a_word_that_becomes_two_is_replaced_whole() {
        let delta = diff("a cup", "a cat nap");
        assert_eq!(delta, Delta::new().retain(2).insert("cat nap").delete(3));
    }

    #[test]
    fn where_too_many_words_differ_the_lines_that_stay_are_kept() {
        let page = |n: u32| three_hundred(|word| format!("{word}.{n} "));
        let delta = diff(
            &format!("{}\nhere we type\n{}", page(1), page(2)),
            &format!("{}\nhere we type\n{}", page(3), page(4)),
        );
        let mine = Delta::new().retain(units(&page(1)) + 9).insert("both ");
        let kept = delta.transform(&mine, true);
        assert_eq!(kept, Delta::new().retain(units(&page(3)) + 9).insert("both "));
    }

    #[test]
    fn what_is_replaced_begins_and_ends_between_words() {
        let words = |n: u32| three_hundred(|word| format!("<{word}.{n}>"));
        let delta = diff(&format!("one {}9 two", words(1)), &format!("one {}9 two", words(2)));
        let len = units(&words(1));
        assert_eq!(delta.ops()[0], Op::Retain(4));
        assert_eq!(delta.ops()[2], Op::Delete(len + 1));
    }

    #[test]
    fn one_insert_is_found_wherever_it_is() {
        assert_eq!(diff("half.", "hawhole alf."), Delta::new().retain(2).insert("whole a"));
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
