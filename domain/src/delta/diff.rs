//! The difference of two texts as a delta: for clients that send whole texts, and for clients whose
//! base is gone.
//!
//! Texts are compared by words, because a change of whole words merges better than one of scattered
//! letters, or by lines if too much differs. Concurrent inserts are transformed over the delta and
//! must not end up inside a word, so replacements begin and end at word boundaries, and pure inserts
//! and deletes are shifted to the nearest ones. The browser's `delta/diff.js` computes the same delta.

use alloc::vec::Vec;
use core::iter::once;
use core::ops::Range;

use super::myers::common_parts;
use super::word_boundaries::{Boundary, words};
use super::{Delta, Op};
use crate::text::{Text, len_utf16};

impl Delta {
    /// A delta that changes `old` into `new`.
    #[must_use]
    pub fn diff(old: &Text, new: &Text) -> Self {
        let mut comparison = Comparison { old: old.as_str(), new: new.as_str(), hunks: Vec::new() };
        let all = Hunk { old: 0..comparison.old.len(), new: 0..comparison.new.len() };
        comparison.by_words(&all, Comparison::by_lines);
        comparison.move_hunks();
        comparison.delta()
    }

    /// The same change as two deltas: first the inserts, each *after* the text that it replaces, then
    /// the deletes. A position that is transformed over both stays before (or after) the replacement if
    /// it was before (or after) the replaced text.
    #[must_use]
    pub fn split_inserts_and_deletes(&self) -> (Self, Self) {
        let (mut inserts, mut deletes) = (Self::new(), Self::new());
        let mut pending_insert = "";
        for op in self.ops().iter().chain(once(&Op::Retain(0))) {
            match op {
                Op::Insert(text) => {
                    pending_insert = text;
                    continue;
                }
                Op::Delete(units) => {
                    inserts.push_retain(*units);
                    deletes.push_delete(*units);
                }
                Op::Retain(_) => {}
            }
            inserts.push_insert(pending_insert);
            deletes.push_retain(units(core::mem::take(&mut pending_insert)));
            if let Op::Retain(units) = op {
                inserts.push_retain(*units);
                deletes.push_retain(*units);
            }
        }
        (inserts.chopped(), deletes.chopped())
    }
}

fn units(text: &str) -> u32 {
    u32::try_from(len_utf16(text)).unwrap_or(u32::MAX)
}

/// A range of the old text, and the range of the new text in its place.
#[derive(Clone)]
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

impl Hunk {
    fn is_insert_or_delete(&self) -> bool {
        self.old.is_empty() || self.new.is_empty()
    }

    /// `None` if both ranges are empty.
    fn non_empty(&self) -> Option<Self> {
        (!self.old.is_empty() || !self.new.is_empty()).then(|| self.clone())
    }

    fn shifted(&self, ahead: usize, back: usize) -> Self {
        let shifted = |it: &Range<usize>| it.start + ahead - back..it.end + ahead - back;
        Self { old: shifted(&self.old), new: shifted(&self.new) }
    }

    fn without_ends(&self, begin: usize, end: usize) -> Self {
        let inside = |range: &Range<usize>| range.start + begin..range.end - end;
        Self { old: inside(&self.old), new: inside(&self.new) }
    }
}

/// Two texts and the hunks found so far, in order.
struct Comparison<'a> {
    old: &'a str,
    new: &'a str,
    hunks: Vec<Hunk>,
}

impl<'a> Comparison<'a> {
    /// Adds the words that differ, or calls `coarser` if they are too many.
    fn by_words(&mut self, at: &Hunk, coarser: fn(&mut Self, &Hunk)) {
        let letters = self.letters(at);
        if letters.is_insert_or_delete() {
            self.hunks.extend(letters.non_empty());
            return;
        }
        let at = self.extended_to_words(at, &letters);
        let (old, new) = self.texts(&at);
        let (old, new) = (words(old), words(new));
        match common_parts(&old, &new) {
            Some(kept) => self.for_each_gap(&kept, &at, [&old, &new], Self::replaced),
            None => coarser(self, &at),
        }
    }

    fn by_lines(&mut self, at: &Hunk) {
        let (old, new) = self.texts(at);
        let (old, new): (Vec<_>, Vec<_>) =
            (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
        match common_parts(&old, &new).filter(|kept| !kept.is_empty()) {
            Some(kept) => self.for_each_gap(&kept, at, [&old, &new], |comparison, between| {
                comparison.by_words(between, Self::replaced);
            }),
            None => self.replaced(at),
        }
    }

    /// Calls `differs` on the hunks before, between and after the common parts.
    fn for_each_gap(
        &mut self,
        kept: &[(usize, usize)],
        at: &Hunk,
        [old, new]: [&[&str]; 2],
        differs: fn(&mut Self, &Hunk),
    ) {
        let len = |parts: &[&str]| parts.iter().map(|part| part.len()).sum::<usize>();
        let (mut old_place, mut new_place) = (0, 0);
        let (mut old_at, mut new_at) = (at.old.start, at.new.start);
        for (old_kept, new_kept) in kept.iter().copied().chain(once((old.len(), new.len()))) {
            let old_end = old_at + len(&old[old_place..old_kept]);
            let new_end = new_at + len(&new[new_place..new_kept]);
            differs(self, &Hunk { old: old_at..old_end, new: new_at..new_end });
            let len_kept = old.get(old_kept).map_or(0, |part| part.len());
            (old_at, new_at) = (old_end + len_kept, new_end + len_kept);
            (old_place, new_place) = (old_kept + 1, new_kept + 1);
        }
    }

    /// Adds a hunk, without its common letters if it is a pure insert or delete, or if one word
    /// became another.
    fn replaced(&mut self, at: &Hunk) {
        let (old, new) = self.texts(at);
        let letters = self.letters(at);
        let is_one_word = words(old).len() == 1 && words(new).len() == 1;
        let hunk = if is_one_word || letters.is_insert_or_delete() { &letters } else { at };
        self.hunks.extend(hunk.non_empty());
    }

    fn texts(&self, at: &Hunk) -> (&'a str, &'a str) {
        (&self.old[at.old.clone()], &self.new[at.new.clone()])
    }

    /// The hunk without its common prefix and suffix.
    fn letters(&self, at: &Hunk) -> Hunk {
        let same = |(a, b): &(char, char)| a == b;
        let length = |(c, _): (char, char)| c.len_utf8();
        let (old, new) = self.texts(at);
        let begin = old.chars().zip(new.chars()).take_while(same).map(length).sum();
        let [old_end, new_end] = [&old[begin..], &new[begin..]].map(|text| text.chars().rev());
        let end = old_end.zip(new_end).take_while(same).map(length).sum();
        at.without_ends(begin, end)
    }

    /// `letters` extended to the next word boundaries that both texts have.
    fn extended_to_words(&self, at: &Hunk, letters: &Hunk) -> Hunk {
        let (old, new) = self.texts(at);
        let is_between = |text: &str, place: usize| {
            text.is_char_boundary(place) && Boundary::at(text, place, place) >= Boundary::Words
        };
        let begin = (0..=letters.old.start - at.old.start)
            .rev()
            .find(|&begin| is_between(old, begin) && is_between(new, begin));
        let end = (0..=at.old.end - letters.old.end)
            .rev()
            .find(|&end| is_between(old, old.len() - end) && is_between(new, new.len() - end));
        at.without_ends(begin.unwrap_or(0), end.unwrap_or(0))
    }

    /// Shifts each pure insert and delete to the best boundary. If "- milk" becomes "- meat", "- milk",
    /// a line was inserted before it, rather than "eat", "- m" inside it.
    fn move_hunks(&mut self) {
        let mut begin = 0;
        for index in 0..self.hunks.len() {
            let end = self.hunks.get(index + 1).map_or(self.old.len(), |next| next.old.start);
            let hunk = self.moved(&self.hunks[index], begin..end);
            begin = hunk.old.end;
            self.hunks[index] = hunk;
        }
    }

    /// The hunk shifted within a range of the old text that has no other difference.
    fn moved(&self, hunk: &Hunk, within: Range<usize>) -> Hunk {
        let (text, moved) = match (hunk.old.is_empty(), hunk.new.is_empty()) {
            (true, _) => (self.new, &hunk.new),
            (_, true) => (self.old, &hunk.old),
            _ => return hunk.clone(),
        };
        let first = moved.start - (hunk.old.start - within.start);
        let last = moved.end + (within.end - hunk.old.end);
        let ahead = text[moved.start..].chars().zip(text[moved.end..last].chars());
        let ahead: usize = ahead.take_while(|(a, b)| a == b).map(|(c, _)| c.len_utf8()).sum();
        let (start, end) = (moved.start + ahead, moved.end + ahead);
        let (mut back, mut best) = (0, (Boundary::at(text, start, end), 0));
        let before = text[first..start].chars().rev().zip(text[..end].chars().rev());
        for (c, _) in before.take_while(|(a, b)| a == b) {
            back += c.len_utf8();
            let boundary = Boundary::at(text, start - back, end - back);
            if boundary > best.0 {
                best = (boundary, back);
            }
        }
        hunk.shifted(ahead, best.1)
    }

    fn delta(&self) -> Delta {
        let (mut delta, mut end) = (Delta::new(), 0);
        for Hunk { old, new } in &self.hunks {
            delta.push_retain(units(&self.old[end..old.start]));
            delta.push_insert(&self.new[new.clone()]);
            delta.push_delete(units(&self.old[old.clone()]));
            end = old.end;
        }
        delta.chopped()
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::string::{String, ToString};

    use super::*;

    fn diff(old: &str, new: &str) -> Delta {
        let (old, new) = (Text::normalise(old), Text::normalise(new));
        let delta = Delta::diff(&old, &new);
        assert_eq!(delta.apply(&old), Ok(new), "the diff gives the new text");
        delta
    }

    /// More words than a comparison by words allows.
    fn three_hundred(word: impl Fn(u32) -> String) -> String {
        (0..300).map(word).collect()
    }

    #[test]
    fn equal_texts_have_an_empty_diff() {
        assert!(diff("the same", "the same").is_empty());
    }

    #[test]
    fn a_typed_letter_is_one_insert() {
        assert_eq!(diff("helo world", "hello world"), Delta::new().retain(3).insert("l"));
    }

    #[test]
    fn an_empty_text_differs_by_one_insert_or_delete() {
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
    fn a_moved_line_leaves_the_other_lines_unchanged() {
        let delta = diff("a\nb\nc\n", "b\nc\na\n");
        assert_eq!(delta, Delta::new().delete(2).retain(4).insert("a\n"));
    }

    #[test]
    fn a_changed_word_ending_leaves_the_beginning_unchanged() {
        let delta = diff("we walk, we talk", "we walked, we talked");
        assert_eq!(delta, Delta::new().retain(7).insert("ed").retain(9).insert("ed"));
    }

    #[test]
    fn a_word_that_becomes_two_is_replaced_as_a_whole() {
        let delta = diff("a cup", "a cat nap");
        assert_eq!(delta, Delta::new().retain(2).insert("cat nap").delete(3));
    }

    #[test]
    fn if_too_many_words_differ_common_lines_are_kept() {
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
    fn a_replacement_begins_and_ends_at_word_boundaries() {
        let words = |n: u32| three_hundred(|word| format!("<{word}.{n}>"));
        let delta = diff(&format!("one {}9 two", words(1)), &format!("one {}9 two", words(2)));
        let len = units(&words(1));
        assert_eq!(delta.ops()[0], Op::Retain(4));
        assert_eq!(delta.ops()[2], Op::Delete(len + 1));
    }

    #[test]
    fn a_single_insert_inside_a_word_is_one_insert() {
        assert_eq!(diff("half.", "hawhole alf."), Delta::new().retain(2).insert("whole a"));
    }

    #[test]
    fn inserts_and_deletes_are_shifted_to_lines_or_else_to_words() {
        let delta = diff("- [ ] milk\n", "- [ ] meat\n- [ ] milk\n");
        assert_eq!(delta, Delta::new().insert("- [ ] meat\n"));
        assert_eq!(diff("cup card", "card"), Delta::new().delete(4));
        assert_eq!(diff("a cat", "a cab cat"), Delta::new().retain(2).insert("cab "));
        let twice =
            diff("- [ ] milk\n- [ ] soap\n", "- [ ] meat\n- [ ] milk\n- [ ] salt\n- [ ] soap\n");
        let expected = Delta::new().insert("- [ ] meat\n").retain(11).insert("- [ ] salt\n");
        assert_eq!(twice, expected);
    }

    #[test]
    fn characters_of_scripts_without_spaces_are_compared_one_by_one() {
        let delta = diff("我们喜欢吃苹果。今天天气很好", "我们喜欢吃 iPhone 梨。今天天气很好");
        assert_eq!(delta, Delta::new().retain(5).insert(" iPhone 梨").delete(2));
    }

    #[test]
    fn split_inserts_and_deletes_are_the_same_change_and_keep_positions_before_it() {
        let (old, new) = ("The color is red.", "The colour, size is red.");
        let delta = diff(old, new);
        let (inserts, deletes) = delta.split_inserts_and_deletes();
        assert_eq!(inserts.compose(&deletes), Ok(delta));
        let before = Delta::new().retain(4).insert("exact ");
        let carried = deletes.transform(&inserts.transform(&before, true), true);
        assert_eq!(carried, before);
    }

    #[test]
    fn surrogate_pairs_are_never_split() {
        // Both begin with the same high surrogate.
        assert_eq!(diff("👧", "👩"), Delta::new().insert("👩").delete(2));
    }

    #[test]
    fn texts_with_nothing_in_common_are_replaced_as_a_whole() {
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
