//! Changes made at the same time: one rewritten to come after the other.

use super::ops::{Piece, Pieces};
use super::{Delta, Op};
use crate::text::len_utf16;

impl Delta {
    /// `other`, which was made on the same text, rewritten to be carried out after this.
    ///
    /// Where both insert at one place, `priority` puts what this inserts first.
    ///
    /// Several changes are transformed over one by one, in the order of their seqs, and never as
    /// their composition, which forgets where in a deleted passage an insert stood.
    #[must_use]
    pub fn transform(&self, other: &Self, priority: bool) -> Self {
        let (mut first, mut late) = (Pieces::of(self.ops()), Pieces::of(other.ops()));
        let mut rewritten = Self::new();
        while !late.is_done() {
            if first.is_insert() && (priority || !late.is_insert()) {
                rewritten.push_retain(first.len());
                first.take_step();
            } else if late.is_insert() {
                rewritten.push(late.take_step());
            } else {
                let units = first.len().min(late.len());
                let (Ok(done), Ok(wished)) = (first.take(units), late.take(units)) else { break };
                match (done, wished) {
                    (Piece::Delete(_), _) => {}
                    (_, Piece::Delete(_)) => rewritten.push_delete(units),
                    _ => rewritten.push_retain(units),
                }
            }
        }
        rewritten.chopped()
    }

    /// Where a place in the old text, such as a caret, is in the new one.
    ///
    /// What is inserted right there goes before it, unless `stays_before_inserts`.
    #[must_use]
    pub fn transform_index(&self, index: u32, stays_before_inserts: bool) -> u32 {
        let (mut index, mut offset) = (index, 0_u32);
        for op in self.ops() {
            if offset > index {
                break;
            }
            match op {
                Op::Retain(units) => offset = offset.saturating_add(*units),
                Op::Delete(units) => index -= (*units).min(index - offset),
                Op::Insert(text) => {
                    let units = u32::try_from(len_utf16(text)).unwrap_or(u32::MAX);
                    if offset < index || !stays_before_inserts {
                        index = index.saturating_add(units);
                    }
                    offset = offset.saturating_add(units);
                }
            }
        }
        index
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;
    use crate::text::Text;

    /// The text after both, in either order of carrying out.
    fn merge(text: &str, first: &Delta, late: &Delta) -> (String, String) {
        let text = Text::normalise(text);
        let apply = |delta: &Delta, text: &Text| delta.apply(text).expect("it fits");
        let one = apply(&first.transform(late, true), &apply(first, &text));
        let other = apply(&late.transform(first, false), &apply(late, &text));
        (one.into(), other.into())
    }

    #[track_caller]
    fn both_give(text: &str, first: &Delta, late: &Delta, expected: &str) {
        assert_eq!(merge(text, first, late), (expected.into(), expected.into()));
    }

    #[test]
    fn inserts_at_different_places_both_stay() {
        both_give("abc", &Delta::new().insert("1"), &Delta::new().retain(3).insert("2"), "1abc2");
    }

    #[test]
    fn at_one_place_the_one_with_priority_stands_first() {
        both_give(
            "ab",
            &Delta::new().retain(1).insert("1"),
            &Delta::new().retain(1).insert("2"),
            "a12b",
        );
    }

    #[test]
    fn what_both_delete_is_deleted_once() {
        both_give("abcd", &Delta::new().delete(3), &Delta::new().retain(1).delete(3), "");
    }

    #[test]
    fn an_insert_into_what_the_other_deletes_stays() {
        both_give("abcd", &Delta::new().delete(4), &Delta::new().retain(2).insert("X"), "X");
        both_give("abcd", &Delta::new().retain(2).insert("X"), &Delta::new().delete(4), "X");
    }

    #[test]
    fn a_replacement_of_the_same_word_keeps_both_replacements() {
        let first = Delta::new().insert("one").delete(3);
        let late = Delta::new().insert("two").delete(3);
        both_give("old", &first, &late, "onetwo");
    }

    #[test]
    fn a_composition_forgets_where_in_a_deleted_passage_an_insert_stood() {
        let insert = Delta::new().retain(1).insert("X");
        let delete = Delta::new().delete(1).retain(1).delete(1);
        let late = Delta::new().insert("Y");
        let one_by_one = delete.transform(&insert.transform(&late, true), true);
        let at_once = insert.compose(&delete).expect("they fit").transform(&late, true);
        assert_eq!(one_by_one, Delta::new().insert("Y"));
        assert_eq!(at_once, Delta::new().retain(1).insert("Y"));
    }

    #[test]
    fn nothing_changes_nothing() {
        let delta = Delta::new().retain(1).insert("x").delete(1);
        assert_eq!(Delta::new().transform(&delta, true), delta);
        assert!(delta.transform(&Delta::new(), true).is_empty());
    }

    #[test]
    fn a_caret_moves_with_its_text() {
        let delta = Delta::new().retain(2).insert("xyz");
        assert_eq!(delta.transform_index(1, false), 1);
        assert_eq!(delta.transform_index(3, false), 6);
    }

    #[test]
    fn a_caret_at_an_insert_goes_after_it_unless_it_stays() {
        let delta = Delta::new().retain(2).insert("xyz");
        assert_eq!((delta.transform_index(2, false), delta.transform_index(2, true)), (5, 2));
    }

    #[test]
    fn a_caret_in_deleted_text_goes_to_where_it_was() {
        assert_eq!(Delta::new().retain(1).delete(4).transform_index(3, false), 1);
    }

    #[test]
    fn hostile_lengths_do_not_overflow_a_caret() {
        let delta = Delta::new().retain(u32::MAX).insert("x").delete(u32::MAX);
        assert_eq!(delta.transform_index(u32::MAX, false), u32::MAX);
    }
}
