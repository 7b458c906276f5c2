//! The secret that signs cookies.

use std::fmt;
use std::str::FromStr;

const SECRET_CHARS_MIN: usize = 32;

/// A secret that is never shown, not even in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// At least 32 bytes, from which the signing key is derived.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.0.as_bytes()
    }
}

impl FromStr for Secret {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let secret = text.trim();
        if secret.len() < SECRET_CHARS_MIN {
            return Err(format!(
                "the secret has {} characters; it needs at least {SECRET_CHARS_MIN}",
                secret.len()
            ));
        }
        Ok(Self(secret.to_owned()))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_secret_is_refused_and_debug_shows_no_secret() {
        assert!("short".parse::<Secret>().is_err());
        let secret: Secret = "0123456789abcdef0123456789abcdef\n".parse().expect("a secret");
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.as_bytes().len(), 32);
    }
}
