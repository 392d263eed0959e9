//! The start page's row for each webhook: its newest jobs as dots, how many failed, how long they
//! took, and when the last one ran.

use crate::web::admin::jobs::dots::Dot;
use crate::web::admin::kit::at::{At, seconds_text};
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::webhooks::badges::{enabled_badge, pending_badge};
use crate::web::urls;
use chrono::{DateTime, Utc};
use signalbox_core::ids::WebhookId;
use signalbox_core::job::JobState;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::webhooks::{NewestJob, WebhookJobs};

/// A row.
pub(super) struct WebhookRow {
    pub label: String,
    pub href: String,
    /// What keeps it from running, if anything does.
    pub badge: Option<Badge>,
    /// Its newest jobs, the oldest of them first.
    pub dots: Vec<Dot>,
    /// What the dots say in all.
    pub summary: String,
    /// The jobs of this webhook.
    pub jobs: String,
    /// Of those that ended by themselves, how many failed: `5%`.
    pub failed: Option<String>,
    /// Some failed.
    pub has_failed: bool,
    /// How long half of them ran at most.
    pub p50: Option<String>,
    /// How long 95 of 100 ran at most.
    pub p95: Option<String>,
    /// When the newest began, and its page.
    pub last: Option<(At, String)>,
}

pub(super) fn draw_row(webhook: WebhookJobs, now: DateTime<Utc>) -> WebhookRow {
    let in_state = |state| webhook.jobs.iter().filter(|job| job.state == state).count();
    let (succeeded, failed) = (in_state(JobState::Succeeded), in_state(JobState::Failed));
    let page_of = |job: &NewestJob| urls::object("hooks", "job", &job.id);
    WebhookRow {
        href: urls::webhook(WebhookId(webhook.id)),
        badge: if webhook.is_pending {
            Some(Badge { label: "Pending".to_owned(), ..pending_badge() })
        } else {
            (!webhook.enabled).then(|| enabled_badge(false))
        },
        summary: say!(
            "Newest {n} jobs: {succeeded} succeeded, {failed} failed",
            n = webhook.jobs.len(),
            succeeded = succeeded,
            failed = failed
        ),
        jobs: urls::with_query(&urls::jobs(), &[("webhook", &webhook.id.to_string())]),
        failed: (failed * 100).checked_div(succeeded + failed).map(|part| format!("{part}%")),
        has_failed: failed > 0,
        p50: webhook.p50.map(seconds_text),
        p95: webhook.p95.map(seconds_text),
        last: webhook.jobs.last().map(|job| (At(job.at), page_of(job))),
        dots: webhook
            .jobs
            .iter()
            .map(|job| Dot {
                state: job.state.as_str(),
                href: page_of(job),
                label: format!("{}, {}", t(job.state.label()), At(job.at).ago(&now)),
            })
            .collect(),
        label: webhook.label,
    }
}

/// A row with jobs in every state, or with none.
#[cfg(test)]
pub(super) fn sample_row(full: bool) -> WebhookRow {
    let job = |state| NewestJob {
        id: "01M87VREQA18WSHF0ZZCJA3NJ9".to_owned(),
        state,
        at: DateTime::UNIX_EPOCH,
    };
    let webhook = WebhookJobs {
        id: 7,
        label: if full { "long ".repeat(60) } else { "<b>diaspora</b>".to_owned() },
        enabled: full,
        is_pending: false,
        jobs: if full { JobState::ALL.map(job).into() } else { Vec::new() },
        p50: full.then_some(1.5),
        p95: full.then_some(184.0),
    };
    draw_row(webhook, DateTime::UNIX_EPOCH)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_how_its_newest_jobs_went() {
        let job = |state| NewestJob { id: "01".to_owned(), state, at: DateTime::UNIX_EPOCH };
        let states =
            [JobState::Failed, JobState::Succeeded, JobState::Succeeded, JobState::Running];
        let webhook = WebhookJobs {
            id: 7,
            label: "web push".to_owned(),
            enabled: true,
            is_pending: true,
            jobs: states.map(job).into(),
            p50: Some(1.25),
            p95: None,
        };
        let row = draw_row(webhook, DateTime::UNIX_EPOCH);
        assert_eq!(row.summary, "Newest 4 jobs: 2 succeeded, 1 failed");
        assert_eq!((row.failed.as_deref(), row.p50.as_deref()), (Some("33%"), Some("1.2 s")));
        assert_eq!(row.dots[3].label, "Running, just now");
        assert_eq!(row.badge.map(|badge| badge.state).as_deref(), Some("pending"));
        assert_eq!(row.jobs, "/admin/hooks/job/?webhook=7");
        let idle = sample_row(false);
        assert_eq!((idle.failed, idle.last, idle.dots.len()), (None, None, 0));
    }
}
