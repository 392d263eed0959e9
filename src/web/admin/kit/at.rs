//! Times and lengths of time as a person reads them, in the time zone of who asks. Only words:
//! which time, the caller says.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use signalbox_i18n::{offset_text, say, t, to_local};

/// A moment, shown relative to now with the full time behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct At(pub DateTime<Utc>);

impl At {
    /// For `datetime=`: RFC 3339, in UTC.
    pub fn iso(&self) -> String {
        self.0.to_rfc3339_opts(SecondsFormat::Millis, true)
    }

    /// The full time with how far it is from UTC: `2026-11-24 22:16:11 UTC`.
    pub fn absolute(&self) -> String {
        self.with_offset("%Y-%m-%d %H:%M:%S")
    }

    /// The same to the minute: `2026-11-24 22:16 UTC`.
    pub fn minute(&self) -> String {
        self.with_offset("%Y-%m-%d %H:%M")
    }

    /// The time of day to the millisecond, for steps that lie close together.
    pub fn precise(&self) -> String {
        self.local("%H:%M:%S%.3f")
    }

    /// In a form of chrono's, without its zone: where the page says which that is.
    pub fn local(&self, form: &str) -> String {
        to_local(self.0).format(form).to_string()
    }

    /// What stands behind a time: the full time, in UTC too, and how long ago it was.
    pub fn tooltip(&self, now: &DateTime<Utc>) -> String {
        let (full, ago) = (self.absolute(), self.ago(now));
        let utc = Some(self.in_utc()).filter(|utc| *utc != full);
        // Of what is long ago only the day is said, which the full time says too.
        let ago = Some(ago).filter(|ago| !full.starts_with(ago));
        [Some(full), utc, ago].into_iter().flatten().collect::<Vec<_>>().join("\n")
    }

    /// The full time in UTC.
    pub fn in_utc(&self) -> String {
        self.0.format("%Y-%m-%d %H:%M:%S UTC").to_string()
    }

    fn with_offset(self, form: &str) -> String {
        let local = to_local(self.0);
        format!("{} {}", local.format(form), offset_text(&local))
    }

    /// How far from `now`: `3 min ago`, `in 20 s`; a date when that is more than thirty days.
    pub fn ago(&self, now: &DateTime<Utc>) -> String {
        let passed = now.signed_duration_since(self.0);
        let (size, past) = (passed.abs(), passed >= TimeDelta::zero());
        if size < TimeDelta::seconds(1) {
            return t("just now").to_owned();
        }
        if size >= TimeDelta::days(30) {
            return self.local("%Y-%m-%d");
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
    use signalbox_i18n::{Tz, say_in_zone};

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
    fn a_time_stands_in_the_zone_of_its_reader_with_utc_behind_it() {
        let at = At("2026-11-28T22:16:11.042Z".parse().unwrap());
        let now = at.0 + TimeDelta::hours(3);
        assert_eq!(at.absolute(), "2026-11-28 22:16:11 UTC");
        assert_eq!(at.tooltip(&now), "2026-11-28 22:16:11 UTC\n3 h ago");
        say_in_zone(Tz::Europe__Berlin, || {
            assert_eq!(at.absolute(), "2026-11-28 23:16:11 UTC+1");
            assert_eq!(at.minute(), "2026-11-28 23:16 UTC+1");
            assert_eq!(at.precise(), "23:16:11.042");
            let lines = "2026-11-28 23:16:11 UTC+1\n2026-11-28 22:16:11 UTC\n3 h ago";
            assert_eq!(at.tooltip(&now), lines);
            assert_eq!(at.iso(), "2026-11-28T22:16:11.042Z");
            assert_eq!(
                At(at.0 + TimeDelta::hours(2)).ago(&(at.0 + TimeDelta::days(60))),
                "2026-11-29"
            );
        });
    }

    #[test]
    fn spans_and_sizes_keep_the_digits_that_matter() {
        let spans: Vec<_> = [35, 1_234, 184_000, 7_500_000].map(TimeDelta::milliseconds).into();
        let spans: Vec<_> = spans.into_iter().map(span_text).collect();
        assert_eq!(spans, ["35 ms", "1.2 s", "3 m 04 s", "2 h 05 m"]);
        assert_eq!([812, 3_500, 26_214_400].map(size_text), ["812 B", "3.4 KiB", "25.0 MiB"]);
    }
}
