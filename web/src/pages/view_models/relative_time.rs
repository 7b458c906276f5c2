//! Times in the form that users read. The server shows UTC; the script shows local time.

use sockbit_domain::Timestamp;
use time::macros::format_description;
use time::{Duration, OffsetDateTime};

/// A time in three formats.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TimeView {
    /// RFC 3339, for the script.
    pub iso: String,
    /// Full date and time.
    pub exact: String,
    /// Relative to now, as in "5 minutes ago"; a date if that is longer ago.
    pub relative: String,
}

impl TimeView {
    /// `at`, as seen at `now`.
    pub fn new(at: Timestamp, now: Timestamp) -> Self {
        let (at, now) = (date_time(at), date_time(now));
        Self { iso: iso(at), exact: exact(at), relative: relative(at, now) }
    }

    /// For the markup that the script copies and fills in.
    pub fn blank() -> Self {
        Self { iso: String::new(), exact: String::new(), relative: String::new() }
    }
}

/// Out-of-range timestamps become the epoch, since a store may contain any value.
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

fn relative(at: OffsetDateTime, now: OffsetDateTime) -> String {
    let ago = now - at;
    let formatted = match ago {
        // Times in the future come from another clock that runs ahead.
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

    fn relative_after(ms: i64) -> String {
        TimeView::new(Timestamp(NOW - ms), Timestamp(NOW)).relative
    }

    #[test]
    fn a_time_has_an_rfc_3339_and_a_full_format() {
        let time = TimeView::new(Timestamp(NOW), Timestamp(NOW));
        assert_eq!(time.iso, "2026-11-21T14:20:05Z");
        assert_eq!(time.exact, "Saturday 21 November 2026, 14:20 UTC");
    }

    #[test]
    fn an_older_time_is_shown_with_less_precision() {
        for (ago, expected) in [
            (-5_000, "just now"),
            (59_000, "just now"),
            (MINUTE, "1 minute ago"),
            (59 * MINUTE, "59 minutes ago"),
            (120 * MINUTE, "12:20 UTC"),
            (DAY, "Friday 14:20 UTC"),
            (20 * DAY, "1 Nov 14:20 UTC"),
            (365 * DAY, "21 Nov 2025"),
        ] {
            assert_eq!(relative_after(ago), expected, "{ago}");
        }
    }

    #[test]
    fn a_time_out_of_range_does_not_panic() {
        for extreme in [i64::MIN, i64::MAX] {
            let time = TimeView::new(Timestamp(extreme), Timestamp(NOW));
            assert_eq!(time.iso, "1970-01-01T00:00:00Z");
            TimeView::new(Timestamp(NOW), Timestamp(extreme));
        }
    }
}
