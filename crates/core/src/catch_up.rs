//! Catching up on events that GitLab could not deliver: which of them are overtaken, and which branches went
//! on without one.

use crate::ids::WebhookId;
use chrono::TimeDelta;
use std::collections::{HashMap, HashSet};

/// How long after it was found missing a push of GitLab's own may come late.
pub const LATE: TimeDelta = TimeDelta::hours(1);

/// Of what an event is one: its kind, and the branch or tag.
pub type Line = (String, String);

/// An event of GitLab's log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Logged {
    /// Of what it is one.
    pub line: Line,
    /// The webhooks that ran it, or would.
    pub runs: Vec<WebhookId>,
}

/// For each event, in the order in which they were sent, those of its webhooks that a newer one of its line
/// runs too. One without a branch or tag is never overtaken.
#[must_use]
pub fn find_overtaken(events: &[Logged]) -> Vec<Vec<WebhookId>> {
    let mut newer = HashSet::new();
    let mut overtaken = vec![Vec::new(); events.len()];
    for (event, overtaken) in events.iter().zip(&mut overtaken).rev() {
        let has_ref = !event.line.1.is_empty();
        for webhook in event.runs.iter().filter(|_| has_ref) {
            if !newer.insert((&event.line, *webhook)) {
                overtaken.push(*webhook);
            }
        }
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

/// The branches that went on without a push: those that stand neither where any push since they were compared
/// left them, nor, without one that GitLab delivered, where they stood then. Each push says whether GitLab
/// delivered it; they are in the order in which they came.
pub fn find_missed_heads(
    heads: &[Head],
    compared: &[Head],
    pushes: &[(Head, bool)],
) -> Vec<MissedHead> {
    let mut known: HashMap<&str, &str> = pairs(compared).collect();
    let mut came = HashSet::new();
    for (push, is_delivered) in pushes {
        // The newest that came need not be the newest that was sent.
        came.insert(push);
        if *is_delivered {
            known.insert(&push.git_ref, &push.sha);
        }
    }
    let is_missed = |head: &&Head| {
        known.get(head.git_ref.as_str()) != Some(&head.sha.as_str()) && !came.contains(head)
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

    #[test]
    fn a_webhook_runs_the_newest_of_each_branch_that_it_runs_at_all() {
        let event = |git_ref: &str, runs: &[i64]| Logged {
            line: ("push".to_owned(), git_ref.to_owned()),
            runs: runs.iter().map(|id| WebhookId(*id)).collect(),
        };
        let events = [
            event("a", &[1, 2]),
            event("b", &[1]),
            event("a", &[1]),
            // A filter keeps it from both.
            event("a", &[]),
            event("", &[1]),
            event("", &[1]),
        ];
        let overtaken = find_overtaken(&events);
        assert_eq!(overtaken[0], [WebhookId(1)]);
        assert!(overtaken[1..].iter().all(Vec::is_empty), "{overtaken:?}");
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
            // What was sent first came last.
            (head("f", "2"), true),
            (head("f", "1"), true),
        ];
        let heads = [
            head("a", "1"),
            head("b", "2"),
            head("c", "2"),
            head("d", "2"),
            // Back to where it was.
            head("e", "2"),
            head("f", "2"),
            head("new", "1"),
        ];
        let missed = find_missed_heads(&heads, &compared, &pushes);
        let wanted = [(head("e", "2"), Some("3")), (head("new", "1"), None)];
        let wanted =
            wanted.map(|(head, before)| MissedHead { head, before: before.map(str::to_owned) });
        assert_eq!(missed, wanted);
    }
}
