//! The text of a note: Unicode with LF line ends and no control characters.

use alloc::string::String;

use serde::{Deserialize, Deserializer, Serialize};

/// A text with LF line ends and no control characters but LF and TAB.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
#[serde(transparent)]
pub struct Text(String);

impl Text {
    /// Normalises a received string: CRLF and CR become LF, control characters are removed.
    #[must_use]
    pub fn normalise(sent: &str) -> Self {
        if Self::is_clean(sent) {
            return Self(String::from(sent));
        }
        let mut text = String::with_capacity(sent.len());
        let mut chars = sent.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                '\r' => {
                    chars.next_if_eq(&'\n');
                    text.push('\n');
                }
                c if is_forbidden(c) => {}
                c => text.push(c),
            }
        }
        Self(text)
    }

    /// Whether normalising would leave the string as it is.
    #[must_use]
    pub fn is_clean(text: &str) -> bool {
        !text.chars().any(is_forbidden)
    }

    /// Wraps a string that is known to be clean.
    pub(crate) fn clean(text: String) -> Self {
        Self(text)
    }

    /// The text as a string.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its length in UTF-8 bytes, the unit of limits.
    #[must_use]
    pub fn len_bytes(&self) -> usize {
        self.0.len()
    }

    /// Its length in UTF-16 code units, the unit of deltas.
    #[must_use]
    pub fn len_utf16(&self) -> usize {
        len_utf16(&self.0)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.0
    }
}

impl core::fmt::Display for Text {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let sent = String::deserialize(deserializer)?;
        Ok(if Self::is_clean(&sent) { Self(sent) } else { Self::normalise(&sent) })
    }
}

/// A string's length in UTF-16 code units.
pub(crate) fn len_utf16(text: &str) -> usize {
    // Each leading byte counts one unit, and one more if the character is a surrogate pair.
    text.bytes().map(|byte| usize::from(byte & 0xc0 != 0x80) + usize::from(byte >= 0xf0)).sum()
}

fn is_forbidden(c: char) -> bool {
    c.is_control() && c != '\n' && c != '\t'
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn line_ends_of_other_systems_become_lf() {
        assert_eq!(Text::normalise("a\r\nb\rc\n").as_str(), "a\nb\nc\n");
    }

    #[test]
    fn control_characters_are_removed_but_lf_and_tab() {
        assert_eq!(Text::normalise("a\0b\u{7}c\td\u{7f}e\u{85}f\n").as_str(), "abc\tdef\n");
    }

    #[test]
    fn other_characters_stay_as_they_are() {
        let text = "é 漢字 👩‍👩‍👧 \u{2028}\u{feff}\u{10ffff} e\u{301}";
        assert_eq!(Text::normalise(text).as_str(), text);
    }

    #[test]
    fn lengths_are_counted_in_bytes_and_in_utf16_units() {
        let text = Text::normalise("aé漢👧");
        assert_eq!((text.len_bytes(), text.len_utf16()), (10, 5));
    }

    #[test]
    fn a_text_is_normalised_when_it_is_read() {
        let text: Text = serde_json::from_str(r#""a\r\nb\u0000""#).expect("a string");
        assert_eq!(text.as_str(), "a\nb");
    }

    #[test]
    fn half_a_surrogate_pair_is_an_error() {
        assert!(serde_json::from_str::<Text>(r#""\ud83d""#).is_err());
    }
}
