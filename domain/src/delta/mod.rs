//! Changes of a text: retain, insert, delete — the text subset of Quill's Delta format
//! (<https://quilljs.com/docs/delta>). Lengths are UTF-16 code units, which browsers count in.
//!
//! A delta that is carried out, or taken back, must fit its text: nothing is ever clamped, and
//! surrogate pairs are never split. [`Delta::transform`] merges what was done at the same time.

mod apply;
mod compose;
mod diff;
mod invert;
mod json;
mod myers;
mod ops;
mod transform;
mod word_boundaries;

use alloc::string::String;
use alloc::vec::Vec;

use crate::text::{Text, len_utf16};

/// One step through a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Op {
    /// Keep so many units.
    Retain(u32),
    /// Put this here.
    Insert(String),
    /// Drop so many units.
    Delete(u32),
}

/// A change of a text, in canonical form: no empty step, equal neighbours made one, what is
/// inserted before what is deleted where they touch, and nothing retained at the end.
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

/// Why a delta cannot be carried out on a text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum DeltaError {
    /// It reaches beyond the end of the text.
    #[error("it reaches beyond the end of the text")]
    BeyondEnd,
    /// It cuts a character that UTF-16 writes in two units.
    #[error("it cuts a surrogate pair in two")]
    SplitsPair,
    /// It inserts a character that texts do not have.
    #[error("it inserts a control character (only LF and TAB are allowed)")]
    ForbiddenCharacter,
}

impl Delta {
    /// The change that changes nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Then keeps `units`.
    #[must_use]
    pub fn retain(mut self, units: u32) -> Self {
        self.push_retain(units);
        self
    }

    /// Then inserts `text`.
    #[must_use]
    pub fn insert(mut self, text: &str) -> Self {
        self.push_insert(text);
        self
    }

    /// Then deletes `units`.
    #[must_use]
    pub fn delete(mut self, units: u32) -> Self {
        self.push_delete(units);
        self
    }

    /// The steps, in order.
    #[must_use]
    pub fn ops(&self) -> &[Op] {
        // A retain at the end says nothing; it is kept while building, since more may follow.
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

    /// The units of the old text that it names: the least length of a text that it fits.
    #[must_use]
    pub fn base_len(&self) -> u64 {
        let units = |op: &Op| match op {
            Op::Retain(units) | Op::Delete(units) => u64::from(*units),
            Op::Insert(_) => 0,
        };
        self.ops().iter().map(units).sum()
    }

    /// By how many units it lengthens a text.
    #[must_use]
    pub fn len_change(&self) -> i64 {
        let change = |op: &Op| match op {
            Op::Retain(_) => 0,
            Op::Insert(text) => i64::try_from(len_utf16(text)).unwrap_or(i64::MAX),
            Op::Delete(units) => -i64::from(*units),
        };
        self.ops().iter().map(change).sum()
    }

    /// Whether everything that it inserts may stand in a text.
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
            // No text is as long as where this saturates.
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

    /// Drops what says nothing, once everything is pushed.
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
    fn equal_neighbours_become_one() {
        let delta = Delta::new().retain(1).retain(2).insert("a").insert("b").delete(1).delete(2);
        assert_eq!(delta.ops(), [Op::Retain(3), Op::Insert("ab".into()), Op::Delete(3)]);
    }

    #[test]
    fn an_insert_stands_before_a_delete_at_the_same_place() {
        let delta = Delta::new().delete(2).insert("x");
        assert_eq!(delta.ops(), [Op::Insert("x".into()), Op::Delete(2)]);
        let delta = Delta::new().insert("a").delete(2).insert("b").delete(1);
        assert_eq!(delta.ops(), [Op::Insert("ab".into()), Op::Delete(3)]);
    }

    #[test]
    fn empty_steps_vanish() {
        let delta = Delta::new().retain(0).insert("").delete(0);
        assert!(delta.is_empty());
    }

    #[test]
    fn a_retain_at_the_end_says_nothing() {
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
    fn lengths_that_no_text_has_do_not_overflow() {
        let delta = Delta::new().retain(u32::MAX).retain(u32::MAX).delete(u32::MAX);
        assert_eq!(delta.base_len(), u64::from(u32::MAX) * 2);
    }
}
