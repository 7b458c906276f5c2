//! Taking a change back.

use super::ops::Rest;
use super::{Delta, DeltaError, Op};
use crate::text::{Text, len_utf16};

impl Delta {
    /// The change that makes `base` again of what this makes of `base`.
    pub fn invert(&self, base: &Text) -> Result<Self, DeltaError> {
        let mut rest = Rest::of(base.as_str());
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
    fn an_inverse_brings_back_what_was_there() {
        let text = Text::normalise("a👧cdef");
        let delta = Delta::new().retain(1).insert("XYZ").delete(2).retain(1).delete(2).insert("!");
        let inverse = delta.invert(&text).expect("it fits");
        let back = delta.apply(&text).and_then(|changed| inverse.apply(&changed));
        assert_eq!(back, Ok(text));
    }

    #[test]
    fn nothing_is_taken_back_of_what_does_not_fit() {
        let text = Text::normalise("ab");
        assert_eq!(Delta::new().delete(3).invert(&text), Err(DeltaError::BeyondEnd));
    }
}
