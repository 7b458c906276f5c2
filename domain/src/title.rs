//! A board's title: one line that says something.

use alloc::format;
use alloc::string::{String, ToString};

use serde::{Deserialize, Serialize};

use crate::{Limits, Rejection, RejectionCode};

/// A title as it is stored: trimmed, one line, not empty.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Title(String);

impl Title {
    /// Makes one line of what somebody typed.
    pub fn new(typed: &str, limits: &Limits) -> Result<Self, Rejection> {
        let line: String = typed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        let title = line.trim();
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
        Ok(Self(title.to_string()))
    }

    /// Takes a title that passed [`Title::new`] before, as when a store reads it back.
    #[must_use]
    pub fn stored(title: String) -> Self {
        Self(title)
    }

    /// The line itself.
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
    use super::*;

    #[test]
    fn a_title_is_one_trimmed_line() {
        let title = Title::new("  Ideas\nfor June ", &Limits::default());
        assert_eq!(title.map(|title| title.to_string()), Ok("Ideas for June".into()));
    }

    #[test]
    fn an_empty_title_is_rejected() {
        let rejection = Title::new(" \t\u{0}", &Limits::default()).err();
        assert_eq!(rejection.map(|it| it.code), Some(RejectionCode::TitleEmpty));
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
