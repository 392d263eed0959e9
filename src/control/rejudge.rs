//! How a stored delivery would fare now, and which records come nearest to it. Reads only.

use super::judge::{Case, Known, Proof};
use crate::core::credential::Check;
use crate::core::event::Event;
use crate::core::event::repository::RepositoryUrl;
use crate::core::ids::WebhookId;
use crate::core::matching::Decision;
use crate::core::matching::explain::{self, Field, Remedy, Told, Wanted};
use crate::core::matching::trace::{FieldCheck, Trace};
use crate::core::seal::Keys;
use crate::core::sentence::Sentence;
use crate::core::source::Source;
use crate::core::verdict::{Endpoint, Verdict};
use crate::core::webhook::Webhook;
use crate::intake::{Policy, opened_alone};
use crate::store::deliveries::{Brief, Full};
use crate::store::{Conn, Result, nearest};
use chrono::{DateTime, Utc};

/// Most records shown beside a delivery.
const MOST: usize = 3;

/// What is known now of a stored delivery.
pub struct Rejudged {
    /// What would become of it now; none where its body is gone, or where asking makes no sense.
    pub now: Option<Decision>,
    /// One sentence on what stands between it and the nearest record.
    pub told: Told,
    /// The nearest records, nearest first.
    pub nearest: Vec<Near>,
}

/// A record beside a delivery.
pub struct Near {
    /// The record.
    pub webhook: WebhookId,
    /// How it is called.
    pub label: String,
    /// Whether it waits for its registration.
    pub is_pending: bool,
    /// The five fields.
    pub fields: Vec<Field>,
    /// How the credential fares.
    pub credential: Check,
    /// Further conditions of the record: its filters.
    pub more: Vec<FieldCheck>,
}

impl Near {
    /// How many of the five fields are equal.
    pub fn equal(&self) -> usize {
        self.fields.iter().filter(|field| field.mark.is_equal()).count()
    }
}

/// The event as it is kept in the delivery's own columns and in its trace, which names further
/// addresses of the repository.
pub fn event_of(delivery: &Brief, reason: &serde_json::Value) -> Event {
    let trace: Trace = serde_json::from_value(reason.clone()).unwrap_or_default();
    let traced = trace.records.into_iter().flat_map(|record| record.checks);
    let traced = traced.filter(|check| check.field == "repo_url").map(|check| check.actual);
    let shown = std::iter::once(delivery.repo_url.clone());
    let mut urls: Vec<String> = shown.chain(trace.urls).chain(traced).collect();
    urls.retain(|url| !url.is_empty());
    Event {
        header: delivery.event.clone(),
        object_kind: delivery.object_kind.clone(),
        project_id: delivery.project_id,
        repo_name: delivery.repo_name.clone(),
        repo_url: delivery.repo_url.clone(),
        repo_urls: urls,
        git_ref: delivery.git_ref.as_str().into(),
        sha: delivery.sha.clone(),
        user_id: delivery.user_id,
        user_name: delivery.user_name.clone(),
        user_email: delivery.user_email.clone(),
        ..Event::default()
    }
}

/// The body, if all of it is kept.
pub fn whole_body(full: &Full) -> Option<&[u8]> {
    let body = full.body.as_deref()?;
    i64::try_from(body.len()).is_ok_and(|size| size == full.brief.body_size).then_some(body)
}

/// The address a delivery came to.
pub fn endpoint_of(delivery: &Brief) -> Endpoint {
    if delivery.endpoint == Endpoint::Register.as_str() {
        Endpoint::Register
    } else {
        Endpoint::Main
    }
}

/// Judges a stored delivery by the records of now.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn rejudge(
    conn: &mut Conn,
    full: &Full,
    (keys, policy): (&Keys, Policy),
    at: DateTime<Utc>,
) -> Result<Rejudged> {
    let body = whole_body(full);
    let read = body.and_then(|body| Event::read(&full.brief.event, body).ok());
    let is_sample = body.is_some_and(|body| {
        read.as_ref().is_some_and(|event| explain::is_sample(event, names_repository(body)))
    });
    let event = read.clone().unwrap_or_else(|| event_of(&full.brief, &full.reason));
    let proof = Proof::of(full);
    let decision = match (read.is_some(), body) {
        (true, Some(body)) => {
            let asked = std::iter::once((&event, &proof));
            let known = Known::load(conn, asked, (keys, policy), at).await?;
            let endpoint = endpoint_of(&full.brief);
            let registers = full.brief.source == Source::Gitlab.as_str();
            let case = Case { event: &event, proof: &proof, body, endpoint, registers };
            Some(known.judge(&case).0)
        }
        _ => None,
    };
    let records = nearest::load(conn, &event).await?;
    let near = records.into_iter().map(|record| {
        let record = opened_alone(record, keys);
        near(&record, &event, &proof, (decision.as_ref(), policy, endpoint_of(&full.brief)), at)
    });
    let mut near: Vec<(Near, Told, (String, String, i64))> = near.collect();
    near.sort_by(|(left, _, l), (right, _, r)| right.equal().cmp(&left.equal()).then(l.cmp(r)));
    near.truncate(MOST);
    let told = match near.first() {
        _ if is_sample => explain::sample(&event.header),
        Some((_, told, _)) => told.clone(),
        None => explain::no_record(),
    };
    // Of what was made by hand there is no credential to ask about.
    let asks = !matches!(Verdict::parse(&full.brief.verdict), Some(Verdict::Duplicate))
        && full.brief.source != Source::Hand.as_str();
    Ok(Rejudged {
        now: decision.filter(|_| asks),
        told,
        nearest: near.into_iter().map(|(near, ..)| near).collect(),
    })
}

/// Draws a record beside the event, with the key it is ranked by among equals.
fn near(
    record: &Webhook,
    event: &Event,
    proof: &Proof,
    (decision, policy, endpoint): (Option<&Decision>, Policy, Endpoint),
    at: DateTime<Utc>,
) -> (Near, Told, (String, String, i64)) {
    let label = record.label();
    let wanted = Wanted::of(record, &label);
    let credential = proof.check(record, at);
    let mut told = explain::tell(&wanted, event, credential, (endpoint, policy.allow_no_secret));
    let fields = explain::fields(&wanted, event);
    let traced = decision
        .and_then(|decision| decision.trace.records.iter().find(|r| r.webhook == record.id))
        .map(|traced| traced.checks.as_slice());
    let known = |check: &&FieldCheck| {
        check.field != "credential" && !fields.iter().any(|field| field.name == check.field)
    };
    let more: Vec<FieldCheck> = traced.unwrap_or_default().iter().filter(known).cloned().collect();
    if let (Remedy::Nothing, Some(off)) = (told.remedy, more.iter().find(|check| !check.equal)) {
        told.remedy = Remedy::Fix;
        told.sentence = Sentence::new(
            "“{label}” fits in the five values, but its {field} does not let this through: it asks for {expected}, this is {actual}.",
        )
        .with("label", &label)
        .with("field", off.field.replace('_', " "))
        .with("expected", format!("{:?}", off.expected))
        .with("actual", format!("{:?}", off.actual));
    }
    let rank = (
        record.repo_name.clone(),
        RepositoryUrl::parse(&record.repo_url).to_string(),
        record.project_id.raw(),
    );
    let is_pending = record.project_id.is_pending();
    let near = Near { webhook: record.id, label, is_pending, fields, credential, more };
    (near, told, rank)
}

fn names_repository(body: &[u8]) -> bool {
    #[derive(serde::Deserialize)]
    struct Names {
        repository: Option<serde::de::IgnoredAny>,
    }
    serde_json::from_slice::<Names>(body).is_ok_and(|names| names.repository.is_some())
}
