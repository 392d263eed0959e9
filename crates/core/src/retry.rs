//! How long a failed job waits for its next try: what a catalogue entry says, else as ever.

use super::sentence::Sentence;
use chrono::TimeDelta;

/// The longest wait an entry may set: a week.
pub const MAX_WAIT_S: u32 = 7 * 86_400;
/// The most waits an entry may list.
pub const MAX_WAITS: usize = 50;

/// The waits between the tries of one job, and how far they are spread.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// The waits.
    pub waits: Waits,
    /// How much of itself a wait may be longer by chance, so that jobs that failed together do
    /// not come again together: 0.2 = up to a fifth.
    pub jitter: f64,
}

/// The waits themselves, in seconds.
#[derive(Debug, Clone, PartialEq)]
pub enum Waits {
    /// One after the other; the last one holds from then on.
    Listed(Vec<u32>),
    /// Each so many times the one before.
    Growing {
        /// The first.
        first_s: u32,
        /// So many times, at least 1.
        factor: f64,
        /// The longest.
        max_s: u32,
    },
}

impl Default for Policy {
    fn default() -> Self {
        Self { waits: Waits::Listed(vec![1, 5, 30, 120, 600]), jitter: 0.2 }
    }
}

impl Policy {
    /// The wait after the nth try; `chance` lies in 0..1.
    #[must_use]
    pub fn wait_after(&self, tries: i32, chance: f64) -> TimeDelta {
        let seconds = self.seconds_after(tries) * (1.0 + self.jitter * chance.clamp(0.0, 1.0));
        let wait = std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default();
        TimeDelta::from_std(wait).unwrap_or_default()
    }

    /// Without chance.
    fn seconds_after(&self, tries: i32) -> f64 {
        let before = tries.max(1) - 1;
        match &self.waits {
            Waits::Listed(waits) => {
                let place = usize::try_from(before).unwrap_or(usize::MAX);
                let wait = waits.get(place).or(waits.last());
                wait.copied().map_or(0.0, f64::from)
            }
            Waits::Growing { first_s, factor, max_s } => {
                (f64::from(*first_s) * factor.powi(before)).min(f64::from(*max_s))
            }
        }
    }

    /// The same for a person: `1 s, 5 s, 30 s, 2 min, then every 10 min; up to 20 % longer`.
    #[must_use]
    pub fn in_words(&self) -> Sentence {
        const MOST: i32 = 8;
        let mut words: Vec<Sentence> = Vec::new();
        let last = loop {
            let tries = i32::try_from(words.len()).unwrap_or(MOST) + 1;
            let (wait, next) = (self.seconds_after(tries), self.seconds_after(tries + 1));
            #[expect(clippy::float_cmp, reason = "the same number twice means that it stays so")]
            if wait == next {
                break Some(span_sentence(wait));
            }
            if tries > MOST {
                break None;
            }
            words.push(span_sentence(wait));
        };
        let first = words.into_iter().reduce(|before, next| {
            Sentence::new("{before}, {next}")
                .with_sentence("before", before)
                .with_sentence("next", next)
        });
        let waits = match (first, last) {
            (None, last) => Sentence::new("every {last}")
                .with_sentence("last", last.unwrap_or_else(|| "…".into())),
            (Some(first), None) => Sentence::new("{first}, …").with_sentence("first", first),
            (Some(first), Some(last)) => Sentence::new("{first}, then every {last}")
                .with_sentence("first", first)
                .with_sentence("last", last),
        };
        if self.jitter == 0.0 {
            waits
        } else {
            let percent = (self.jitter * 100.0).round();
            Sentence::new("{waits}; up to {percent} % longer")
                .with_sentence("waits", waits)
                .with("percent", percent)
        }
    }
}

fn span_sentence(seconds: f64) -> Sentence {
    let whole = |unit: f64| seconds >= unit && seconds % unit == 0.0;
    if whole(3_600.0) {
        Sentence::new("{n} h").with("n", seconds / 3_600.0)
    } else if whole(60.0) {
        Sentence::new("{n} min").with("n", seconds / 60.0)
    } else {
        Sentence::new("{n} s").with("n", (seconds * 10.0).round() / 10.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_waits(policy: &Policy, chance: f64) -> Vec<f64> {
        let wait = |tries| policy.wait_after(tries, chance).as_seconds_f64();
        (1..=7).map(wait).collect()
    }

    #[test]
    fn the_last_of_a_list_holds_on() {
        let policy = Policy::default();
        assert_eq!(sample_waits(&policy, 0.0), [1.0, 5.0, 30.0, 120.0, 600.0, 600.0, 600.0]);
        assert_eq!(sample_waits(&policy, 1.0)[..3], [1.2, 6.0, 36.0]);
        let words = "1 s, 5 s, 30 s, 2 min, then every 10 min; up to 20 % longer";
        assert_eq!(policy.in_words().to_string(), words);
        let policy = Policy { waits: Waits::Listed(vec![90]), jitter: 0.0 };
        assert_eq!(
            (sample_waits(&policy, 1.0)[6], &*policy.in_words().to_string()),
            (90.0, "every 90 s")
        );
    }

    #[test]
    fn a_growing_wait_stops_at_its_longest() {
        let growing = |first_s, factor, max_s| Policy {
            waits: Waits::Growing { first_s, factor, max_s },
            jitter: 0.0,
        };
        let policy = growing(2, 3.0, 100);
        assert_eq!(sample_waits(&policy, 0.0), [2.0, 6.0, 18.0, 54.0, 100.0, 100.0, 100.0]);
        assert_eq!(policy.in_words().to_string(), "2 s, 6 s, 18 s, 54 s, then every 100 s");
        assert!(growing(1, 1.1, 86_400).in_words().to_string().ends_with(", …"));
        assert_eq!(growing(3_600, 1.0, 3_600).in_words().to_string(), "every 1 h");
        // However often: a number, and no more than the longest.
        assert_eq!(policy.wait_after(i32::MAX, 1.0).num_seconds(), 100);
    }
}
