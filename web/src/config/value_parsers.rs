//! Parsers of single values: numbers with units, durations, addresses, log settings, bus keys. An
//! error says what is wrong and what would be valid.

use std::fmt::Display;
use std::net::{SocketAddr, ToSocketAddrs};
use std::ops::RangeInclusive;
use std::time::Duration;

use sockbit_application::bus_message_signing::{KeyId, Keyring};
use tracing_subscriber::EnvFilter;

use super::settings::LogFormat;

/// A number in a range. `64KiB` is 65536.
pub(super) fn number<T: TryFrom<u64> + PartialOrd + Display>(
    text: &str,
    allowed: &RangeInclusive<T>,
) -> Result<T, String> {
    let number = with_unit(text).and_then(|number| T::try_from(number).ok());
    number.filter(|number| allowed.contains(number)).ok_or_else(|| {
        let (low, high) = (allowed.start(), allowed.end());
        format!("{text:?} is not a number from {low} to {high} (KiB, MiB and GiB are allowed)")
    })
}

fn with_unit(text: &str) -> Option<u64> {
    let (digits, unit) = match text {
        text if text.ends_with("KiB") => (text.strip_suffix("KiB")?, 1 << 10),
        text if text.ends_with("MiB") => (text.strip_suffix("MiB")?, 1 << 20),
        text if text.ends_with("GiB") => (text.strip_suffix("GiB")?, 1 << 30),
        text => (text, 1),
    };
    digits.trim_end().parse::<u64>().ok()?.checked_mul(unit)
}

/// An address with a port. A host name is resolved to its first address.
pub(super) fn listen_address(text: &str) -> Result<SocketAddr, String> {
    let resolved = || text.to_socket_addrs().ok()?.next();
    text.parse().ok().or_else(resolved).ok_or_else(|| {
        format!(
            "{text:?} is not an address with a port, as in 127.0.0.1:3000, or 0.0.0.0:3000 for all \
             addresses of this machine"
        )
    })
}

/// A log filter in the syntax of `tracing_subscriber`.
pub(super) fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::try_new(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!("{text:?} is not a valid log filter: {error}")),
    }
}

/// `on` or `off`.
pub(super) fn on_or_off(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(format!("{text:?} is neither on nor off")),
    }
}

/// `human` or `json`.
pub(super) fn log_format(text: &str) -> Result<LogFormat, String> {
    match text {
        "human" => Ok(LogFormat::Human),
        "json" => Ok(LogFormat::Json),
        _ => Err(format!("{text:?} is neither human nor json")),
    }
}

/// Named keys, as in `ID:SECRET,ID:SECRET`. The first one signs, all of them verify.
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

/// A duration such as `90min`, or `None` for `never`.
pub(super) fn duration_or_never(text: &str) -> Result<Option<Duration>, String> {
    if text == "never" {
        return Ok(None);
    }
    duration(text).map(Some).ok_or_else(|| {
        format!("{text:?} is neither a duration from 1s to 36500d (30s, 90min, 36h, 7d) nor never")
    })
}

/// A store call may take 5 s. A shorter shutdown would abort it.
const DRAIN_MIN: Duration = Duration::from_secs(6);
const DRAIN_MAX: Duration = Duration::from_hours(1);

/// A duration in which a process can shut down.
pub(super) fn drain_duration(text: &str) -> Result<Duration, String> {
    match duration(text) {
        None => Err(format!("{text:?} is not a duration from 6s to 1h, such as 10s or 2min")),
        Some(within) if within < DRAIN_MIN => Err(format!(
            "{text:?} is too short: a database call in progress may take 5s; use at least 6s"
        )),
        Some(within) if within > DRAIN_MAX => Err(format!("{text:?} is too long; use at most 1h")),
        Some(within) => Ok(within),
    }
}

fn duration(text: &str) -> Option<Duration> {
    const UNITS: [(&str, u64); 4] = [("s", 1), ("min", 60), ("h", 3_600), ("d", DAY)];
    const DAY: u64 = 24 * 3_600;
    let digits = text.trim_end_matches(|it: char| it.is_ascii_alphabetic());
    let unit = text.strip_prefix(digits)?;
    let (_, seconds) = UNITS.iter().find(|(name, _)| *name == unit)?;
    let seconds = digits.trim_end().parse::<u64>().ok()?.checked_mul(*seconds)?;
    (1..=36_500 * DAY).contains(&seconds).then(|| Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_size_may_have_a_unit() {
        for (text, bytes) in
            [("65536", Some(65_536)), ("64KiB", Some(65_536)), ("8 MiB", Some(8 << 20))]
        {
            assert_eq!(with_unit(text), bytes, "{text}");
        }
        for text in ["", "KiB", "64kb", "-1", "99999999999999999999", "99999999999GiB"] {
            assert_eq!(with_unit(text), None, "{text}");
        }
    }

    #[test]
    fn a_duration_is_a_number_and_a_unit() {
        for (text, seconds) in
            [("1s", 1), ("90min", 5_400), ("36h", 129_600), ("7d", 604_800), ("7 d", 604_800)]
        {
            assert_eq!(duration_or_never(text), Ok(Some(Duration::from_secs(seconds))), "{text}");
        }
        assert_eq!(duration_or_never("never"), Ok(None));
    }

    #[test]
    fn an_invalid_duration_is_refused() {
        for text in ["", "7", "d", "0s", "-1d", "1w", "1.5h", "36501d", "99999999999999999999d"] {
            assert!(duration_or_never(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_shutdown_takes_between_six_seconds_and_an_hour() {
        assert_eq!(drain_duration("2min"), Ok(Duration::from_mins(2)));
        for (text, expected) in [
            ("5s", "too short: a database call"),
            ("2h", "too long; use at most 1h"),
            ("never", "is not a duration"),
        ] {
            let problem = drain_duration(text).expect_err("it is invalid");
            assert!(problem.contains(expected), "{problem}");
        }
    }

    #[test]
    fn bus_keys_are_secrets_with_ids() {
        let text = format!("new:{}, old:{}", "n".repeat(32), "o".repeat(32));
        assert!(bus_keys(&text).is_ok());
    }

    #[test]
    fn invalid_bus_keys_are_reported_without_their_secrets() {
        let long = "hunter2".repeat(5);
        for (text, expected) in [
            (long.clone(), "key 1 is not of the form"),
            (format!("a b:{long}"), "in key 1: the id of a key"),
            (format!("a:{long},a:{long}"), "two keys with the id a"),
            ("a:hunter2".to_owned(), "the secret of the key a has fewer than"),
        ] {
            let problem = bus_keys(&text).expect_err("it is invalid");
            assert!(problem.contains(expected) && !problem.contains("hunter2"), "{problem}");
        }
    }
}
