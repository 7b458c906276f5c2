//! Changes of a text: retain, insert, delete — the text subset of Quill's Delta format
//! (<https://quilljs.com/docs/delta>). Lengths are UTF-16 code units, as in JavaScript.
//!
//! A delta must fit the text that it is applied to or inverted on: lengths are never clamped, and
//! surrogate pairs are never split. [`Delta::transform`] merges concurrent changes.

mod apply;
mod compose;
mod cursors;
mod diff;
mod invert;
mod json;
mod myers;
mod transform;
mod word_boundaries;

use alloc::string::String;
use alloc::vec::Vec;

use crate::text::{Text, len_utf16};

/// One operation of a delta.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// Keep this many units.
    Retain(u32),
    /// Insert this text.
    Insert(String),
    /// Delete this many units.
    Delete(u32),
}

/// A change of a text, in canonical form: no empty op, no two adjacent ops of one kind, inserts
/// before adjacent deletes, no trailing retain.
#[derive(Clone, Debug, Default)]
pub struct Delta {
    ops: Vec<Op>,
}

impl PartialEq for Delta {
    fn eq(&self, other: &Self) -> bool {
        self.ops() == other.ops()
    }
}

impl Eq for Delta {}

/// Why a delta does not fit a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeltaError {
    /// It reaches beyond the end of the text.
    #[error("it reaches beyond the end of the text")]
    BeyondEnd,
    /// It splits a character of two UTF-16 units.
    #[error("it cuts a surrogate pair in two")]
    SplitsPair,
    /// It inserts a forbidden character.
    #[error("it inserts a control character (only LF and TAB are allowed)")]
    ForbiddenCharacter,
}

impl Delta {
    /// The empty delta.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Appends a retain.
    #[must_use]
    pub fn retain(mut self, units: u32) -> Self {
        self.push_retain(units);
        self
    }

    /// Appends an insert.
    #[must_use]
    pub fn insert(mut self, text: &str) -> Self {
        self.push_insert(text);
        self
    }

    /// Appends a delete.
    #[must_use]
    pub fn delete(mut self, units: u32) -> Self {
        self.push_delete(units);
        self
    }

    /// The operations, in order.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        // A trailing retain has no effect; it is stored while building, because more ops may follow.
        match self.ops.split_last() {
            Some((Op::Retain(_), before)) => before,
            _ => &self.ops,
        }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ops().is_empty()
    }

    /// The units of the old text that the ops cover: the minimum length of a text that it fits.
    #[must_use]
    pub fn base_len(&self) -> u64 {
        let units = |op: &Op| match op {
            Op::Retain(units) | Op::Delete(units) => u64::from(*units),
            Op::Insert(_) => 0,
        };
        self.ops().iter().map(units).sum()
    }

    /// The change of the text's length in units.
    #[must_use]
    pub fn len_change(&self) -> i64 {
        let change = |op: &Op| match op {
            Op::Retain(_) => 0,
            Op::Insert(text) => i64::try_from(len_utf16(text)).unwrap_or(i64::MAX),
            Op::Delete(units) => -i64::from(*units),
        };
        self.ops().iter().map(change).sum()
    }

    /// Whether it inserts no forbidden character.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.ops().iter().all(|op| match op {
            Op::Insert(text) => Text::is_clean(text),
            Op::Retain(_) | Op::Delete(_) => true,
        })
    }

    fn push_retain(&mut self, units: u32) {
        match self.ops.last_mut() {
            _ if units == 0 => {}
            // Texts are far shorter than the value at which this saturates.
            Some(Op::Retain(last)) => *last = last.saturating_add(units),
            _ => self.ops.push(Op::Retain(units)),
        }
    }

    fn push_delete(&mut self, units: u32) {
        match self.ops.last_mut() {
            _ if units == 0 => {}
            Some(Op::Delete(last)) => *last = last.saturating_add(units),
            _ => self.ops.push(Op::Delete(units)),
        }
    }

    fn push_insert(&mut self, text: &str) {
        if text.is_empty() {
            return;
        }
        match self.ops.as_mut_slice() {
            [.., Op::Insert(last)] | [.., Op::Insert(last), Op::Delete(_)] => last.push_str(text),
            [.., Op::Delete(_)] => self.ops.insert(self.ops.len() - 1, Op::Insert(text.into())),
            _ => self.ops.push(Op::Insert(text.into())),
        }
    }

    /// Removes the trailing retain after all ops are pushed.
    fn chopped(mut self) -> Self {
        if let Some(Op::Retain(_)) = self.ops.last() {
            self.ops.pop();
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    #[test]
    fn adjacent_ops_of_one_kind_are_merged() {
        let delta = Delta::new().retain(1).retain(2).insert("a").insert("b").delete(1).delete(2);
        assert_eq!(delta.ops(), [Op::Retain(3), Op::Insert("ab".into()), Op::Delete(3)]);
    }

    #[test]
    fn an_insert_comes_before_an_adjacent_delete() {
        let delta = Delta::new().delete(2).insert("x");
        assert_eq!(delta.ops(), [Op::Insert("x".into()), Op::Delete(2)]);
        let delta = Delta::new().insert("a").delete(2).insert("b").delete(1);
        assert_eq!(delta.ops(), [Op::Insert("ab".into()), Op::Delete(3)]);
    }

    #[test]
    fn empty_ops_are_dropped() {
        let delta = Delta::new().retain(0).insert("").delete(0);
        assert!(delta.is_empty());
    }

    #[test]
    fn a_trailing_retain_is_dropped() {
        let delta = Delta::new().insert("x").retain(5);
        assert_eq!(delta.ops(), vec![Op::Insert("x".into())]);
        assert_eq!(Delta::new().retain(5), Delta::new());
        assert!(Delta::new().retain(5).is_empty());
    }

    #[test]
    fn lengths_are_utf16_units() {
        let delta = Delta::new().retain(3).insert("👧é").delete(1);
        assert_eq!((delta.base_len(), delta.len_change()), (4, 2));
    }

    #[test]
    fn a_control_character_is_not_clean() {
        assert!(Delta::new().insert("a\n\tb").is_clean());
        for text in ["\r", "\0", "\u{1b}", "\u{7f}", "\u{9b}"] {
            assert!(!Delta::new().insert(text).is_clean(), "{text:?}");
        }
    }

    #[test]
    fn huge_lengths_do_not_overflow() {
        let delta = Delta::new().retain(u32::MAX).retain(u32::MAX).delete(u32::MAX);
        assert_eq!(delta.base_len(), u64::from(u32::MAX) * 2);
    }
}
