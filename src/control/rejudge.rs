//! How a stored delivery would fare now, and which webhooks come nearest to it. Reads only.

use super::judge::{Case, Known, Proof};
use crate::intake::{Policy, decrypt_webhook};
use chrono::{DateTime, Utc};
use signalbox_core::credential::Check;
use signalbox_core::event::Event;
use signalbox_core::event::repository::RepositoryUrl;
use signalbox_core::ids::WebhookId;
use signalbox_core::matching::Decision;
use signalbox_core::matching::five_values::compare_five_fields;
use signalbox_core::matching::mismatch::{self, ComparedField, Explanation, Remedy, Wanted};
use signalbox_core::matching::project::{self, Move};
use signalbox_core::matching::trace::{FieldCheck, MatchField, Trace};
use signalbox_core::seal::Keys;
use signalbox_core::source::Source;
use signalbox_core::verdict::{Endpoint, Verdict};
use signalbox_core::webhook::Webhook;
use signalbox_store::candidates::Candidate;
use signalbox_store::deliveries::{Brief, Full};
use signalbox_store::{Conn, Result, deliveries, nearest};
use std::cmp::Reverse;

/// Most webhooks shown beside a delivery.
const MOST: usize = 3;

/// What is known now of a stored delivery.
pub struct Rejudged {
    /// What would become of it now; none where its body is gone, or where asking makes no sense.
    pub now: Option<Decision>,
    /// One sentence on what stands between it and the nearest webhook.
    pub told: Explanation,
    /// The nearest webhooks, nearest first.
    pub nearest: Vec<Near>,
    /// Where the project was renamed or moved: its webhooks that still ask for what it was, by id.
    pub renamed: Vec<Move>,
}

/// A webhook beside a delivery.
pub struct Near {
    /// The webhook.
    pub webhook: WebhookId,
    /// How it is called.
    pub label: String,
    /// Whether it waits for its registration.
    pub is_pending: bool,
    /// The five fields.
    pub fields: Vec<ComparedField>,
    /// How the credential fares.
    pub credential: Check,
    /// Whether that is enough: to others' events a webhook is not to be fitted.
    pub is_accepted: bool,
    /// Further conditions of the webhook: its filters.
    pub more: Vec<FieldCheck>,
}

impl Near {
    /// How many of the five fields are equal.
    pub fn count_equal(&self) -> usize {
        self.fields.iter().filter(|field| field.mark.is_equal()).count()
    }
}

/// The event as it is kept in the delivery's own columns and in its trace, which names further
/// addresses of the repository.
pub fn event_of(delivery: &Brief, reason: &serde_json::Value) -> Event {
    let trace: Trace = serde_json::from_value(reason.clone()).unwrap_or_default();
    let traced = trace.webhooks.into_iter().flat_map(|webhook| webhook.checks);
    let traced =
        traced.filter(|check| check.field == MatchField::RepoUrl).map(|check| check.actual);
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

/// Judges a stored delivery by the webhooks of now.
///
/// # Errors
/// Any [`signalbox_store::StoreError`] of the database.
pub async fn evaluate_again(
    conn: &mut Conn,
    full: &Full,
    keys: &Keys,
    policy: Policy,
    at: DateTime<Utc>,
) -> Result<Rejudged> {
    let body = whole_body(full);
    let read = body.and_then(|body| Event::from_body(&full.brief.event, body).ok());
    let sample = read.as_ref().and_then(mismatch::sample_explanation);
    let event = read.clone().unwrap_or_else(|| event_of(&full.brief, &full.reason));
    let proof = Proof::from_delivery(full);
    let decision = match (read.is_some(), body) {
        (true, Some(body)) => {
            let asked = std::iter::once((&event, &proof));
            let known = Known::load_webhooks(conn, asked, keys, policy, at).await?;
            let endpoint = full.brief.endpoint;
            let registers = full.brief.source.is_gitlabs();
            let case = Case { event: &event, proof: &proof, body, endpoint, registers };
            Some(known.evaluate_case(&case).0)
        }
        _ => None,
    };
    let by_hand = full.brief.source == Source::Hand;
    let asked = Asked {
        event: &event,
        proof: &proof,
        decision: decision.as_ref(),
        endpoint: full.brief.endpoint,
        allow_no_secret: policy.allow_no_secret,
        by_hand,
        at,
    };
    let mut near = Vec::new();
    let mut moves = Vec::new();
    for candidate in load_nearest(conn, &event, &proof).await? {
        let version = candidate.version;
        let webhook = decrypt_webhook(candidate, keys);
        let found = asked.compare_near(&webhook);
        if matches!(found.near.credential, Check::Valid(_))
            && let Some((repo_name, repo_url)) = project::name_and_address(&webhook, &event)
        {
            moves.push(Move { id: webhook.id, version, repo_name, repo_url });
        }
        near.push(found);
    }
    near.sort_by(|left, right| left.rank.cmp(&right.rank));
    let told = match (sample, near.first()) {
        (Some(sample), _) => sample,
        (None, Some(first)) => explain_nearest(first, &near),
        (None, None) => mismatch::no_webhook(),
    };
    moves.sort_by_key(|moved| moved.id);
    moves.retain(|_| told.remedy == Remedy::TakeOver);
    near.truncate(MOST);
    // Of what was made by hand there is no credential to ask about.
    let asks = full.brief.verdict != Verdict::Duplicate && !by_hand;
    Ok(Rejudged {
        now: decision.filter(|_| asks),
        told,
        nearest: near.into_iter().map(|found| found.near).collect(),
        renamed: moves,
    })
}

/// The webhook that a kept delivery proved to have the token of, if there is one.
///
/// # Errors
/// Any [`signalbox_store::StoreError`] of the database.
pub async fn find_token_holder(conn: &mut Conn, delivery: &str) -> Result<Option<WebhookId>> {
    if delivery.is_empty() {
        return Ok(None);
    }
    let Some(full) = deliveries::find_many(conn, &[delivery.to_owned()]).await?.pop() else {
        return Ok(None);
    };
    let holders = load_holders(conn, &Proof::from_delivery(&full), full.brief.project_id).await?;
    Ok(holders.first().map(|holder| WebhookId(holder.id)))
}

async fn load_holders(
    conn: &mut Conn,
    proof: &Proof,
    project_id: Option<i64>,
) -> Result<Vec<Candidate>> {
    let token = proof.presented.token.as_ref().map(<[u8; 32]>::as_slice);
    nearest::load_by_credential(conn, token, &proof.signed_for, project_id).await
}

/// The webhooks of the credential that was presented, and those that equal the event in something.
async fn load_nearest(conn: &mut Conn, event: &Event, proof: &Proof) -> Result<Vec<Candidate>> {
    let mut found = load_holders(conn, proof, event.project_id).await?;
    let known: Vec<i64> = found.iter().map(|webhook| webhook.id).collect();
    let others = nearest::load_nearest(conn, event).await?;
    found.extend(others.into_iter().filter(|webhook| !known.contains(&webhook.id)));
    Ok(found)
}

/// What webhooks are compared with.
struct Asked<'a> {
    event: &'a Event,
    proof: &'a Proof,
    decision: Option<&'a Decision>,
    endpoint: Endpoint,
    allow_no_secret: bool,
    by_hand: bool,
    at: DateTime<Utc>,
}

/// A webhook beside the event, what is told of it, and its place: the least is the nearest.
struct Found {
    near: Near,
    told: Explanation,
    rank: (bool, bool, bool, Reverse<usize>, (String, String, i64)),
}

impl Asked<'_> {
    /// Draws a webhook beside the event.
    fn compare_near(&self, webhook: &Webhook) -> Found {
        let label = webhook.label();
        let wanted = Wanted::for_webhook(webhook, &label);
        let credential = self.proof.check_webhook(webhook, self.at);
        let is_accepted = self.by_hand || credential.is_accepted(self.allow_no_secret);
        let supposed = if self.by_hand { Check::TOKEN } else { credential };
        let compared = compare_five_fields(webhook, self.event, supposed, self.allow_no_secret);
        let mut told = if compared.is_renamed && !self.by_hand {
            mismatch::explain_renamed(webhook, self.event)
        } else {
            let allow_none = self.allow_no_secret;
            mismatch::explain_mismatch(&wanted, self.event, supposed, self.endpoint, allow_none)
        };
        let fields = mismatch::compare_fields(&wanted, self.event);
        let more = self.check_filters(webhook);
        if let (Remedy::Nothing, Some(off)) = (told.remedy, more.iter().find(|check| !check.equal))
        {
            told.remedy = Remedy::Fix;
            told.sentence = mismatch::filtered_sentence(&label, off);
        }
        // A webhook is not fitted to the event of somebody who does not have its secret.
        if !is_accepted && matches!(told.remedy, Remedy::Fix | Remedy::Reset | Remedy::Enable) {
            told.remedy = Remedy::Create;
        }
        let is_pending = webhook.project_id.is_pending();
        let near =
            Near { webhook: webhook.id, label, is_pending, fields, credential, is_accepted, more };
        let address = RepositoryUrl::parse(&webhook.repo_url).to_string();
        let rank = (
            !matches!(credential, Check::Valid(_)),
            near.count_equal() < near.fields.len(),
            !(compared.is_renamed || (credential == Check::Absent && compared.project_equal)),
            Reverse(near.count_equal()),
            (webhook.repo_name.clone(), address, webhook.project_id.raw()),
        );
        Found { near, told, rank }
    }

    /// How the filters of a webhook fared, which are asked where its five values fit.
    fn check_filters(&self, webhook: &Webhook) -> Vec<FieldCheck> {
        let traced = self
            .decision
            .and_then(|decision| decision.trace.webhooks.iter().find(|r| r.webhook == webhook.id))
            .map(|traced| traced.checks.as_slice());
        let is_filter = |check: &&FieldCheck| check.field.is_filter();
        traced.unwrap_or_default().iter().filter(is_filter).cloned().collect()
    }
}

/// What is told of the nearest webhook. Where only its secret leads to it, another may be meant.
fn explain_nearest(first: &Found, all: &[Found]) -> Explanation {
    let equal = |found: &Found, field| {
        found.near.fields.iter().any(|found| found.field == field && found.mark.is_equal())
    };
    let of_another_kind =
        !equal(first, MatchField::ObjectKind) && !equal(first, MatchField::EventHeader);
    let is_elsewhere = first.told.remedy == Remedy::Create;
    if !matches!(first.near.credential, Check::Valid(_)) || !(of_another_kind || is_elsewhere) {
        return first.told.clone();
    }
    let meant = all.iter().find(|other| other.near.count_equal() == other.near.fields.len());
    match meant {
        Some(meant) if is_elsewhere => {
            mismatch::explain_misplaced(&first.near.label, &meant.near.label)
        }
        Some(meant) => mismatch::not_shared(&first.near.label, &meant.near.label),
        None if is_elsewhere => mismatch::explain_elsewhere(&first.near.label),
        None => first.told.clone(),
    }
}
