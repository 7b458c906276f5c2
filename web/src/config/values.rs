//! Values with a form of their own.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use axum::http::Uri;
use sockbit_application::seal::{KeyId, Keyring};

/// Where people reach the server: a scheme and an authority, as in `https://notes.example.org`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PublicUrl {
    /// Whether cookies may only travel over TLS.
    pub is_https: bool,
    /// Host, and port where it is not the scheme's own; lower case.
    pub authority: String,
}

impl FromStr for PublicUrl {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text:?} is not of the form https://notes.example.org");
        let uri: Uri = text.parse().map_err(|_| wrong())?;
        let is_https = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong()),
        };
        let authority =
            uri.authority().filter(|it| !it.as_str().contains('@')).ok_or_else(wrong)?;
        if uri.path() != "/" || uri.query().is_some() {
            return Err(format!("{text:?} has a path; SockBit lives at the root of its host"));
        }
        Ok(Self { is_https, authority: plain_authority(is_https, authority.as_str()) })
    }
}

impl fmt::Display for PublicUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", if self.is_https { "https" } else { "http" }, self.authority)
    }
}

/// An authority as it is compared: lower case, and without the scheme's own port.
pub(crate) fn plain_authority(is_https: bool, authority: &str) -> String {
    let port = if is_https { ":443" } else { ":80" };
    let lower = authority.to_ascii_lowercase();
    lower.strip_suffix(port).map(ToOwned::to_owned).unwrap_or(lower)
}

/// What cookies are signed with. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

const SECRET_CHARS_MIN: usize = 32;

impl Secret {
    /// The bytes that the signing key is derived from; at least 32.
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
                "the secret has {} characters; at least {SECRET_CHARS_MIN} are needed",
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

/// What messages on a bus are signed with, as in `ID:SECRET,ID:SECRET`.
pub(super) fn bus_keys(text: &str) -> Result<Keyring, String> {
    let mut keys = Vec::new();
    for (number, key) in (1..).zip(text.split(',')) {
        let (id, secret) = key
            .trim()
            .split_once(':')
            .ok_or_else(|| format!("key {number} is not of the form ID:SECRET"))?;
        let id = KeyId::new(id).map_err(|problem| format!("in key {number}: {problem}"))?;
        keys.push((id, secret.as_bytes()));
    }
    Keyring::new(keys).map_err(|problem| problem.to_string())
}

/// A time such as `90min`, or `never`.
pub(super) fn time_or_never(text: &str) -> Result<Option<Duration>, String> {
    if text == "never" {
        return Ok(None);
    }
    time(text).map(Some).ok_or_else(|| {
        format!("{text:?} is not a time from 1s to 36500d, as in 30s, 90min, 36h or 7d, nor never")
    })
}

/// One call to a store may take five seconds, and would be given up half-way by a process that is gone sooner.
const DRAIN_MIN: Duration = Duration::from_secs(6);
const DRAIN_MAX: Duration = Duration::from_hours(1);

/// A time in which a process can go away.
pub(super) fn drain_time(text: &str) -> Result<Duration, String> {
    match time(text) {
        None => Err(format!("{text:?} is not a time from 6s to 1h, as in 10s or 2min")),
        Some(within) if within < DRAIN_MIN => Err(format!(
            "{text:?} is too short: one call to a database may take 5s, and is finished; at least 6s"
        )),
        Some(within) if within > DRAIN_MAX => Err(format!("{text:?} is too long; at most 1h")),
        Some(within) => Ok(within),
    }
}

fn time(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 4] = [("s", 1), ("min", 60), ("h", 3_600), ("d", DAY)];
    const DAY: u64 = 24 * 3_600;
    let digits = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let unit = text.strip_prefix(digits)?;
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let seconds = digits.trim_end().parse::<u64>().ok()?.checked_mul(*seconds)?;
    (1..=36_500 * DAY).contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "a test may fail")]
mod tests {
    use super::*;

    #[test]
    fn a_public_url_is_a_scheme_and_a_host() {
        let url: PublicUrl = "https://Notes.Example.org:443/".parse().unwrap();
        assert_eq!(url.to_string(), "https://notes.example.org");
        let url: PublicUrl = "http://localhost:3000".parse().unwrap();
        assert_eq!((url.is_https, url.authority.as_str()), (false, "localhost:3000"));
    }

    #[test]
    fn what_is_no_public_url_is_refused() {
        for text in
            ["", "notes.example.org", "ftp://x", "https://x/notes", "https://me@x", "https://"]
        {
            assert!(text.parse::<PublicUrl>().is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_is_a_number_and_a_unit() {
        for (text, seconds) in
            [("1s", 1), ("90min", 5_400), ("36h", 129_600), ("7d", 604_800), ("7 d", 604_800)]
        {
            assert_eq!(time_or_never(text), Ok(Some(Duration::from_secs(seconds))), "{text}");
        }
        assert_eq!(time_or_never("never"), Ok(None));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for text in ["", "7", "d", "0s", "-1d", "1w", "1.5h", "36501d", "99999999999999999999d"] {
            assert!(time_or_never(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_process_goes_away_in_a_time_in_which_it_can_and_somebody_waits() {
        assert_eq!(drain_time("2min"), Ok(Duration::from_mins(2)));
        for (text, problem) in [
            ("5s", "too short: one call to a database"),
            ("2h", "too long; at most 1h"),
            ("never", "is not a time"),
        ] {
            assert!(drain_time(text).unwrap_err().contains(problem), "{text}");
        }
    }

    #[test]
    fn bus_keys_are_secrets_with_names() {
        let text = format!("new:{}, old:{}", "n".repeat(32), "o".repeat(32));
        assert!(bus_keys(&text).is_ok());
    }

    #[test]
    fn mistaken_bus_keys_are_named_and_not_shown() {
        let long = "hunter2".repeat(5);
        for (text, problem) in [
            (long.clone(), "key 1 is not of the form"),
            (format!("a b:{long}"), "in key 1: the id of a key"),
            (format!("a:{long},a:{long}"), "two keys with the id a"),
            ("a:hunter2".to_owned(), "the secret of the key a has fewer than"),
        ] {
            let said = bus_keys(&text).unwrap_err();
            assert!(said.contains(problem) && !said.contains("hunter2"), "{said}");
        }
    }

    #[test]
    fn a_short_secret_is_refused_and_no_secret_is_shown() {
        assert!("short".parse::<Secret>().is_err());
        let secret: Secret = "0123456789abcdef0123456789abcdef\n".parse().unwrap();
        assert_eq!(format!("{secret:?}"), "Secret(…)");
        assert_eq!(secret.as_bytes().len(), 32);
    }
}
