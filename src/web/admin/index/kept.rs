//! Counts for the charts, kept where counting takes longer than a page should: a million rows of 30
//! days take most of a second. Each server keeps its own, so that none has to tell another.

use chrono::{DateTime, Utc};
use signalbox_store::overview::Counts;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// A second for so many rows: they take some 50 ms to count, so that counting takes a twentieth of
/// the time at most, however many look. Fewer are counted each time.
const ROWS_A_SECOND: i64 = 100_000;
/// Nothing is older than this.
const OLDEST: Duration = Duration::from_mins(1);

/// The counts that are kept, by the bounds of their bars: those of a day begin elsewhere in another
/// time zone.
#[derive(Debug, Default)]
pub struct KeptCounts(Mutex<HashMap<Vec<DateTime<Utc>>, Kept>>);

#[derive(Debug)]
struct Kept {
    counts: Vec<Counts>,
    read_at: Instant,
    lasts: Duration,
}

impl KeptCounts {
    /// The counts of these bars. None: the caller reads them, and keeps them; meanwhile others go
    /// on with those that were kept, so that many who look do not count at the same time.
    pub fn find(&self, bounds: &[DateTime<Utc>], now: Instant) -> Option<Vec<Counts>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = all.get_mut(bounds)?;
        if now >= kept.read_at + kept.lasts {
            kept.read_at = now;
            return None;
        }
        Some(kept.counts.clone())
    }

    /// Keeps what was read at `now`, if it was much.
    pub fn keep(&self, bounds: &[DateTime<Utc>], counts: &[Counts], now: Instant) {
        let sum = |counts: &Counts| counts.deliveries.iter().chain(&counts.jobs).sum::<i64>();
        let rows: i64 = counts.iter().map(sum).sum();
        let lasts = Duration::from_secs(u64::try_from(rows / ROWS_A_SECOND).unwrap_or_default());
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, kept| now < kept.read_at + OLDEST);
        if lasts.is_zero() {
            all.remove(bounds);
            return;
        }
        let kept = Kept { counts: counts.to_vec(), read_at: now, lasts: lasts.min(OLDEST) };
        all.insert(bounds.to_vec(), kept);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use signalbox_core::chart::Period;

    #[test]
    fn what_is_much_is_kept_and_read_anew_by_one() {
        let kept = KeptCounts::default();
        let start = Instant::now();
        let bounds = Period::Month.bounds(&DateTime::UNIX_EPOCH);
        let count = |rows: i64| [Counts { deliveries: [rows / 8; 8], jobs: [0; 4] }];
        let after = |ms| start + Duration::from_millis(ms);
        kept.keep(&bounds, &count(80_000), start);
        assert_eq!(kept.find(&bounds, start), None, "few: read each time");
        let many = count(1_000_000);
        kept.keep(&bounds, &many, start);
        assert_eq!(kept.find(&bounds, after(9_999)).as_deref(), Some(&many[..]));
        assert_eq!(kept.find(&bounds[1..], start), None, "a bar further");
        assert_eq!(kept.find(&bounds, after(10_001)), None, "one reads");
        assert!(kept.find(&bounds, after(10_002)).is_some(), "the others do not");
        kept.keep(&bounds[1..], &many, after(90_000));
        assert_eq!(kept.find(&bounds, after(90_000)), None, "nobody looked for long");
    }
}
