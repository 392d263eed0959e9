//! Which rules hold: a channel's rules for all webhooks, and in their place those of one webhook. And
//! which of them the end of a job fires.

use super::rule::{Rule, RuleKind};

/// A rule as it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Kept {
    /// Its id.
    pub id: i64,
    /// The channel that tells of it.
    pub channel: i64,
    /// The webhook that it is for; none = all that have none of this kind of their own.
    pub webhook: Option<i64>,
    /// The rule.
    pub rule: Rule,
    /// Whether it is on. One of a webhook that is off keeps that webhook from being told of.
    pub enabled: bool,
}

/// The rules of a kind that hold for a webhook, one a channel at most.
pub fn rules_for(kept: &[Kept], webhook: Option<i64>, kind: RuleKind) -> Vec<Kept> {
    let of_kind = || kept.iter().filter(move |one| one.rule.kind() == kind);
    let own = |channel: i64| {
        let webhook = webhook?;
        of_kind().find(|one| one.channel == channel && one.webhook == Some(webhook))
    };
    let mut channels: Vec<i64> = of_kind().map(|one| one.channel).collect();
    channels.sort_unstable();
    channels.dedup();
    channels
        .into_iter()
        .filter_map(|channel| {
            let for_all = || of_kind().find(|one| one.channel == channel && one.webhook.is_none());
            own(channel).or_else(for_all)
        })
        .filter(|one| one.enabled)
        .copied()
        .collect()
}

/// How a job ended, as the rules see it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Its webhook, if that is still there.
    pub webhook: Option<i64>,
    /// Whether it failed; else it succeeded.
    pub failed: bool,
    /// How many jobs of the webhook failed just before it, one after the other.
    pub failed_before: u32,
}

impl Ended {
    /// How many have failed one after the other now.
    #[must_use]
    pub fn failed_in_a_row(self) -> u32 {
        if self.failed { self.failed_before.saturating_add(1) } else { 0 }
    }
}

/// The rules that the end of a job fires.
pub fn fired_by(kept: &[Kept], ended: Ended) -> Vec<Kept> {
    let kinds: &[RuleKind] = match (ended.failed, ended.failed_before) {
        (true, _) => &[RuleKind::Failed, RuleKind::FailedInARow],
        (false, 0) => &[],
        (false, _) => &[RuleKind::Recovered],
    };
    let rules = kinds.iter().flat_map(|kind| rules_for(kept, ended.webhook, *kind));
    let fires = |one: &Kept| match one.rule {
        // Told once, when it comes to that.
        Rule::FailedInARow { times } => ended.failed_in_a_row() == times,
        _ => true,
    };
    rules.filter(fires).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(id: i64, channel: i64, webhook: Option<i64>, rule: &str) -> Kept {
        let (rule, enabled) = match rule.strip_prefix("no ") {
            Some(rule) => (rule, false),
            None => (rule, true),
        };
        Kept { id, channel, webhook, rule: rule.parse().unwrap(), enabled }
    }

    fn ids(kept: &[Kept]) -> Vec<i64> {
        kept.iter().map(|one| one.id).collect()
    }

    #[test]
    fn a_webhooks_own_rule_takes_the_place_of_the_one_for_all() {
        let all = [
            kept(1, 1, None, "failed_in_a_row:3"),
            kept(2, 1, Some(7), "failed_in_a_row:5"),
            kept(3, 1, Some(8), "no failed_in_a_row:3"),
            kept(4, 2, None, "failed_in_a_row:2"),
            kept(5, 2, Some(8), "failed"),
            kept(6, 3, None, "no failed_in_a_row:9"),
            kept(7, 3, Some(7), "failed_in_a_row:4"),
        ];
        let found = |webhook| ids(&rules_for(&all, webhook, RuleKind::FailedInARow));
        assert_eq!(found(Some(7)), [2, 4, 7]);
        assert_eq!(found(Some(8)), [4]);
        assert_eq!(found(Some(9)), [1, 4]);
        // The webhook is gone, or the rule is about none.
        assert_eq!(found(None), [1, 4]);
        assert_eq!(ids(&rules_for(&all, Some(8), RuleKind::Failed)), [5]);
        assert!(rules_for(&all, Some(7), RuleKind::Failed).is_empty());
    }

    #[test]
    fn the_end_of_a_job_fires_what_it_is_about() {
        let all = [
            kept(1, 1, None, "failed"),
            kept(2, 1, None, "failed_in_a_row:3"),
            kept(3, 1, None, "recovered"),
            kept(4, 1, None, "worker_lost"),
        ];
        let fired = |failed, failed_before| {
            ids(&fired_by(&all, Ended { webhook: Some(7), failed, failed_before }))
        };
        assert_eq!(fired(true, 0), [1]);
        assert_eq!(fired(true, 1), [1]);
        assert_eq!(fired(true, 2), [1, 2]);
        // Not again with each that follows.
        assert_eq!(fired(true, 3), [1]);
        assert_eq!(fired(false, 3), [3]);
        assert_eq!(fired(false, 1), [3]);
        assert!(fired(false, 0).is_empty());
        assert_eq!(fired(true, u32::MAX), [1]);
    }
}
