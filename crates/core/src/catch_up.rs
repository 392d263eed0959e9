//! Catching up on events that GitLab could not deliver: which of them are overtaken, and which branches went
//! on without one.

use chrono::{DateTime, TimeDelta, Utc};
use std::collections::{BTreeMap, HashMap, HashSet};

/// How long after it was found missing a push of GitLab's own may come late.
pub const LATE: TimeDelta = TimeDelta::hours(1);

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

/// A branch and the commit at its end.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Head {
    /// The branch's whole name.
    pub git_ref: String,
    /// The commit's id.
    pub sha: String,
}

impl From<(String, String)> for Head {
    fn from((git_ref, sha): (String, String)) -> Self {
        Self { git_ref, sha }
    }
}

/// A branch that went on without a push that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MissedHead {
    /// Where it stands.
    pub head: Head,
    /// Where it stood when it was known last; none of a new branch.
    pub before: Option<String>,
}

/// The branches that went on without a push: those that stand neither where the newest push that GitLab
/// delivered left them, nor where any that was caught up on did, nor where they were compared last. Each
/// push says whether GitLab delivered it; they are in order.
pub fn find_missed_heads(
    heads: &[Head],
    compared: &[Head],
    pushes: &[(Head, bool)],
) -> Vec<MissedHead> {
    let mut known: HashMap<&str, &str> = pairs(compared).collect();
    let mut caught = HashSet::new();
    for (push, is_delivered) in pushes {
        if *is_delivered {
            known.insert(&push.git_ref, &push.sha);
        } else {
            caught.insert(push);
        }
    }
    let is_missed = |head: &&Head| {
        known.get(head.git_ref.as_str()) != Some(&head.sha.as_str()) && !caught.contains(head)
    };
    let missed = |head: &Head| MissedHead {
        head: head.clone(),
        before: known.get(head.git_ref.as_str()).map(|sha| (*sha).to_owned()),
    };
    heads.iter().filter(is_missed).map(missed).collect()
}

/// What the intake knows such a push by: the one that is made, and GitLab's own, should it come.
#[must_use]
pub fn head_key(project: i64, head: &Head) -> String {
    format!("head:{project}:{}:{}", head.git_ref, head.sha)
}

fn pairs(heads: &[Head]) -> impl Iterator<Item = (&str, &str)> {
    heads.iter().map(|head| (head.git_ref.as_str(), head.sha.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

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

    fn head(git_ref: &str, sha: &str) -> Head {
        Head { git_ref: git_ref.to_owned(), sha: sha.to_owned() }
    }

    #[test]
    fn a_branch_that_went_on_without_a_push_is_found() {
        let compared =
            [head("a", "1"), head("b", "1"), head("c", "1"), head("d", "1"), head("e", "2")];
        let pushes = [
            (head("b", "2"), true),
            (head("c", "2"), true),
            // Caught up on after a newer one had come.
            (head("c", "0"), false),
            (head("d", "2"), false),
            (head("e", "3"), true),
        ];
        let heads = [
            head("a", "1"),
            head("b", "2"),
            head("c", "2"),
            head("d", "2"),
            // Back to where it was.
            head("e", "2"),
            head("new", "1"),
        ];
        let missed = find_missed_heads(&heads, &compared, &pushes);
        let wanted = [(head("e", "2"), Some("3")), (head("new", "1"), None)];
        let wanted =
            wanted.map(|(head, before)| MissedHead { head, before: before.map(str::to_owned) });
        assert_eq!(missed, wanted);
    }
}
