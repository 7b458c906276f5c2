//! Transforming concurrent deltas.

use super::cursors::{OpCursor, Piece};
use super::{Delta, Op};
use crate::text::len_utf16;

impl Delta {
    /// `other`, which was made on the same text, transformed to apply after this delta.
    ///
    /// If both insert at the same position, `priority` puts the text of this one first.
    ///
    /// Transform over several deltas one by one, in the order of their seqs, and never over their
    /// composition, which loses the position of an insert inside a deleted passage.
    #[must_use]
    pub fn transform(&self, other: &Self, priority: bool) -> Self {
        let (mut first, mut second) = (OpCursor::new(self.ops()), OpCursor::new(other.ops()));
        let mut transformed = Self::new();
        while !second.is_done() {
            if first.is_insert() && (priority || !second.is_insert()) {
                transformed.push_retain(first.len());
                first.take_op();
            } else if second.is_insert() {
                transformed.push(second.take_op());
            } else {
                let units = first.len().min(second.len());
                let (Ok(one), Ok(two)) = (first.take(units), second.take(units)) else { break };
                match (one, two) {
                    (Piece::Delete(_), _) => {}
                    (_, Piece::Delete(_)) => transformed.push_delete(units),
                    _ => transformed.push_retain(units),
                }
            }
        }
        transformed.chopped()
    }

    /// The index in the new text of an index in the old one, such as a caret.
    ///
    /// It moves after an insert at the same index, unless `stays_before_inserts`.
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

    /// The text after both deltas, in either order.
    fn merge(text: &str, first: &Delta, second: &Delta) -> (String, String) {
        let text = Text::normalise(text);
        let apply = |delta: &Delta, text: &Text| delta.apply(text).expect("the delta fits");
        let one = apply(&first.transform(second, true), &apply(first, &text));
        let other = apply(&second.transform(first, false), &apply(second, &text));
        (one.into(), other.into())
    }

    #[track_caller]
    fn assert_merged(text: &str, first: &Delta, second: &Delta, expected: &str) {
        assert_eq!(merge(text, first, second), (expected.into(), expected.into()));
    }

    #[test]
    fn inserts_at_different_positions_are_both_kept() {
        assert_merged(
            "abc",
            &Delta::new().insert("1"),
            &Delta::new().retain(3).insert("2"),
            "1abc2",
        );
    }

    #[test]
    fn of_two_inserts_at_one_position_the_one_with_priority_comes_first() {
        assert_merged(
            "ab",
            &Delta::new().retain(1).insert("1"),
            &Delta::new().retain(1).insert("2"),
            "a12b",
        );
    }

    #[test]
    fn text_that_both_delete_is_deleted_once() {
        assert_merged("abcd", &Delta::new().delete(3), &Delta::new().retain(1).delete(3), "");
    }

    #[test]
    fn an_insert_into_deleted_text_is_kept() {
        assert_merged("abcd", &Delta::new().delete(4), &Delta::new().retain(2).insert("X"), "X");
        assert_merged("abcd", &Delta::new().retain(2).insert("X"), &Delta::new().delete(4), "X");
    }

    #[test]
    fn two_replacements_of_one_word_are_both_kept() {
        let first = Delta::new().insert("one").delete(3);
        let late = Delta::new().insert("two").delete(3);
        assert_merged("old", &first, &late, "onetwo");
    }

    #[test]
    fn a_composition_loses_the_position_of_an_insert_in_a_deleted_passage() {
        let insert = Delta::new().retain(1).insert("X");
        let delete = Delta::new().delete(1).retain(1).delete(1);
        let late = Delta::new().insert("Y");
        let one_by_one = delete.transform(&insert.transform(&late, true), true);
        let at_once = insert.compose(&delete).expect("the deltas fit").transform(&late, true);
        assert_eq!(one_by_one, Delta::new().insert("Y"));
        assert_eq!(at_once, Delta::new().retain(1).insert("Y"));
    }

    #[test]
    fn the_empty_delta_transforms_nothing() {
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
    fn a_caret_in_deleted_text_moves_to_the_deletion() {
        assert_eq!(Delta::new().retain(1).delete(4).transform_index(3, false), 1);
    }

    #[test]
    fn huge_lengths_do_not_overflow_a_caret() {
        let delta = Delta::new().retain(u32::MAX).insert("x").delete(u32::MAX);
        assert_eq!(delta.transform_index(u32::MAX, false), u32::MAX);
    }
}
