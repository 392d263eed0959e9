//! A run of replays under way: how far it is, what it left out and why, and its end.

use super::skip_reason;
use crate::clock;
use crate::control::replays::{self, skipped_counts};
use crate::web::admin::act::act_of_request;
use crate::web::admin::context::AdminContext;
use crate::web::admin::kit::at::{At, span_text};
use crate::web::admin::kit::back;
use crate::web::admin::kit::badge::{Badge, Tone};
use crate::web::admin::kit::frame::{Frame, Level};
use crate::web::filters;
use crate::web::human::{HumanError, render_page, see_other};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use chrono::{DateTime, Utc};
use signalbox_core::listing::group_thousands;
use signalbox_core::replay::{Pace, Per, RunState};
use signalbox_core::role::Permission;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::StoreError;
use signalbox_store::replays::{self as stored, Run};

/// A run's page.
#[derive(Template)]
#[template(path = "admin/replay/run.html")]
pub struct RunPage {
    /// The page's frame.
    pub frame: Frame,
    /// The part that keeps itself up to date.
    pub progress: Progress,
    /// The run, as the list shows it.
    pub row: RunRow,
    /// The deliveries it made.
    pub deliveries: String,
}

/// That part alone.
#[derive(Template)]
#[template(path = "admin/replay/_progress.html")]
struct ProgressPart {
    progress: Progress,
}

/// How far a run is.
pub struct Progress {
    /// Its state.
    pub badge: Badge,
    /// How it stands, in a sentence.
    pub sentence: String,
    /// Whether it is under way.
    pub is_running: bool,
    /// Of how many.
    pub total: String,
    /// Seen to, of a hundred parts.
    pub percent: i64,
    /// Replayed.
    pub done: String,
    /// Jobs made.
    pub jobs: String,
    /// Left out in all.
    pub skipped: String,
    /// Not seen to yet.
    pub left: String,
    /// What was left out: why, and how many.
    pub skips: Vec<(&'static str, String)>,
    /// Where this part is by itself.
    pub part: String,
    /// Where it is stopped, for those who may.
    pub stop: Option<String>,
    /// The form's token.
    pub csrf: String,
    /// What a screen reader is told.
    pub announce: String,
    /// The window's title.
    pub title: String,
}

/// A run in the list of runs.
pub struct RunRow {
    /// Its id.
    pub id: String,
    /// Its page.
    pub href: String,
    /// What it is for.
    pub told: String,
    /// Its state.
    pub badge: Badge,
    /// Who started it.
    pub by: String,
    /// When.
    pub at: At,
    /// Replayed, of how many.
    pub done: String,
    /// Left out.
    pub skipped: String,
    /// How fast.
    pub pace: String,
}

/// Runs, as their list shows them.
pub fn told_runs(runs: &[Run]) -> Vec<RunRow> {
    runs.iter().map(run_row).collect()
}

fn count_skipped(run: &Run) -> i64 {
    skipped_counts(run).values().sum()
}

fn run_row(run: &Run) -> RunRow {
    RunRow {
        id: run.id.clone(),
        href: urls::replay_run(&run.id),
        told: run.told.clone(),
        badge: run_badge(run),
        by: run.started_by.clone(),
        at: At(run.started_at),
        done: say!(
            "{n} of {total}",
            n = group_thousands(run.done),
            total = group_thousands(run.total)
        ),
        skipped: group_thousands(count_skipped(run)),
        pace: pace_text(run),
    }
}

fn pace_text(run: &Run) -> String {
    match Per::parse(&run.per) {
        Some(Per::Minute) => say!("{n} a minute", n = run.pace),
        Some(Per::Second) | None => say!("{n} a second", n = run.pace),
    }
}

fn run_badge(run: &Run) -> Badge {
    match RunState::parse(&run.state) {
        Some(RunState::Running) => Badge::new("running", "Running", "play", Tone::Busy),
        Some(RunState::Finished) => Badge::new("succeeded", "Finished", "check", Tone::Good),
        Some(RunState::Stopped) => Badge::new("cancelled", "Stopped", "stop", Tone::Quiet),
        None => Badge::new(&run.state, &run.state, "question", Tone::Plain),
    }
}

/// GET a run's page, or with `?part=run` the part that moves.
///
/// # Errors
/// No such run (404), the database (503).
pub async fn show_run(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = ctx.segment("id").to_ascii_uppercase();
    let run = stored::find_run(&mut *ctx.get_conn().await?, &id).await;
    let run = run.map_err(|error| missing_run(&ctx, error))?;
    let stop = ctx.has_permission(Permission::Operate).then(|| urls::replay_stop(&run.id));
    let progress = draw_progress(&run, stop, ctx.csrf_token(), clock::now());
    if ctx.query() == "part=run" {
        return render_page(&ProgressPart { progress });
    }
    let frame = ctx
        .new_frame(run.told.clone())
        .with_crumb(t("Deliveries").to_owned(), urls::deliveries())
        .with_crumb(t("Replays").to_owned(), urls::replays());
    let deliveries = urls::with_query(&urls::deliveries(), &[("replay_run", &run.id)]);
    render_page(&RunPage { frame, row: run_row(&run), deliveries, progress })
}

fn missing_run(ctx: &AdminContext, error: StoreError) -> Problem {
    match error {
        StoreError::NotFound => {
            let list = urls::replays().to_owned();
            back::no_such(ctx, t("bulk replay"), ctx.segment("id"), t("All runs"), list)
        }
        other => other.into(),
    }
}

/// POST: stops a run.
///
/// # Errors
/// No such run (404), the database (503).
pub async fn submit_stop(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let id = ctx.segment("id").to_ascii_uppercase();
    let (mut conn, remote_addr) = (ctx.get_conn().await?, ctx.remote_addr());
    let stopped = replays::stop_run(&mut conn, act_of_request(&ctx, &remote_addr), &id).await;
    if stopped.map_err(|error| missing_run(&ctx, error))? {
        ctx.leave_message(Level::Success, say!("Stopped: nothing more is replayed."));
    } else {
        ctx.leave_message(Level::Warning, say!("It had already ended."));
    }
    Ok(see_other(urls::replay_run(&id)))
}

fn draw_progress(run: &Run, stop: Option<String>, csrf: &str, now: DateTime<Utc>) -> Progress {
    let is_running = run.state == RunState::Running.as_str();
    let (badge, skipped) = (run_badge(run), count_skipped(run));
    let seen = run.done + skipped;
    let left = (run.total - seen).max(0);
    let all_seen = run.state == RunState::Finished.as_str() || run.total == 0;
    let percent = if all_seen { 100 } else { (seen * 100 / run.total.max(1)).min(99) };
    let part = urls::with_query(&urls::replay_run(&run.id), &[("part", "run")]);
    Progress {
        sentence: run_sentence(run, left, now),
        announce: say!(
            "{state}: {n} of {total}",
            state = t(&badge.label),
            n = group_thousands(seen),
            total = group_thousands(run.total)
        ),
        title: format!("{}: {percent} % · Signalbox", t(&badge.label)),
        badge,
        is_running,
        total: group_thousands(run.total),
        percent,
        done: group_thousands(run.done),
        jobs: group_thousands(run.jobs),
        skipped: group_thousands(skipped),
        left: group_thousands(if is_running { left } else { 0 }),
        skips: skipped_counts(run)
            .into_iter()
            .map(|(skip, n)| (skip_reason(skip), group_thousands(n)))
            .collect(),
        part,
        stop: stop.filter(|_| is_running),
        csrf: csrf.to_owned(),
    }
}

fn run_sentence(run: &Run, left: i64, now: DateTime<Utc>) -> String {
    let took = span_text(run.ended_at.unwrap_or(now) - run.started_at);
    match RunState::parse(&run.state) {
        Some(RunState::Running) => {
            let pace = Per::parse(&run.per).and_then(|per| Pace::new_checked(run.pace, per));
            let rest = pace.map(|pace| span_text(pace.time_of(left))).unwrap_or_default();
            say!("Oldest first, {pace}: about {time} left.", pace = pace_text(run), time = rest)
        }
        Some(RunState::Finished) => say!("All deliveries processed in {time}.", time = took),
        Some(RunState::Stopped) => say!(
            "Stopped by {name} after {time}, with {n} left. Jobs of replayed deliveries still run.",
            name = run.stopped_by,
            time = took,
            n = group_thousands(left)
        ),
        None => String::new(),
    }
}

/// A run, for the test of all pages.
#[cfg(test)]
pub fn sample_run(state: &str, words: &str) -> (RunPage, super::many::RunsPage) {
    let now = DateTime::UNIX_EPOCH;
    let run = Run {
        id: "01M87VREQA18WSHF0ZZCJA3NJ8".to_owned(),
        state: state.to_owned(),
        selection: serde_json::Value::Null,
        told: words.to_owned(),
        pace: 2,
        per: "second".to_owned(),
        total: 12_000,
        done: 400,
        jobs: 410,
        skips: serde_json::json!({"rejected": 3}),
        cursor: String::new(),
        next_at: now,
        started_by: "ada".to_owned(),
        started_at: now,
        stopped_by: "ada".to_owned(),
        ended_at: None,
        remote_addr: String::new(),
    };
    let frame = crate::web::admin::context::sample_frame(words);
    let progress = draw_progress(&run, Some("/admin/".to_owned()), "token", now);
    let deliveries = "/admin/".to_owned();
    let page = RunPage { frame, row: run_row(&run), deliveries: deliveries.clone(), progress };
    let (frame, runs) = (crate::web::admin::context::sample_frame(words), told_runs(&[run]));
    (page, super::many::RunsPage { frame, now, runs, deliveries })
}
