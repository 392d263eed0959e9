//! Times of day in a time zone: clocks there are set forward and back, so that a time of day may
//! come twice, or not at all.

use chrono::{DateTime, NaiveDateTime, TimeDelta, TimeZone, Utc};

/// When it is so late there: the first time of two; for a time that clocks skip, as much after the
/// skip as it would have been after its beginning.
pub fn resolve_local<Tz: TimeZone>(zone: &Tz, local: NaiveDateTime) -> DateTime<Utc> {
    if let Some(found) = zone.from_local_datetime(&local).earliest() {
        return found.to_utc();
    }
    // Nothing is skipped a day before, so that the offset from then is that from before the skip.
    let before = local.checked_sub_signed(TimeDelta::days(1)).unwrap_or(local);
    let found = zone.from_local_datetime(&before).earliest();
    found.map_or(local.and_utc(), |found| found.to_utc() + TimeDelta::days(1))
}
