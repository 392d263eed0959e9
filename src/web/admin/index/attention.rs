//! The start page's "Needs attention": each line says what, how much and since when, and leads to
//! exactly the rows it speaks of.

use crate::web::admin::deliveries::badges::verdict_badge;
use crate::web::admin::jobs::badges::{job_badge, outcome_badge};
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::webhooks::badges::{pending_badge, quiet_badge};
use crate::web::urls;
use signalbox_core::job::{AttemptOutcome, JobState};
use signalbox_core::listing::Total;
use signalbox_core::sentence::Sentence;
use signalbox_core::verdict::Verdict;
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};
use signalbox_store::attention::{Attention, Failed, GROUPS, Unmatched};
use signalbox_store::overview::Overview;

/// A line.
pub struct Line {
    /// What kind of trouble.
    pub badge: Badge,
    /// The words of the link.
    pub text: String,
    /// The rows it speaks of.
    pub href: String,
    /// A quieter line beneath.
    pub note: String,
    /// When it last happened.
    pub at: Option<At>,
    /// What to do about it, for those who may: words and address.
    pub remedy: Option<(&'static str, String)>,
}

/// The lines, the most urgent first.
pub(super) fn attention_lines(
    attention: &Attention,
    overview: Option<&Overview>,
    may_add: bool,
) -> Vec<Line> {
    let mut lines = Vec::new();
    let lost = overview.map_or(0, |overview| overview.lost.number());
    if lost > 0 {
        lines.push(Line {
            badge: outcome_badge(Some(AttemptOutcome::Lost)),
            text: i18n::count_phrase(
                lost,
                "{n} worker was lost: no heartbeat, and no clean stop",
                "{n} workers were lost: no heartbeat, and no clean stop",
            ),
            href: urls::workers(),
            note: t("Their attempts are marked as lost. Other workers run the jobs again.")
                .to_owned(),
            at: None,
            remedy: None,
        });
    }
    lines.extend(attention.failed.iter().take(GROUPS).map(failed_line));
    if attention.failed.len() > GROUPS {
        let href = [("state", "failed"), ("finished", "24h")];
        lines.push(more_line(
            job_badge(JobState::Failed),
            "Jobs of more webhooks failed",
            urls::with_query(&urls::jobs(), &href),
        ));
    }
    lines.extend(
        attention.unmatched.iter().take(GROUPS).map(|group| unmatched_line(group, may_add)),
    );
    if attention.unmatched.len() > GROUPS {
        let href = [("verdict", "unmatched"), ("received", "7d")];
        lines.push(more_line(
            verdict_badge(Verdict::Unmatched),
            "More repositories are unmatched",
            urls::with_query(&urls::deliveries(), &href),
        ));
    }
    lines.extend(pending_line(overview.map(|overview| overview.pending)));
    lines.extend(quiet_line(overview.map(|overview| overview.quiet)));
    lines
}

fn more_line(badge: Badge, text: &str, href: String) -> Line {
    Line { badge, text: t(text).to_owned(), href, note: String::new(), at: None, remedy: None }
}

/// `One job of web`, `1,234 jobs of web`.
fn count_of(count: i64, of: &str, one: &'static str, several: &'static str) -> String {
    let pattern = if count == 1 { one } else { several };
    let n = if count >= Total::CAP { Total::AtLeast(Total::CAP) } else { Total::Exactly(count) };
    i18n::say(&Sentence::new(pattern).with("n", n).with("name", of))
}

fn failed_line(group: &Failed) -> Line {
    let id = group.webhook_id.map(|id| id.to_string());
    let mut query = vec![("state", "failed"), ("finished", "24h")];
    query.extend(id.as_deref().map(|id| ("webhook", id)));
    Line {
        badge: job_badge(JobState::Failed),
        text: count_of(
            group.count,
            &group.webhook_label,
            "{n} job of {name}",
            "{n} jobs of {name}",
        ),
        href: urls::with_query(&urls::jobs(), &query),
        note: group
            .failure
            .as_ref()
            .map_or_else(|| group.error.clone(), |why| i18n::say(&why.sentence()))
            .lines()
            .next()
            .unwrap_or_default()
            .chars()
            .take(160)
            .collect(),
        at: Some(At(group.finished_at)),
        remedy: None,
    }
}

fn unmatched_line(group: &Unmatched, may_add: bool) -> Line {
    let query =
        [("verdict", "unmatched"), ("repo_name", group.repo_name.as_str()), ("received", "7d")];
    let project_id = group.project_id.map(|id| id.to_string()).unwrap_or_default();
    let add = [
        ("repo_name", group.repo_name.as_str()),
        ("repo_url", group.repo_url.as_str()),
        ("object_kind", group.object_kind.as_str()),
        ("project_id", project_id.as_str()),
        ("http_x_gitlab_event", group.event.as_str()),
        ("from_delivery", group.id.as_str()),
    ];
    let add: Vec<_> = add.into_iter().filter(|(_, value)| !value.is_empty()).collect();
    Line {
        badge: verdict_badge(Verdict::Unmatched),
        text: count_of(
            group.count,
            &group.repo_name,
            "{n} delivery of {name}",
            "{n} deliveries of {name}",
        ),
        href: urls::with_query(&urls::deliveries(), &query),
        note: say!("{event}, last 7 days", event = group.event),
        at: Some(At(group.received_at)),
        remedy: if group.has_webhook {
            Some(("Compare", urls::object("hooks", "delivery", &group.id)))
        } else {
            may_add.then(|| ("Create webhook", urls::with_query(&urls::webhook_add(), &add)))
        },
    }
}

fn pending_line(pending: Option<Total>) -> Option<Line> {
    let number = pending?.number();
    (number > 0).then(|| Line {
        badge: Badge { label: "Pending".to_owned(), ..pending_badge() },
        text: i18n::count_phrase(
            number,
            "{n} webhook has waited for GitLab's Test for over an hour",
            "{n} webhooks have waited for GitLab's Test for over an hour",
        ),
        href: urls::with_query(&urls::webhooks(), &[("pending_for", "1h")]),
        note: t("They run nothing until they are registered.").to_owned(),
        at: None,
        remedy: None,
    })
}

fn quiet_line(quiet: Option<Total>) -> Option<Line> {
    let number = quiet?.number();
    (number > 0).then(|| Line {
        badge: quiet_badge(),
        text: i18n::count_phrase(
            number,
            "{n} enabled webhook has had no delivery for 30 days",
            "{n} enabled webhooks have had no delivery for 30 days",
        ),
        href: urls::with_query(&urls::webhooks(), &[("quiet_for", "30d")]),
        note: t("GitLab may have disabled its webhook after repeated failures. Check the webhook's page in GitLab.")
            .to_owned(),
        at: None,
        remedy: None,
    })
}
