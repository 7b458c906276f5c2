//! Inverting a delta.

use super::cursors::TextCursor;
use super::{Delta, DeltaError, Op};
use crate::text::{Text, len_utf16};

impl Delta {
    /// The delta that changes the text after this delta back into `base`.
    pub fn invert(&self, base: &Text) -> Result<Self, DeltaError> {
        let mut rest = TextCursor::new(base.as_str());
        let mut inverse = Self::new();
        for op in self.ops() {
            match op {
                Op::Retain(units) => {
                    rest.take(*units)?;
                    inverse.push_retain(*units);
                }
                Op::Insert(text) => {
                    inverse.push_delete(u32::try_from(len_utf16(text)).unwrap_or(u32::MAX));
                }
                Op::Delete(units) => inverse.push_insert(rest.take(*units)?),
            }
        }
        Ok(inverse)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn applying_the_inverse_restores_the_text() {
        let text = Text::normalise("a👧cdef");
        let delta = Delta::new().retain(1).insert("XYZ").delete(2).retain(1).delete(2).insert("!");
        let inverse = delta.invert(&text).expect("the delta fits");
        let back = delta.apply(&text).and_then(|changed| inverse.apply(&changed));
        assert_eq!(back, Ok(text));
    }

    #[test]
    fn a_delta_that_does_not_fit_has_no_inverse() {
        let text = Text::normalise("ab");
        assert_eq!(Delta::new().delete(3).invert(&text), Err(DeltaError::BeyondEnd));
    }
}
