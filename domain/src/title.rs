//! The title of a board.

use alloc::format;
use alloc::string::String;

use serde::{Deserialize, Serialize};

use crate::single_line::single_line;
use crate::{Limits, Rejection, RejectionCode};

/// One trimmed line with at least one visible character.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Title(String);

impl Title {
    /// Normalises a typed title to one line.
    pub fn new(typed: &str, limits: &Limits) -> Result<Self, Rejection> {
        let title = single_line(typed, usize::MAX);
        if title.is_empty() {
            return Err(Rejection::new(RejectionCode::TitleEmpty, "a board needs a title"));
        }
        if title.len() > limits.title_bytes_max {
            return Err(Rejection::new(
                RejectionCode::TitleTooLong,
                format!(
                    "the title has {} bytes; at most {} are allowed",
                    title.len(),
                    limits.title_bytes_max
                ),
            ));
        }
        Ok(Self(title))
    }

    /// Wraps a title that passed [`Title::new`] before it was stored.
    #[must_use]
    pub fn stored(title: String) -> Self {
        Self(title)
    }

    /// The title as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl core::fmt::Display for Title {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn a_title_is_one_trimmed_line() {
        let title = Title::new("  Ideas\nfor June ", &Limits::default());
        assert_eq!(title.map(|title| title.to_string()), Ok("Ideas for June".into()));
    }

    #[test]
    fn an_empty_title_is_rejected() {
        for nothing in [" \t\u{0}", "\u{200b}\u{2800}\u{3164}"] {
            let rejection = Title::new(nothing, &Limits::default()).err();
            assert_eq!(rejection.map(|it| it.code), Some(RejectionCode::TitleEmpty));
        }
    }

    #[test]
    fn an_over_long_title_is_rejected_with_its_length() {
        let rejection = Title::new(&"x".repeat(201), &Limits::default()).err();
        assert_eq!(
            rejection,
            Some(Rejection::new(
                RejectionCode::TitleTooLong,
                "the title has 201 bytes; at most 200 are allowed"
            ))
        );
    }
}
