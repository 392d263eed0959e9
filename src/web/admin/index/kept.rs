//! Counts for the charts, kept where counting takes longer than a page should: a million rows of 30
//! days take most of a second. Each server keeps its own, so that none has to tell another.

use chrono::{DateTime, Utc};
use signalbox_core::chart::Period;
use signalbox_store::overview::Counts;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A second for so many rows: they take some 50 ms to count, so that counting takes a twentieth of
/// the time at most, however many look. Fewer are counted each time.
const ROWS_A_SECOND: i64 = 100_000;
/// Nothing is older than this.
const OLDEST: Duration = Duration::from_mins(1);

/// The counts of each period, if they are kept.
#[derive(Debug, Default)]
pub struct KeptCounts(Mutex<HashMap<Period, Kept>>);

#[derive(Debug)]
struct Kept {
    /// When its first bar begins.
    begin: Option<DateTime<Utc>>,
    counts: Vec<Counts>,
    read_at: Instant,
    lasts: Duration,
}

impl KeptCounts {
    /// The counts of these bars. None: the caller reads them, and keeps them; meanwhile others go
    /// on with those that were kept, so that many who look do not count at the same time.
    pub fn find(
        &self,
        period: Period,
        bounds: &[DateTime<Utc>],
        now: Instant,
    ) -> Option<Vec<Counts>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get_mut(&period).filter(|kept| kept.begin.as_ref() == bounds.first())?;
        if now >= kept.read_at + kept.lasts {
            kept.read_at = now;
            return None;
        }
        Some(kept.counts.clone())
    }

    /// Keeps what was read at `now`, if it was much.
    pub fn keep(&self, period: Period, bounds: &[DateTime<Utc>], counts: &[Counts], now: Instant) {
        let sum = |counts: &Counts| counts.deliveries.iter().chain(&counts.jobs).sum::<i64>();
        let rows: i64 = counts.iter().map(sum).sum();
        let lasts = Duration::from_secs(u64::try_from(rows / ROWS_A_SECOND).unwrap_or_default());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if lasts.is_zero() {
            all.remove(&period);
            return;
        }
        let (begin, lasts) = (bounds.first().copied(), lasts.min(OLDEST));
        all.insert(period, Kept { begin, counts: counts.to_vec(), read_at: now, lasts });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_much_is_kept_and_read_anew_by_one() {
        let kept = KeptCounts::default();
        let (start, period) = (Instant::now(), Period::Month);
        let bounds = period.bounds(DateTime::UNIX_EPOCH);
        let count = |rows: i64| [Counts { deliveries: [rows / 8; 8], jobs: [0; 4] }];
        let after = |ms| start + Duration::from_millis(ms);
        kept.keep(period, &bounds, &count(80_000), start);
        assert_eq!(kept.find(period, &bounds, start), None, "few: read each time");
        let many = count(1_000_000);
        kept.keep(period, &bounds, &many, start);
        assert_eq!(kept.find(period, &bounds, after(9_999)).as_deref(), Some(&many[..]));
        assert_eq!(kept.find(Period::Day, &bounds, start), None);
        assert_eq!(kept.find(period, &bounds[1..], start), None, "a bar further");
        assert_eq!(kept.find(period, &bounds, after(10_001)), None, "one reads");
        assert!(kept.find(period, &bounds, after(10_002)).is_some(), "the others do not");
    }
}
