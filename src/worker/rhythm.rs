//! How often to look at what costs the database something: four times a second at most, and for at
//! most a twentieth of the time, however long a look takes.

use std::time::Duration;
use tokio::time::Instant;

/// The least time between two looks.
const LEAST: Duration = Duration::from_millis(250);
/// Looks take at most this part of the time.
const PART: u32 = 20;

/// When the last look was, and how long it took.
#[derive(Debug, Default)]
pub(super) struct Rhythm(Option<(Instant, Duration)>);

impl Rhythm {
    /// Whether it is time to look again.
    pub(super) fn is_due(&self) -> bool {
        self.0.is_none_or(|(at, took)| at.elapsed() >= LEAST.max(took * PART))
    }

    /// A look that began then has ended.
    pub(super) fn note_look(&mut self, began: Instant) {
        self.0 = Some((Instant::now(), began.elapsed()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_is_due_after_its_pause_and_after_twenty_times_what_it_took() {
        let ago = |ms| Instant::now().checked_sub(Duration::from_millis(ms)).unwrap();
        assert!(Rhythm::default().is_due(), "nobody looked yet");
        let mut rhythm = Rhythm::default();
        rhythm.note_look(Instant::now());
        assert!(!rhythm.is_due());
        assert!(Rhythm(Some((ago(250), Duration::ZERO))).is_due());
        assert!(!Rhythm(Some((ago(900), Duration::from_millis(50)))).is_due());
        assert!(Rhythm(Some((ago(1_100), Duration::from_millis(50)))).is_due());
    }
}
