//! Applying a delta to a text.

use alloc::string::String;

use super::cursors::TextCursor;
use super::{Delta, DeltaError, Op};
use crate::text::Text;

impl Delta {
    /// The text after the change. A delta that does not fit is an error; lengths are never clamped.
    pub fn apply(&self, text: &Text) -> Result<Text, DeltaError> {
        if !self.is_clean() {
            return Err(DeltaError::ForbiddenCharacter);
        }
        let mut rest = TextCursor::new(text.as_str());
        let mut result = String::with_capacity(text.len_bytes());
        for op in self.ops() {
            match op {
                Op::Retain(units) => result.push_str(rest.take(*units)?),
                Op::Insert(text) => result.push_str(text),
                Op::Delete(units) => drop(rest.take(*units)?),
            }
        }
        result.push_str(rest.take_all());
        Ok(Text::clean(result))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn apply(text: &str, delta: &Delta) -> Result<String, DeltaError> {
        delta.apply(&Text::normalise(text)).map(Into::into)
    }

    #[test]
    fn text_after_the_last_op_is_kept() {
        let delta = Delta::new().retain(2).insert("XY").delete(1);
        assert_eq!(apply("abcdef", &delta), Ok("abXYdef".into()));
    }

    #[test]
    fn an_insert_applies_to_an_empty_text() {
        assert_eq!(apply("", &Delta::new().insert("hello")), Ok("hello".into()));
    }

    #[test]
    fn lengths_are_counted_in_utf16_units() {
        let delta = Delta::new().retain(2).insert("-").delete(2);
        assert_eq!(apply("👩👧!", &delta), Ok("👩-!".into()));
    }

    #[test]
    fn a_grapheme_cluster_can_be_split_between_its_code_points() {
        assert_eq!(apply("👩\u{200d}👧", &Delta::new().retain(2).delete(1)), Ok("👩👧".into()));
        assert_eq!(apply("e\u{301}", &Delta::new().retain(1).delete(1)), Ok("e".into()));
    }

    #[test]
    fn a_retain_beyond_the_end_is_an_error() {
        let delta = Delta::new().retain(4).insert("x");
        assert_eq!(apply("abc", &delta), Err(DeltaError::BeyondEnd));
    }

    #[test]
    fn a_delete_beyond_the_end_is_an_error() {
        assert_eq!(apply("abc", &Delta::new().delete(4)), Err(DeltaError::BeyondEnd));
        assert_eq!(apply("abc", &Delta::new().delete(u32::MAX)), Err(DeltaError::BeyondEnd));
    }

    #[test]
    fn deleting_half_a_surrogate_pair_is_an_error() {
        assert_eq!(apply("👧", &Delta::new().delete(1)), Err(DeltaError::SplitsPair));
        assert_eq!(apply("👧", &Delta::new().retain(1).delete(1)), Err(DeltaError::SplitsPair));
    }

    #[test]
    fn inserting_into_a_surrogate_pair_is_an_error() {
        assert_eq!(apply("👧", &Delta::new().retain(1).insert("x")), Err(DeltaError::SplitsPair));
    }

    #[test]
    fn inserting_a_control_character_is_an_error() {
        assert_eq!(apply("a", &Delta::new().insert("\0")), Err(DeltaError::ForbiddenCharacter));
        assert_eq!(apply("a", &Delta::new().insert("\r\n")), Err(DeltaError::ForbiddenCharacter));
    }
}
