//! Times and lengths of time as a person reads them. Only words: which time, the caller says.

use chrono::{DateTime, TimeDelta, Utc};
use signalbox_i18n::say;
use signalbox_i18n::t;

/// A moment, shown relative to now with the full time behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At(pub DateTime<Utc>);

impl At {
    /// For `datetime=`: RFC 3339.
    pub fn iso(&self) -> String {
        self.0.to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }

    /// The full time with its zone: `2026-11-24 22:16:11 UTC`.
    pub fn absolute(&self) -> String {
        self.0.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    /// The time of day to the millisecond, for steps that lie close together.
    pub fn precise(&self) -> String {
        self.0.format("%H:%M:%S%.3f").to_string()
    }

    /// How far from `now`: `3 min ago`, `in 20 s`; a date when that is more than thirty days.
    pub fn ago(&self, now: &DateTime<Utc>) -> String {
        let passed = now.signed_duration_since(self.0);
        let (size, past) = (passed.abs(), passed >= TimeDelta::zero());
        if size < TimeDelta::seconds(1) {
            return t("just now").to_owned();
        }
        if size >= TimeDelta::days(30) {
            return self.0.format("%Y-%m-%d").to_string();
        }
        let span = if size < TimeDelta::minutes(1) {
            say!("{n} s", n = size.num_seconds())
        } else if size < TimeDelta::hours(1) {
            say!("{n} min", n = size.num_minutes())
        } else if size < TimeDelta::hours(48) {
            say!("{n} h", n = size.num_hours())
        } else {
            say!("{n} d", n = size.num_days())
        };
        if past { say!("{span} ago", span = span) } else { say!("in {span}", span = span) }
    }
}

/// A length of time in seconds, in words: see [`span_text`].
#[expect(
    clippy::as_conversions,
    clippy::cast_possible_truncation,
    reason = "a float becomes the nearest integer there is"
)]
pub fn seconds_text(seconds: f64) -> String {
    span_text(TimeDelta::milliseconds((seconds.min(1e12) * 1_000.0) as i64))
}

/// A length of time: `35 ms`, `1.2 s`, `3 m 04 s`, `2 h 05 m`.
pub fn span_text(time: TimeDelta) -> String {
    let ms = time.num_milliseconds().max(0);
    match ms {
        ..1_000 => say!("{ms} ms", ms = ms),
        1_000..60_000 => say!("{n} s", n = format!("{}.{}", ms / 1_000, ms % 1_000 / 100)),
        60_000..3_600_000 => {
            say!("{m} m {s} s", m = ms / 60_000, s = format!("{:02}", ms % 60_000 / 1_000))
        }
        _ => say!("{h} h {m} m", h = ms / 3_600_000, m = format!("{:02}", ms % 3_600_000 / 60_000)),
    }
}

/// A size: `812 B`, `3.4 KiB`, `25.0 MiB`.
pub fn size_text(bytes: i64) -> String {
    match bytes {
        ..1_024 => format!("{bytes} B"),
        1_024..1_048_576 => format!("{}.{} KiB", bytes / 1_024, bytes % 1_024 * 10 / 1_024),
        _ => format!("{}.{} MiB", bytes / 1_048_576, bytes % 1_048_576 * 10 / 1_048_576),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_people_tell_them() {
        let now = DateTime::UNIX_EPOCH + TimeDelta::days(100);
        let told = |seconds| At(now - TimeDelta::seconds(seconds)).ago(&now);
        assert_eq!(told(0), "just now");
        assert_eq!(told(59), "59 s ago");
        assert_eq!(told(180), "3 min ago");
        assert_eq!(told(7_200), "2 h ago");
        assert_eq!(told(-30), "in 30 s");
        assert_eq!(told(86_400 * 40), "1970-03-02");
    }

    #[test]
    fn spans_and_sizes_keep_the_digits_that_matter() {
        let spans: Vec<_> = [35, 1_234, 184_000, 7_500_000].map(TimeDelta::milliseconds).into();
        let spans: Vec<_> = spans.into_iter().map(span_text).collect();
        assert_eq!(spans, ["35 ms", "1.2 s", "3 m 04 s", "2 h 05 m"]);
        assert_eq!([812, 3_500, 26_214_400].map(size_text), ["812 B", "3.4 KiB", "25.0 MiB"]);
    }
}
