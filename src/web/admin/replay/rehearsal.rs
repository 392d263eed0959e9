//! What a job would run, drawn: program, arguments one by one, environment, payload, lane. Nothing
//! is started to find it out. Shown before a replay and on a webhook's test page.

use crate::web::Deps;
use crate::web::admin::deliveries::badges::verdict_badge;
use crate::web::admin::deliveries::body;
use crate::web::admin::kit::at::size_text;
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::webhooks::badges::{enabled_badge, pending_badge};
use crate::web::urls;
use bytes::Bytes;
use signalbox_actions::{Payload, RunRequest, dry_run_action};
use signalbox_core::action::{ActionSpec, EventFacts};
use signalbox_core::event::Event;
use signalbox_core::failure::Failure;
use signalbox_core::lane;
use signalbox_core::pause::{Pause, find_holding};
use signalbox_core::verdict::Verdict;
use signalbox_core::webhook::{Concurrency, Webhook};
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};
use std::sync::Arc;
use std::time::Duration;

/// Most letters of a payload that are shown.
const EXCERPT: usize = 1_200;
/// What stands for ids that are made when it is done.
const NEW_DELIVERY: &str = "(the new delivery's id)";
/// See [`NEW_DELIVERY`].
const NEW_JOB: &str = "(the new job's id)";

/// A webhook's job as it would run.
#[derive(Debug, Clone)]
pub struct RunView {
    /// The webhook's id.
    pub id: String,
    /// How the webhook is called.
    pub label: String,
    /// Its page.
    pub href: String,
    /// How the webhook stands.
    pub badges: Vec<Badge>,
    /// What that means for the job.
    pub notes: Vec<String>,
    /// The action.
    pub action: String,
    /// Its kind.
    pub kind: &'static str,
    /// Program and arguments.
    pub argv: Vec<String>,
    /// Further facts.
    pub facts: Vec<(&'static str, String)>,
    /// What the table of names and values holds.
    pub environment_title: &'static str,
    /// Names and values; none = not shown.
    pub environment: Vec<(String, Option<String>)>,
    /// How large the payload is.
    pub payload_size: String,
    /// Its beginning.
    pub payload: String,
    /// Whether there is more of it.
    pub is_cut: bool,
    /// Why nothing would be started, if that is so.
    pub refused: Option<String>,
}

/// Rehearses the job that a webhook would get from an event.
pub fn dry_run_job(
    deps: &Deps,
    webhook: &Webhook,
    event: &Event,
    payload: &[u8],
    pauses: &[Pause],
) -> RunView {
    let spec = deps.catalogue.get(&webhook.action);
    let lane = lane_of(webhook, spec.as_deref());
    let mut view = draw_run(webhook, &lane, pauses);
    let done = match spec {
        None => Err(deps.catalogue.why_missing(&webhook.action)),
        Some(spec) => {
            let request = build_request(spec, webhook, event, payload);
            request.and_then(|request| Ok((dry_run_action(&request)?, request.spec)))
        }
    };
    let (rehearsal, spec) = match done {
        Ok(done) => done,
        Err(why) => {
            view.refused = Some(i18n::say(&why.sentence()));
            return view;
        }
    };
    view.kind = rehearsal.kind;
    view.argv = rehearsal.argv;
    view.environment = rehearsal.environment;
    if rehearsal.kind == "http" {
        view.environment_title = "Headers";
    }
    view.facts.extend(rehearsal.facts);
    view.facts.push(("Attempts", tries_text(webhook, &spec)));
    let whole = match &rehearsal.payload {
        Payload::Event => payload,
        Payload::Nothing => &[],
        Payload::Text(text) => text.as_bytes(),
    };
    view.payload_size = size_text(i64::try_from(whole.len()).unwrap_or(i64::MAX));
    let start = String::from_utf8_lossy(whole.get(..body::MOST).unwrap_or(whole));
    let shown = body::indent_json(&start).unwrap_or_else(|| start.into_owned());
    view.payload = shown.chars().take(EXCERPT).collect();
    view.is_cut = view.payload.len() < shown.len();
    view
}

fn draw_run(webhook: &Webhook, lane: &str, pauses: &[Pause]) -> RunView {
    let (mut badges, mut notes) = (Vec::new(), Vec::new());
    if webhook.project_id.is_pending() {
        badges.push(pending_badge());
        notes.push(say!("It is pending and stays pending: this does not register it."));
    }
    if !webhook.enabled {
        badges.push(enabled_badge(false));
    }
    if let Some(pause) = find_holding(pauses, Some(webhook.id.0), lane) {
        badges.push(verdict_badge(Verdict::Paused));
        let (by, reason) = (&pause.note.by, &pause.note.reason);
        notes.push(say!(
            "{by} paused its jobs: {reason}. The job is held until they are resumed.",
            by = by,
            reason = reason
        ));
    }
    let lane =
        if lane.is_empty() { say!("parallel") } else { t(&lane::lane_label(lane)).to_owned() };
    let parallel = matches!(webhook.concurrency, Concurrency::Parallel);
    let mut facts = vec![("Lane", lane)];
    if !parallel {
        facts.push(("In its lane", concurrency_text(webhook)));
    }
    RunView {
        id: webhook.id.to_string(),
        label: webhook.label(),
        href: urls::webhook(webhook.id),
        badges,
        notes,
        action: webhook.action.clone(),
        kind: "",
        argv: Vec::new(),
        facts,
        environment_title: "Environment",
        environment: Vec::new(),
        payload_size: String::new(),
        payload: String::new(),
        is_cut: false,
        refused: None,
    }
}

fn concurrency_text(webhook: &Webhook) -> String {
    match webhook.concurrency {
        Concurrency::Parallel => webhook
            .max_concurrent_jobs
            .map(|most| say!("parallel, at most {n} at once", n = most))
            .unwrap_or_default(),
        Concurrency::Serial => say!("serial"),
        Concurrency::Latest => match webhook.debounce_s {
            0 => say!("latest"),
            s => say!("latest, debounced by {n} s", n = s),
        },
    }
}

fn lane_of(webhook: &Webhook, spec: Option<&ActionSpec>) -> String {
    let named = spec.and_then(|spec| spec.lane.as_deref()).map(lane::of_host);
    named
        .or_else(|| lane::of_webhook(webhook.id, webhook.concurrency, webhook.max_concurrent_jobs))
        .unwrap_or_default()
}

fn tries_text(webhook: &Webhook, spec: &ActionSpec) -> String {
    match (webhook.max_attempts, spec.retry_on_failure) {
        (1, _) => say!("1 attempt"),
        (most, true) => say!("up to {n}, after any failure", n = most),
        (most, false) => say!("up to {n}, after a temporary failure", n = most),
    }
}

fn build_request(
    spec: Arc<ActionSpec>,
    webhook: &Webhook,
    event: &Event,
    payload: &[u8],
) -> Result<RunRequest, Failure> {
    let params = serde_json::from_value(webhook.action_params.clone())
        .map_err(|error| Failure::ParametersUnreadable { error: error.to_string() })?;
    let asked = webhook.timeout_s.and_then(|s| u32::try_from(s).ok()).unwrap_or(spec.timeout_s);
    let timeout = Duration::from_secs(asked.min(spec.timeout_s).into());
    Ok(RunRequest {
        params,
        facts: EventFacts::from_event(event.clone(), &webhook.repo_url, NEW_DELIVERY, NEW_JOB, 1),
        body: Bytes::copy_from_slice(payload),
        timeout,
        spec,
    })
}

/// A job of every kind of state, for the test of all pages.
#[cfg(test)]
pub fn sample_runs(words: &str) -> Vec<RunView> {
    let view = RunView {
        id: "7".to_owned(),
        label: words.to_owned(),
        href: "/admin/".to_owned(),
        badges: vec![pending_badge()],
        notes: vec![words.to_owned()],
        action: "deploy".to_owned(),
        kind: "command",
        argv: vec!["/opt/deploy.sh".to_owned(), words.to_owned()],
        facts: vec![("Lane", "webhook:7".to_owned())],
        environment_title: "Environment",
        environment: vec![("A".to_owned(), Some(words.to_owned())), ("B".to_owned(), None)],
        payload_size: "2 KiB".to_owned(),
        payload: words.to_owned(),
        is_cut: true,
        refused: None,
    };
    let refused = RunView { refused: Some(words.to_owned()), argv: Vec::new(), ..view.clone() };
    vec![view, refused]
}
