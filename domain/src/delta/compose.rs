//! Two changes, one after the other, as one.

use super::ops::{Piece, Pieces};
use super::{Delta, DeltaError};

impl Delta {
    /// What this and then `other` do together.
    ///
    /// Fails where `other` cuts a surrogate pair that this inserts.
    pub fn compose(&self, other: &Self) -> Result<Self, DeltaError> {
        let (mut first, mut then) = (Pieces::of(self.ops()), Pieces::of(other.ops()));
        let mut both = Self::new();
        while !first.is_done() || !then.is_done() {
            if then.is_insert() {
                both.push(then.take_step());
            } else if first.is_delete() {
                both.push(first.take_step());
            } else {
                let units = first.len().min(then.len());
                match (first.take(units)?, then.take(units)?) {
                    (kept, Piece::Retain(_)) => both.push(kept),
                    (Piece::Retain(_), Piece::Delete(_)) => both.push_delete(units),
                    // What the first inserts and the other deletes never was.
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
        first.compose(then).expect("they fit")
    }

    #[test]
    fn typing_on_is_one_insert() {
        let both = compose(&Delta::new().insert("he"), &Delta::new().retain(2).insert("llo"));
        assert_eq!(both, Delta::new().insert("hello"));
    }

    #[test]
    fn what_was_typed_and_deleted_never_was() {
        let both =
            compose(&Delta::new().retain(1).insert("abc"), &Delta::new().retain(2).delete(1));
        assert_eq!(both, Delta::new().retain(1).insert("ac"));
    }

    #[test]
    fn deletes_on_both_sides_of_each_other_add_up() {
        let both = compose(&Delta::new().retain(2).delete(1), &Delta::new().retain(1).delete(2));
        assert_eq!(both, Delta::new().retain(1).delete(3));
    }

    #[test]
    fn nothing_is_neutral_on_either_side() {
        let delta = Delta::new().retain(3).insert("x").delete(2);
        assert_eq!(compose(&delta, &Delta::new()), delta);
        assert_eq!(compose(&Delta::new(), &delta), delta);
    }

    #[test]
    fn cutting_an_inserted_surrogate_pair_is_refused() {
        let first = Delta::new().insert("👧");
        assert_eq!(first.compose(&Delta::new().delete(1)), Err(DeltaError::SplitsPair));
        assert_eq!(first.compose(&Delta::new().retain(1).insert("x")), Err(DeltaError::SplitsPair));
    }
}
