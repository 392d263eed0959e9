//! The way of a delivery and of a job, step by step, as their pages draw it.

use super::page::made_how;
use crate::web::admin::deliveries::badges::verdict_badge;
use crate::web::admin::jobs::badges::job_badge;
use crate::web::admin::kit::at::{At, span_text};
use chrono::{DateTime, Utc};
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::deliveries::Brief;
use signalbox_store::jobs;

/// A step of a delivery's or a job's way.
pub struct Step {
    /// What happened.
    pub name: &'static str,
    /// When; none = not yet.
    pub at: Option<At>,
    /// A word for its colour; `todo` = not yet.
    pub state: String,
    /// How long it took to the next step, or a word.
    pub span: Option<String>,
    /// Whether the next step has not been reached.
    pub next_is_todo: bool,
}

/// The steps of a delivery's way, and of its job's if it made one.
pub fn delivery_steps(
    delivery: &Brief,
    judged_at: Option<DateTime<Utc>>,
    made: &[jobs::Row],
) -> Vec<Step> {
    let badge = verdict_badge(delivery.verdict);
    let mut steps = Vec::new();
    if let Some(judged_at) = judged_at {
        steps.push(Step {
            name: made_how(delivery).unwrap_or("Received"),
            at: Some(At(delivery.received_at)),
            state: "queued".to_owned(),
            span: Some(say!(
                "evaluated in {time}",
                time = span_text(judged_at - delivery.received_at)
            )),
            next_is_todo: false,
        });
    }
    steps.push(Step {
        name: if judged_at.is_some() { "Evaluated" } else { "Received and evaluated" },
        at: Some(At(judged_at.unwrap_or(delivery.received_at))),
        state: delivery.verdict.as_str().to_owned(),
        span: Some(t(&badge.label).to_owned()),
        next_is_todo: false,
    });
    // Of several jobs, the table below tells more than one line could.
    if let [only] = made {
        steps.extend(job_steps(&only.job));
    }
    steps
}

/// The steps of a job's way: queued, started, ended.
pub fn job_steps(job: &jobs::Job) -> Vec<Step> {
    let badge = job_badge(job.state);
    let started = job.started_at;
    let waited = started.map(|started| span_text(started - job.queued_at));
    let ran = started.zip(job.finished_at).map(|(started, finished)| span_text(finished - started));
    let todo = |at: Option<DateTime<Utc>>, state: &str| {
        if at.is_some() { state.to_owned() } else { "todo".to_owned() }
    };
    vec![
        Step {
            name: "Queued",
            at: Some(At(job.queued_at)),
            state: "queued".to_owned(),
            span: waited.map(|waited| say!("waited {time}", time = waited)),
            next_is_todo: started.is_none(),
        },
        Step {
            name: "Started",
            at: started.map(At),
            state: todo(started, "running"),
            span: ran.map(|ran| say!("ran {time}", time = ran)),
            next_is_todo: job.finished_at.is_none(),
        },
        Step {
            name: "Ended",
            at: job.finished_at.map(At),
            state: todo(job.finished_at, job.state.as_str()),
            span: job.finished_at.map(|_| t(&badge.label).to_owned()),
            next_is_todo: false,
        },
    ]
}
