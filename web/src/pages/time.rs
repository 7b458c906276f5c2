//! Times as people say them. The server knows no time zone but UTC; script restates them.

use sockbit_domain::Timestamp;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

/// A moment, said in three ways.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeView {
    /// RFC 3339, for programs.
    pub iso: String,
    /// In full.
    pub exact: String,
    /// As one would say it.
    pub said: String,
}

impl TimeView {
    /// How `at` is said at `now`.
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        let (at, now) = (date_time(at), date_time(now));
        Self { iso: iso(at), exact: exact(at), said: said(at, now) }
    }

    /// Where script is to put a time.
    pub fn blank() -> Self {
        Self { iso: String::new(), exact: String::new(), said: String::new() }
    }
}

/// Moments that no calendar holds become the epoch: a store may have been tampered with.
fn date_time(at: Timestamp) -> OffsetDateTime {
    let nanos = i128::from(at.0) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

fn iso(at: OffsetDateTime) -> String {
    let form = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second]Z");
    at.format(&form).unwrap_or_default()
}

fn exact(at: OffsetDateTime) -> String {
    let form = format_description!(
        "[weekday] [day padding:none] [month repr:long] [year], [hour]:[minute] UTC"
    );
    at.format(&form).unwrap_or_default()
}

fn said(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let ago = now - at;
    let formatted = match ago {
        // A clock that ran ahead is no reason to speak of the future.
        ago if ago < Duration::minutes(1) => return "just now".to_owned(),
        ago if ago < Duration::minutes(2) => return "1 minute ago".to_owned(),
        ago if ago < Duration::hours(1) => {
            return format!("{} minutes ago", ago.whole_minutes());
        }
        _ if at.date() == now.date() => at.format(&format_description!("[hour]:[minute] UTC")),
        ago if ago < Duration::days(6) => {
            at.format(&format_description!("[weekday] [hour]:[minute] UTC"))
        }
        _ if at.year() == now.year() => at.format(&format_description!(
            "[day padding:none] [month repr:short] [hour]:[minute] UTC"
        )),
        _ => at.format(&format_description!("[day padding:none] [month repr:short] [year]")),
    };
    formatted.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Saturday 21 November 2026, 14:20:05 UTC.
    const NOW: i64 = 1_795_270_805_000;
    const MINUTE: i64 = 60_000;
    const DAY: i64 = 24 * 60 * MINUTE;

    fn said_ago(ms: i64) -> String {
        TimeView::new(Timestamp(NOW - ms), Timestamp(NOW)).said
    }

    #[test]
    fn a_time_has_a_form_for_programs_and_one_in_full() {
        let time = TimeView::new(Timestamp(NOW), Timestamp(NOW));
        assert_eq!(time.iso, "2026-11-21T14:20:05Z");
        assert_eq!(time.exact, "Saturday 21 November 2026, 14:20 UTC");
    }

    #[test]
    fn the_longer_ago_the_coarser_it_is_said() {
        for (ago, said) in [
            (-5_000, "just now"),
            (59_000, "just now"),
            (MINUTE, "1 minute ago"),
            (59 * MINUTE, "59 minutes ago"),
            (120 * MINUTE, "12:20 UTC"),
            (DAY, "Friday 14:20 UTC"),
            (20 * DAY, "1 Nov 14:20 UTC"),
            (365 * DAY, "21 Nov 2025"),
        ] {
            assert_eq!(said_ago(ago), said, "{ago}");
        }
    }

    #[test]
    fn a_time_beyond_every_calendar_is_said_without_a_panic() {
        for extreme in [i64::MIN, i64::MAX] {
            let time = TimeView::new(Timestamp(extreme), Timestamp(NOW));
            assert_eq!(time.iso, "1970-01-01T00:00:00Z");
            TimeView::new(Timestamp(NOW), Timestamp(extreme));
        }
    }
}
