//! Finding the change between two texts: for clients that send whole texts, and for clients whose
//! base is gone.
//!
//! Texts are compared word by word, since a change of whole words merges more sensibly than one of
//! scattered letters, and line by line where very much differs. What somebody else typed is carried
//! over the change, and shall not come to stand inside a word: so what is replaced begins and ends
//! between words, and what is only inserted or cut is moved to where it does. The browser's `delta.js`
//! finds the very same change.

use alloc::vec::Vec;
use core::iter::once;
use core::ops::Range;

use super::myers::common_parts;
use super::word_boundaries::{Boundary, words};
use super::{Delta, Op};
use crate::text::{Text, len_utf16};

impl Delta {
    /// A change that makes `new` of `old`.
    #[must_use]
    pub fn diff(old: &Text, new: &Text) -> Self {
        let mut comparison = Comparison { old: old.as_str(), new: new.as_str(), hunks: Vec::new() };
        let all = Hunk { old: 0..comparison.old.len(), new: 0..comparison.new.len() };
        comparison.by_words(&all, Comparison::by_lines);
        comparison.move_hunks();
        comparison.delta()
    }

    /// The same change in two steps: each insert *behind* what it replaces, and then the deletes. What is
    /// carried over the one and then the other stays before or behind the new words, as it stood before
    /// or behind the old ones.
    #[must_use]
    pub fn in_two(&self) -> (Self, Self) {
        let (mut inserts, mut deletes) = (Self::new(), Self::new());
        let mut replacing = "";
        for op in self.ops().iter().chain(once(&Op::Retain(0))) {
            match op {
                Op::Insert(text) => {
                    replacing = text;
                    continue;
                }
                Op::Delete(units) => {
                    inserts.push_retain(*units);
                    deletes.push_delete(*units);
                }
                Op::Retain(_) => {}
            }
            inserts.push_insert(replacing);
            deletes.push_retain(units(core::mem::take(&mut replacing)));
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

/// A part of the old text, and what is there in the new one.
#[derive(Clone)]
struct Hunk {
    old: Range<usize>,
    new: Range<usize>,
}

impl Hunk {
    fn is_one_insert_or_cut(&self) -> bool {
        self.old.is_empty() || self.new.is_empty()
    }

    /// Nothing where the texts do not differ there.
    fn if_any(&self) -> Option<Self> {
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

/// Two texts, and where they differ as far as that is known, from the beginning to the end.
struct Comparison<'a> {
    old: &'a str,
    new: &'a str,
    hunks: Vec<Hunk>,
}

impl<'a> Comparison<'a> {
    /// The words that differ, or what is coarser where they are too many.
    fn by_words(&mut self, at: &Hunk, coarser: fn(&mut Self, &Hunk)) {
        let letters = self.letters(at);
        if letters.is_one_insert_or_cut() {
            self.hunks.extend(letters.if_any());
            return;
        }
        let at = self.between_blanks(at, &letters);
        let (old, new) = self.texts(&at);
        let (old, new) = (words(old), words(new));
        match common_parts(&old, &new) {
            Some(kept) => self.around(&kept, &at, [&old, &new], Self::replaced),
            None => coarser(self, &at),
        }
    }

    fn by_lines(&mut self, at: &Hunk) {
        let (old, new) = self.texts(at);
        let (old, new): (Vec<_>, Vec<_>) =
            (old.split_inclusive('\n').collect(), new.split_inclusive('\n').collect());
        match common_parts(&old, &new).filter(|kept| !kept.is_empty()) {
            Some(kept) => self.around(&kept, at, [&old, &new], |comparison, between| {
                comparison.by_words(between, Self::replaced);
            }),
            None => self.replaced(at),
        }
    }

    /// Goes on with what is before, between and after the parts that stay.
    fn around(
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

    /// Letters are kept where nothing but one insert or one cut is left, and inside of a word that
    /// became another one.
    fn replaced(&mut self, at: &Hunk) {
        let (old, new) = self.texts(at);
        let letters = self.letters(at);
        let is_one_word = words(old).len() == 1 && words(new).len() == 1;
        let hunk = if is_one_word || letters.is_one_insert_or_cut() { &letters } else { at };
        self.hunks.extend(hunk.if_any());
    }

    fn texts(&self, at: &Hunk) -> (&'a str, &'a str) {
        (&self.old[at.old.clone()], &self.new[at.new.clone()])
    }

    /// What is left between the letters at the beginning and at the end that are the same.
    fn letters(&self, at: &Hunk) -> Hunk {
        let same = |(a, b): &(char, char)| a == b;
        let length = |(c, _): (char, char)| c.len_utf8();
        let (old, new) = self.texts(at);
        let begin = old.chars().zip(new.chars()).take_while(same).map(length).sum();
        let [old_end, new_end] = [&old[begin..], &new[begin..]].map(|text| text.chars().rev());
        let end = old_end.zip(new_end).take_while(same).map(length).sum();
        at.without_ends(begin, end)
    }

    /// So much more that no word is cut, in neither of the texts.
    fn between_blanks(&self, at: &Hunk, letters: &Hunk) -> Hunk {
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

    /// Moves each insert and each cut to where it reads best. "- milk" that becomes "- meat", "- milk" had a
    /// line inserted before it, and not "eat", "- m" inside.
    fn move_hunks(&mut self) {
        let mut begin = 0;
        for index in 0..self.hunks.len() {
            let end = self.hunks.get(index + 1).map_or(self.old.len(), |next| next.old.start);
            let hunk = self.moved(&self.hunks[index], begin..end);
            begin = hunk.old.end;
            self.hunks[index] = hunk;
        }
    }

    /// Moved within a part of the old text, of which nothing else differs.
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
        assert_eq!(delta, Delta::new().delete(2).retain(4).insert("a\n"));
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
    fn what_is_only_inserted_or_cut_is_whole_lines_or_else_whole_words() {
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
    fn characters_of_scripts_without_blanks_are_compared_one_by_one() {
        let delta = diff("我们喜欢吃苹果。今天天气很好", "我们喜欢吃 iPhone 梨。今天天气很好");
        assert_eq!(delta, Delta::new().retain(5).insert(" iPhone 梨").delete(2));
    }

    #[test]
    fn in_two_steps_it_is_the_same_change_and_what_stood_before_stays_before() {
        let (old, new) = ("The color is red.", "The colour, size is red.");
        let delta = diff(old, new);
        let (inserts, deletes) = delta.in_two();
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
