//! Writes what was decided: claims, deliveries, jobs and the webhooks' last values in one statement,
//! then registrations, which the caller's transaction must hold together with it.

use super::decide::{Draft, JobDraft};
use super::refusals::{Count, Room};
use super::{Origin, kept};
use chrono::{DateTime, TimeDelta, Utc};
use sha2::{Digest, Sha256};
use signalbox_core::change::{Change, Value};
use signalbox_core::delivery_reason::DeliveryReason;
use signalbox_core::event::Event;
use signalbox_core::ids::{DeliveryId, WebhookId};
use signalbox_core::job::JobState;
use signalbox_core::lane;
use signalbox_core::matching::project::id_to_register;
use signalbox_core::matching::trace::{MatchField, Trace};
use signalbox_core::verdict::Verdict;
use signalbox_core::webhook::Concurrency;
use signalbox_store::arrivals::{self, Batch, NewDelivery, NewJob, StoredReason, Touch};
use signalbox_store::audit::{self, Entry, Verb};
use signalbox_store::types::JsonText;
use signalbox_store::{Conn, Result, candidates};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Most addresses of a repository kept, and the longest of them.
const MOST_URLS: usize = 6;
const MOST_URL: usize = 500;

pub(super) async fn insert_batch(
    conn: &mut Conn,
    drafts: &[Draft<'_>],
    rooms: &[Room],
    now: DateTime<Utc>,
) -> Result<()> {
    let kept = || drafts.iter().zip(rooms).filter(|(_, room)| !matches!(room, Room::CountedBy(_)));
    let hashes: Vec<[u8; 32]> =
        kept().map(|(draft, _)| Sha256::digest(&draft.arrival.body).into()).collect();
    let batch = Batch {
        claims: drafts.iter().flat_map(|draft| draft.claims.clone()).collect(),
        deliveries: kept()
            .zip(&hashes)
            .map(|((draft, room), hash)| delivery_row(draft, room, hash, now))
            .collect(),
        jobs: drafts.iter().flat_map(|draft| job_rows(draft, now)).collect(),
        touches: webhook_touches(drafts),
    };
    if !batch.deliveries.is_empty() {
        arrivals::store_batch(conn, &batch, now).await?;
    }
    write_registrations(conn, drafts, now).await
}

/// Writes the rising number into a counting row.
pub(super) async fn write_count(conn: &mut Conn, count: &Count) -> Result<()> {
    let trace = Trace { counted: Some(count.counted), ..counting_trace() };
    let trace = serde_json::to_value(&trace).unwrap_or_default();
    let reason = DeliveryReason::Counted { more: count.counted };
    arrivals::set_counted(conn, &count.delivery, &reason, trace).await
}

fn counting_trace() -> Trace {
    Trace { refusal: Some("too_many".to_owned()), counted: Some(1), ..Trace::default() }
}

fn delivery_row<'a>(
    draft: &'a Draft<'_>,
    room: &Room,
    hash: &'a [u8],
    now: DateTime<Utc>,
) -> NewDelivery<'a> {
    const COUNTING: DeliveryReason = DeliveryReason::Counted { more: 1 };
    static NO_EVENT: std::sync::LazyLock<Event> = std::sync::LazyLock::new(Event::default);
    let (arrival, decision) = (draft.arrival, &draft.decision);
    // What a stranger claims to be is shown, but only the beginning of it is kept.
    let event = draft.event().unwrap_or(&NO_EVENT);
    let rejected = decision.verdict == Verdict::Rejected;
    let counting = *room == Room::Counting;
    let (replay_of, replay_run) = match &arrival.origin {
        Origin::Received | Origin::Log { .. } | Origin::CatchUp => (None, None),
        Origin::Made { of, run, .. } => (of.as_ref().map(DeliveryId::as_str), run.as_deref()),
    };
    let (headers, reason) = match (counting, rejected) {
        (true, _) => (
            JsonText::from_value(&kept::headers_of_rejected(&arrival.headers)),
            JsonText::from_value(&counting_trace()),
        ),
        (false, true) => {
            let trace = kept::trace_of_rejected(kept_trace(draft, event).into_owned());
            (
                JsonText::from_value(&kept::headers_of_rejected(&arrival.headers)),
                JsonText::from_value(&trace),
            )
        }
        (false, false) => (
            JsonText::from_value(&arrival.headers),
            JsonText::from_value(&*kept_trace(draft, event)),
        ),
    };
    let headers_and_trace = headers.byte_length() + reason.byte_length();
    let mut row = NewDelivery {
        id: arrival.id.as_str(),
        received_at: arrival.received_at,
        endpoint: arrival.endpoint.as_str(),
        verdict: decision.verdict.as_str(),
        why: match (counting, rejected) {
            (true, _) => StoredReason::from_reason(&COUNTING),
            (false, true) => kept::reason_of_rejected(&decision.reason),
            (false, false) => StoredReason::from_reason(&decision.reason),
        },
        reason,
        http_status: if arrival.origin.is_answered() { decision.status.into() } else { 0 },
        event: kept::truncate_indexed(&arrival.event_header),
        object_kind: kept::truncate_indexed(&event.object_kind),
        project_id: event.project_id,
        repo_name: kept::truncate_indexed(&event.repo_name),
        repo_url: &event.repo_url,
        git_ref: event.git_ref.as_str(),
        sha: &event.sha,
        user_id: event.user_id,
        user_name: &event.user_name,
        user_email: &event.user_email,
        headers,
        body: (!counting).then_some(&arrival.body[..]),
        body_size: i64::try_from(arrival.body.len()).unwrap_or(i64::MAX),
        body_sha256: hash,
        idempotency_key: key_of(draft),
        duplicate_of: draft.duplicate_of.as_deref(),
        replay_of,
        remote_addr: &arrival.remote_addr,
        token_digest: token_of(draft),
        judged_at: Some(now),
        source: arrival.origin.source().as_str(),
        made_by: arrival.origin.by().unwrap_or_default(),
        replay_run,
        title: kept::title_of(event),
        web_url: &event.web_url,
    };
    if rejected {
        kept::shorten_rejected(&mut row, headers_and_trace);
    }
    row
}

/// The trace, with the repository's addresses where somebody may want to know why nothing matched.
fn kept_trace<'a>(draft: &'a Draft<'_>, event: &Event) -> Cow<'a, Trace> {
    let mut trace = Cow::Borrowed(&draft.decision.trace);
    if !draft.decision.did_something() {
        let short = event.repo_urls.iter().filter(|url| url.len() <= MOST_URL);
        trace.to_mut().urls = short.take(MOST_URLS).cloned().collect();
    }
    trace
}

/// The digest of the token it carried.
fn token_of<'a>(draft: &'a Draft<'_>) -> Option<&'a [u8]> {
    match &draft.arrival.content {
        super::Content::Event { presented, .. } => presented.token.as_ref().map(|token| &token[..]),
        super::Content::Refused { .. } => None,
    }
}

fn key_of<'a>(draft: &'a Draft<'_>) -> &'a str {
    match &draft.arrival.content {
        super::Content::Event { key: Some(key), .. } if !key.from_body => &key.value,
        _ => "",
    }
}

fn job_rows<'a>(draft: &'a Draft<'_>, now: DateTime<Utc>) -> impl Iterator<Item = NewJob<'a>> {
    let event = draft.event();
    draft.jobs.iter().filter_map(move |job| Some(job_row(draft, job, event?, now)))
}

fn job_row<'a>(
    draft: &'a Draft<'_>,
    job: &'a JobDraft,
    event: &'a Event,
    now: DateTime<Utc>,
) -> NewJob<'a> {
    let webhook = &job.webhook;
    let waits = match webhook.concurrency {
        Concurrency::Latest => TimeDelta::seconds(webhook.debounce_s.into()),
        Concurrency::Parallel | Concurrency::Serial => TimeDelta::zero(),
    };
    let state = if waits.is_zero() { JobState::Queued } else { JobState::Scheduled };
    NewJob {
        id: job.id.as_str(),
        delivery_id: draft.id().as_str(),
        webhook_id: Some(webhook.id.0),
        webhook_label: &job.label,
        repo_name: kept::truncate_indexed(&event.repo_name),
        git_ref: kept::truncate_indexed(event.git_ref.as_str()),
        action: &webhook.action,
        action_params: JsonText::from_value(&webhook.action_params),
        timeout_s: webhook.timeout_s,
        state: state.as_str(),
        attempts: 0,
        tries_used: 0,
        tries_lost: 0,
        max_attempts: webhook.max_attempts,
        error: "",
        run_at: now + waits,
        queued_at: now,
        requested_by: draft.arrival.origin.by().unwrap_or(&event.user_name),
        concurrency: webhook.concurrency.as_str(),
        lane: lane::of_webhook(webhook.id, webhook.concurrency, webhook.max_concurrent_jobs)
            .unwrap_or_default(),
        cancels_running: webhook.cancel_running,
        title: kept::title_of(event),
    }
}

/// Writes each registration and its audit entry, in order of the webhooks.
async fn write_registrations(
    conn: &mut Conn,
    drafts: &[Draft<'_>],
    now: DateTime<Utc>,
) -> Result<()> {
    let mut all: Vec<(WebhookId, &Draft<'_>, i64)> = drafts
        .iter()
        .flat_map(|draft| {
            let project_id = draft.event().and_then(id_to_register);
            let ids = draft.decision.register.iter();
            ids.filter_map(move |id| Some((*id, draft, project_id?)))
        })
        .collect();
    all.sort_by_key(|(id, ..)| *id);
    for (id, draft, project_id) in all {
        candidates::register_project(conn, id, project_id, now).await?;
        let label = draft.decision.trace.webhooks.iter().find(|webhook| webhook.webhook == id);
        audit::record_entry(
            conn,
            Entry {
                at: now,
                actor: None,
                verb: Verb::Register,
                object_type: audit::object::WEBHOOK,
                object_id: &id.to_string(),
                object_name: label.map_or("", |webhook| &webhook.label),
                changes: registration_changes(draft, project_id),
                remote_addr: &draft.arrival.remote_addr,
            },
        )
        .await?;
    }
    Ok(())
}

fn registration_changes(draft: &Draft<'_>, project_id: i64) -> Vec<Change> {
    let change = |field: &str, before: Option<Value>, after: Value| Change {
        field: field.to_owned(),
        before,
        after: Some(after),
        secret: false,
    };
    let mut changes = vec![
        change("project_id", Some(Value::Number(-1)), Value::Number(project_id)),
        change("delivery", None, Value::Text(draft.id().to_string())),
    ];
    if let Some(event) = draft.event() {
        changes.extend(event.user_id.map(|id| change("user_id", None, Value::Number(id))));
        changes.push(change("user_name", None, Value::Text(event.user_name.clone())));
        changes.push(change("user_email", None, Value::Text(event.user_email.clone())));
    }
    changes
}

/// The last delivery of each webhook a batch concerns.
fn webhook_touches(drafts: &[Draft<'_>]) -> Vec<Touch> {
    let mut last: BTreeMap<WebhookId, Touch> = BTreeMap::new();
    for draft in drafts {
        let decision = &draft.decision;
        let concerned = draft.jobs.iter().map(|job| (job.webhook.id, Some(job.id.clone())));
        let registered = decision.register.iter().map(|id| (*id, None));
        // Of a delivery that did nothing, the webhook it was meant for: the nearest.
        let nearest = decision.trace.webhooks.first().filter(|webhook| {
            !decision.did_something()
                && decision.verdict != Verdict::Rejected
                && webhook
                    .differing_checks()
                    .all(|check| check.field == MatchField::ProjectId || check.field.is_filter())
        });
        let nearest = nearest.map(|webhook| (webhook.webhook, None));
        for (webhook, job) in registered.chain(concerned).chain(nearest) {
            let earlier = last.remove(&webhook);
            let (token, signature) = earlier
                .as_ref()
                .map_or((false, false), |touch| (touch.by_token, touch.by_signature));
            let earlier = earlier.and_then(|touch| touch.job);
            let proof = decision.proofs.iter().find(|(id, _)| *id == webhook);
            let proof = proof.map(|(_, proof)| *proof).unwrap_or_default();
            let touch = Touch {
                webhook,
                delivery: draft.id().clone(),
                verdict: decision.verdict,
                at: draft.arrival.received_at,
                job: job.or(earlier),
                by_token: token || proof.token.is_some(),
                by_signature: signature || proof.signature.is_some(),
            };
            last.insert(webhook, touch);
        }
    }
    last.into_values().collect()
}
