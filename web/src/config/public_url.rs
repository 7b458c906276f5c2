//! The URL under which clients reach the server.

use std::fmt;
use std::str::FromStr;

use axum::http::Uri;

/// A scheme and an authority, as in `https://notes.example.org`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicUrl {
    /// With `https`, cookies are sent over TLS only.
    pub is_https: bool,
    /// Host, and port if it is not the default one; lower case.
    pub authority: String,
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let invalid = || format!("{text:?} is not a URL like https://notes.example.org");
        let uri: Uri = text.parse().map_err(|_| invalid())?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(invalid()),
        };
        let authority =
            uri.authority().filter(|it| !it.as_str().contains('@')).ok_or_else(invalid)?;
        if uri.path() != "/" || uri.query().is_some() {
            return Err(format!("{text:?} has a path; SockBit must be at the root of its host"));
        }
        Ok(Self { is_https, authority: normalised_authority(is_https, authority.as_str()) })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.is_https { "https" } else { "http" }, self.authority)
    }
}

/// An authority in lower case and without the default port, for comparison.
pub(crate) fn normalised_authority(is_https: bool, authority: &str) -> String {
    let port = if is_https { ":443" } else { ":80" };
    let lower = authority.to_ascii_lowercase();
    lower.strip_suffix(port).map(ToOwned::to_owned).unwrap_or(lower)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_a_scheme_and_a_host() {
        let url: PublicUrl = "https://Notes.Example.org:443/".parse().expect("a URL");
        assert_eq!(url.to_string(), "https://notes.example.org");
        let url: PublicUrl = "http://localhost:3000".parse().expect("a URL");
        assert_eq!((url.is_https, url.authority.as_str()), (false, "localhost:3000"));
    }

    #[test]
    fn an_invalid_public_url_is_refused() {
        for text in
            ["", "notes.example.org", "ftp://x", "https://x/notes", "https://me@x", "https://"]
        {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }
}
