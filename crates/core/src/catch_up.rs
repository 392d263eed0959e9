//! Catching up on events that GitLab could not deliver: which of them are overtaken.

use chrono::{DateTime, Utc};
use std::collections::{BTreeMap, HashSet};

/// Of what an event is one: its kind, and the branch or tag.
pub type Line = (String, String);

/// An event that was missed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Missed {
    /// Of what it is one.
    pub line: Line,
    /// When it happened.
    pub at: DateTime<Utc>,
}

/// For each of them, the oldest first, whether a newer one of its line is here: among them, or
/// received already. One without a branch or tag is never overtaken.
pub fn find_overtaken(missed: &[Missed], received: &BTreeMap<Line, DateTime<Utc>>) -> Vec<bool> {
    let mut later = HashSet::new();
    let mut overtaken = vec![false; missed.len()];
    for (event, overtaken) in missed.iter().zip(&mut overtaken).rev() {
        let has_later = !later.insert(&event.line);
        let has_newer = received.get(&event.line).is_some_and(|at| *at > event.at);
        *overtaken = (has_later || has_newer) && !event.line.1.is_empty();
    }
    overtaken
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    fn line(git_ref: &str) -> Line {
        ("push".to_owned(), git_ref.to_owned())
    }

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(second)
    }

    #[test]
    fn the_newest_of_each_branch_is_not_overtaken() {
        let events = [("a", 1), ("b", 2), ("a", 3), ("", 4), ("", 5)];
        let missed = events.map(|(git_ref, second)| Missed { line: line(git_ref), at: at(second) });
        let found = |received| find_overtaken(&missed, &received);
        assert_eq!(found(BTreeMap::new()), [true, false, false, false, false]);
        let received = BTreeMap::from([(line("b"), at(2)), (line("a"), at(9)), (line(""), at(9))]);
        assert_eq!(found(received), [true, false, true, false, false]);
    }

    #[test]
    fn of_one_moment_the_last_is_the_newest() {
        let missed = [(); 2].map(|()| Missed { line: line("a"), at: at(1) });
        assert_eq!(find_overtaken(&missed, &BTreeMap::new()), [true, false]);
    }
}
