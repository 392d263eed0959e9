//! The time zone in which a reader reads times, and how a moment is written in it. What programs
//! read is always in UTC.

use chrono::{DateTime, Offset, Utc};
use chrono_tz::{TZ_VARIANTS, Tz};

tokio::task_local! {
    static CURRENT: Tz;
}

/// The time zone of the request that is being answered; UTC where there is none.
pub fn current_zone() -> Tz {
    CURRENT.try_with(|zone| *zone).unwrap_or(Tz::UTC)
}

/// Answers a request in a time zone.
pub async fn answer_in_zone<F: Future>(zone: Tz, answer: F) -> F::Output {
    CURRENT.scope(zone, answer).await
}

/// Says something in a time zone outside of a request's own task.
pub fn say_in_zone<T>(zone: Tz, say: impl FnOnce() -> T) -> T {
    CURRENT.sync_scope(zone, say)
}

/// The time zone of this name in the IANA database, in whatever case.
pub fn find_zone(name: &str) -> Option<Tz> {
    let is_named = |zone: &&Tz| zone.name().eq_ignore_ascii_case(name);
    name.parse().ok().or_else(|| TZ_VARIANTS.iter().find(is_named).copied())
}

/// The names of all time zones.
pub fn zone_names() -> impl Iterator<Item = &'static str> {
    TZ_VARIANTS.iter().map(|zone| zone.name())
}

/// A moment in the reader's time zone.
pub fn to_local(at: DateTime<Utc>) -> DateTime<Tz> {
    at.with_timezone(&current_zone())
}

/// How far a local time is from UTC: `UTC`, `UTC+1`, `UTC-3:30`. Not its zone's letters: `CST` is
/// said in Shanghai and in Chicago.
pub fn offset_text(at: &DateTime<Tz>) -> String {
    let minutes = at.offset().fix().local_minus_utc() / 60;
    let (sign, hours, rest) =
        (if minutes < 0 { '-' } else { '+' }, minutes.abs() / 60, minutes.abs() % 60);
    match (hours, rest) {
        (0, 0) => "UTC".to_owned(),
        (_, 0) => format!("UTC{sign}{hours}"),
        _ => format!("UTC{sign}{hours}:{rest:02}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_are_found_by_name() {
        assert_eq!(find_zone("Europe/Berlin"), Some(Tz::Europe__Berlin));
        assert_eq!(find_zone("europe/berlin"), Some(Tz::Europe__Berlin));
        assert_eq!(find_zone("utc"), Some(Tz::UTC));
        for bad in ["", "Berlin", "Mars/Olympus", "../../etc/passwd", "UTC+1"] {
            assert_eq!(find_zone(bad), None, "{bad}");
        }
        assert!(zone_names().count() > 400);
    }

    #[test]
    fn a_moment_is_read_in_the_zone_of_its_reader() {
        let at: DateTime<Utc> = "2026-07-01T12:00:00Z".parse().unwrap();
        let told = |zone| {
            say_in_zone(zone, || {
                let local = to_local(at);
                format!("{} {}", local.format("%H:%M"), offset_text(&local))
            })
        };
        assert_eq!(told(Tz::Europe__Berlin), "14:00 UTC+2");
        assert_eq!(told(Tz::America__St_Johns), "09:30 UTC-2:30");
        assert_eq!(told(Tz::Asia__Kolkata), "17:30 UTC+5:30");
        assert_eq!(told(Tz::Europe__London), "13:00 UTC+1");
        assert_eq!(current_zone(), Tz::UTC);
        assert_eq!(offset_text(&to_local(at)), "UTC");
    }
}
