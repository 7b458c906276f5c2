//! Composing two consecutive deltas into one.

use super::cursors::{OpCursor, Piece};
use super::{Delta, DeltaError};

impl Delta {
    /// The delta that has the effect of this one followed by `other`.
    ///
    /// Fails if `other` splits a surrogate pair that this one inserts.
    pub fn compose(&self, other: &Self) -> Result<Self, DeltaError> {
        let (mut first, mut then) = (OpCursor::new(self.ops()), OpCursor::new(other.ops()));
        let mut both = Self::new();
        while !first.is_done() || !then.is_done() {
            if then.is_insert() {
                both.push(then.take_op());
            } else if first.is_delete() {
                both.push(first.take_op());
            } else {
                let units = first.len().min(then.len());
                match (first.take(units)?, then.take(units)?) {
                    (kept, Piece::Retain(_)) => both.push(kept),
                    (Piece::Retain(_), Piece::Delete(_)) => both.push_delete(units),
                    // The other deletes what the first inserted.
                    _ => {}
                }
            }
        }
        Ok(both.chopped())
    }

    pub(super) fn push(&mut self, piece: Piece<'_>) {
        match piece {
            Piece::Retain(units) => self.push_retain(units),
            Piece::Insert(text) => self.push_insert(text),
            Piece::Delete(units) => self.push_delete(units),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compose(first: &Delta, then: &Delta) -> Delta {
        first.compose(then).expect("the deltas fit")
    }

    #[test]
    fn consecutive_inserts_become_one_insert() {
        let both = compose(&Delta::new().insert("he"), &Delta::new().retain(2).insert("llo"));
        assert_eq!(both, Delta::new().insert("hello"));
    }

    #[test]
    fn an_insert_that_is_deleted_again_disappears() {
        let both =
            compose(&Delta::new().retain(1).insert("abc"), &Delta::new().retain(2).delete(1));
        assert_eq!(both, Delta::new().retain(1).insert("ac"));
    }

    #[test]
    fn adjacent_deletes_become_one_delete() {
        let both = compose(&Delta::new().retain(2).delete(1), &Delta::new().retain(1).delete(2));
        assert_eq!(both, Delta::new().retain(1).delete(3));
    }

    #[test]
    fn the_empty_delta_is_neutral_on_either_side() {
        let delta = Delta::new().retain(3).insert("x").delete(2);
        assert_eq!(compose(&delta, &Delta::new()), delta);
        assert_eq!(compose(&Delta::new(), &delta), delta);
    }

    #[test]
    fn splitting_an_inserted_surrogate_pair_is_an_error() {
        let first = Delta::new().insert("👧");
        assert_eq!(first.compose(&Delta::new().delete(1)), Err(DeltaError::SplitsPair));
        assert_eq!(first.compose(&Delta::new().retain(1).insert("x")), Err(DeltaError::SplitsPair));
    }
}
