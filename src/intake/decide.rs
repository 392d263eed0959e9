//! Decides on a batch: finds repeats and the webhooks that each event may be for, asks
//! `signalbox_core::matching`. Reads, never writes.
//!
//! The deliveries of a batch are decided on in order and see what those before them did, as if each
//! had a transaction of its own.

use super::known_webhooks::{Found, KnownWebhooks, Place};
use super::{Arrival, Content, Origin, Policy};
use crate::clock;
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::try_join;
use signalbox_core::catch_up::{Head, LATE, head_key};
use signalbox_core::credential::Presented;
use signalbox_core::delivery_reason::DeliveryReason;
use signalbox_core::event::Event;
use signalbox_core::idempotency::{KEY_DAYS, Key};
use signalbox_core::ids::{DeliveryId, JobId, WebhookId};
use signalbox_core::lane;
use signalbox_core::matching::project::id_to_register;
use signalbox_core::matching::trace::Trace;
use signalbox_core::matching::{Decision, Question, decide_delivery};
use signalbox_core::pause::{Note, Pause, find_holding};
use signalbox_core::seal::Keys;
use signalbox_core::verdict::Verdict;
use signalbox_core::webhook::{ProjectId, Webhook};
use signalbox_store::gitlab::heads;
use signalbox_store::keys::{self, Claim, ScopedKey};
use signalbox_store::{Conn, Result, candidates, pauses};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

/// What stands for the address in the claim on a signed id.
const SIGNED: &str = "signed";

/// One arrival, judged.
pub(super) struct Draft<'a> {
    pub arrival: &'a Arrival,
    pub decision: Decision,
    pub duplicate_of: Option<String>,
    pub claims: Vec<Claim>,
    pub jobs: Vec<JobDraft>,
}

/// A job to queue, with its webhook as it was.
pub(super) struct JobDraft {
    pub id: JobId,
    pub webhook: Arc<Webhook>,
    pub label: String,
}

/// What the batch as a whole needs from the database.
#[derive(Default)]
struct Known {
    places: HashMap<Place, Arc<Found>>,
    /// Once one of the batch has registered something: all webhooks of it, as they are then.
    changed: Option<BTreeMap<WebhookId, Arc<Webhook>>>,
    holders: HashMap<ScopedKey, String>,
    pauses: Vec<Pause>,
    /// Keys of pushes that were found missing.
    missed: HashSet<String>,
}

impl Known {
    fn webhooks_of(&self, place: &Place) -> Vec<Arc<Webhook>> {
        match &self.changed {
            None => self.places.get(place).map(|found| found.webhooks.clone()).unwrap_or_default(),
            Some(all) => {
                all.values().filter(|webhook| place.holds_webhook(webhook)).cloned().collect()
            }
        }
    }

    /// The delivery that holds a key: for its webhook, or for all.
    fn key_holder(&self, key: &ScopedKey) -> Option<&String> {
        let of_all = || self.holders.get(&ScopedKey { webhook: None, ..key.clone() });
        self.holders.get(key).or_else(of_all)
    }

    /// These took a project's id: those behind in the batch see it.
    fn note_registered(&mut self, webhooks: &[WebhookId], project_id: i64) {
        let all = self.places.values().flat_map(|found| &found.webhooks);
        let all = || all.map(|webhook| (webhook.id, Arc::clone(webhook))).collect();
        let changed = self.changed.get_or_insert_with(all);
        for id in webhooks {
            if let Some(webhook) = changed.get_mut(id) {
                Arc::make_mut(webhook).project_id = ProjectId::Known(project_id);
            }
        }
    }
}

pub(super) async fn evaluate_batch<'a>(
    conn: &Conn,
    arrivals: &'a [Arrival],
    (keys, webhooks): (&Keys, &KnownWebhooks),
    policy: Policy,
    now: DateTime<Utc>,
) -> Result<Vec<Draft<'a>>> {
    let mut known = load_known(conn, arrivals, keys, webhooks, now).await?;
    Ok(arrivals.iter().map(|arrival| evaluate_arrival(arrival, &mut known, policy, now)).collect())
}

async fn load_known(
    conn: &Conn,
    arrivals: &[Arrival],
    keys: &Keys,
    webhooks: &KnownWebhooks,
    now: DateTime<Utc>,
) -> Result<Known> {
    let mut places = HashSet::new();
    let mut held = Vec::new();
    for arrival in arrivals {
        if let Content::Event { event, presented, key } = &arrival.content {
            places.insert(Place::of_event(event, presented));
            held.extend(key.as_ref().map(|key| scope_key(arrival, key, None)));
            held.extend(signed_id(presented, None));
        }
    }
    if places.is_empty() {
        return Ok(Known::default());
    }
    let held: Vec<_> = held.iter().collect();
    let commits = commits_of_pushes(arrivals);
    // All on their way at once.
    let (version, mut holders, pauses, missed) = try_join!(
        candidates::webhooks_version(conn),
        keys::find_holders(conn, &held, now),
        pauses::list_pauses(conn),
        heads::find_missed(conn, &commits, now - LATE),
    )?;
    let missed: HashSet<String> =
        missed.iter().map(|(project, head)| head_key(*project, head)).collect();
    if !missed.is_empty() {
        let held: Vec<_> = missed.iter().map(|key| ScopedKey::at_main(key, None)).collect();
        let held: Vec<_> = held.iter().collect();
        holders.extend(keys::find_holders(conn, &held, now).await?);
    }
    let places = webhooks.webhooks_of_places(conn, &places, version, keys).await?;
    Ok(Known { places, changed: None, holders, pauses, missed })
}

fn scope_key(arrival: &Arrival, key: &Key, webhook: Option<WebhookId>) -> ScopedKey {
    let (endpoint, key) = (arrival.endpoint.as_str().to_owned(), key.value.clone());
    ScopedKey { endpoint, key, webhook }
}

/// The commits of a batch's pushes.
fn commits_of_pushes(arrivals: &[Arrival]) -> Vec<&str> {
    let events = arrivals.iter().filter_map(|arrival| match &arrival.content {
        Content::Event { event, .. } if event.object_kind == "push" => Some(event),
        _ => None,
    });
    events.map(|event| event.sha.as_str()).filter(|sha| !sha.is_empty()).collect()
}

/// What a push is known by, should it have been found missing.
fn missed_key(event: &Event) -> Option<String> {
    let head = Head { git_ref: event.git_ref.as_str().to_owned(), sha: event.sha.clone() };
    event.project_id.filter(|_| event.object_kind == "push").map(|id| head_key(id, &head))
}

/// The id that a signature covers. It counts at both addresses and beside the key, which no
/// signature covers: who sends a signed delivery again under another key gets nowhere.
fn signed_id(presented: &Presented, webhook: Option<WebhookId>) -> Option<ScopedKey> {
    let signed = presented.signed.as_ref()?;
    Some(ScopedKey { endpoint: SIGNED.to_owned(), key: signed.id.clone(), webhook })
}

fn evaluate_arrival<'a>(
    arrival: &'a Arrival,
    known: &mut Known,
    policy: Policy,
    now: DateTime<Utc>,
) -> Draft<'a> {
    match &arrival.content {
        Content::Refused { status, code, reason } => Draft {
            arrival,
            decision: refuse_arrival(*status, code, reason),
            duplicate_of: None,
            claims: Vec::new(),
            jobs: Vec::new(),
        },
        Content::Event { event, presented, key } => {
            evaluate_event(arrival, (event, presented, key.as_ref()), known, policy, now)
        }
    }
}

fn refuse_arrival(status: u16, code: &str, reason: &DeliveryReason) -> Decision {
    Decision {
        verdict: Verdict::Rejected,
        status,
        reason: reason.clone(),
        trace: Trace { refusal: Some(code.to_owned()), ..Trace::default() },
        register: Vec::new(),
        run: Vec::new(),
        proofs: Vec::new(),
    }
}

fn evaluate_event<'a>(
    arrival: &'a Arrival,
    (event, presented, key): (&Event, &Presented, Option<&Key>),
    known: &mut Known,
    policy: Policy,
    now: DateTime<Utc>,
) -> Draft<'a> {
    let place = Place::of_event(event, presented);
    let mut webhooks = known.webhooks_of(&place);
    let token = known.places.get(&place).map(|found| found.token).unwrap_or_default();
    let question = Question {
        endpoint: arrival.endpoint,
        event,
        presented,
        body: &arrival.body,
        token_is_known: token.counts_at(now),
        allow_no_secret: policy.allow_no_secret,
        now,
    };
    let mut decision = decide_delivery(question, &webhooks);
    let signed: HashSet<WebhookId> = decision.signed_for().collect();
    // Whichever of the two comes first, the push that is made holds this key, or GitLab's own.
    let missed = (!known.missed.is_empty()).then(|| missed_key(event)).flatten();
    let missed =
        missed.filter(|own| known.missed.contains(own) && key.is_none_or(|key| key.value != *own));
    let keys_of = |webhook: WebhookId| {
        let sent = key.map(|key| (scope_key(arrival, key, Some(webhook)), key.expires_at));
        let signed = signed_id(presented, Some(webhook)).filter(|_| signed.contains(&webhook));
        let missed = missed.as_ref();
        let missed = missed.map(|key| (ScopedKey::at_main(key, Some(webhook)), now + LATE));
        let signed = signed.map(|id| (id, now + TimeDelta::days(KEY_DAYS)));
        sent.into_iter().chain(signed).chain(missed)
    };
    let repeat_of = |webhook| keys_of(webhook).find_map(|(key, _)| known.key_holder(&key)).cloned();
    let wanted = decision.wanted_by();
    let repeated: BTreeMap<WebhookId, String> = if wanted.is_empty() {
        // Nothing runs either way: that it did before says more than that it does not now.
        decision.proofs.iter().filter_map(|(id, _)| Some((*id, repeat_of(*id)?))).collect()
    } else {
        wanted.iter().filter_map(|id| Some((*id, repeat_of(*id)?))).collect()
    };
    if let Some(first) = repeated.values().next() {
        if wanted.iter().all(|id| repeated.contains_key(id)) {
            return Draft {
                arrival,
                decision: decide_duplicate(first, decision.trace),
                duplicate_of: Some(first.clone()),
                claims: Vec::new(),
                jobs: Vec::new(),
            };
        }
        // For some webhooks it is a repeat, for others it is not.
        webhooks.retain(|webhook| !repeated.contains_key(&webhook.id));
        let Decision { trace, proofs, .. } = decision;
        decision = Decision { trace, proofs, ..decide_delivery(question, &webhooks) };
    }
    if let Origin::Log { overtaken_for } = &arrival.origin {
        decision = drop_overtaken(decision, overtaken_for, question, &mut webhooks);
    }
    hold_back(&mut decision, &webhooks, &known.pauses);
    // A body stands for a missing key only where a repeat would run something twice.
    let claims_keys = !decision.run.is_empty() || !key.is_some_and(|key| key.from_body);
    let wanted = decision.wanted_by().into_iter().filter(|_| claims_keys);
    let claim = |(key, expires_at)| Claim { key, delivery: arrival.id.clone(), expires_at };
    let claims: Vec<Claim> = wanted.flat_map(keys_of).map(claim).collect();
    for claim in &claims {
        known.holders.insert(claim.key.clone(), arrival.id.to_string());
    }
    if let (false, Some(id)) = (decision.register.is_empty(), id_to_register(event)) {
        known.note_registered(&decision.register, id);
    }
    let jobs = jobs_of(&decision, webhooks);
    Draft { arrival, decision, duplicate_of: None, claims, jobs }
}

/// Without the webhooks that run a newer event of the branch.
fn drop_overtaken(
    before: Decision,
    overtaken_for: &[WebhookId],
    question: Question<'_>,
    webhooks: &mut Vec<Arc<Webhook>>,
) -> Decision {
    let is_overtaken = |webhook: &Arc<Webhook>| {
        overtaken_for.contains(&webhook.id) && before.run.contains(&webhook.id)
    };
    let Some(first) = webhooks.iter().find(|webhook| is_overtaken(webhook)) else { return before };
    let reason = DeliveryReason::Overtaken { webhook: first.label() };
    webhooks.retain(|webhook| !is_overtaken(webhook));
    let mut decision = decide_delivery(question, webhooks);
    if !decision.did_something() {
        (decision.verdict, decision.status, decision.reason) = (Verdict::Filtered, 200, reason);
    }
    Decision { trace: before.trace, proofs: before.proofs, ..decision }
}

/// The jobs of a decision, each with its webhook as it is.
pub(super) fn jobs_of(decision: &Decision, webhooks: Vec<Arc<Webhook>>) -> Vec<JobDraft> {
    let wanted = webhooks.into_iter().filter(|webhook| decision.run.contains(&webhook.id));
    let job =
        |webhook: Arc<Webhook>| JobDraft { id: clock::job_id(), label: webhook.label(), webhook };
    wanted.map(job).collect()
}

/// Says of a delivery that matched that nothing of it runs now, if that is so.
pub(super) fn hold_back(decision: &mut Decision, webhooks: &[Arc<Webhook>], pauses: &[Pause]) {
    if let Some(pause) = find_pause(decision, webhooks, pauses) {
        decision.reason = DeliveryReason::Paused {
            matched: Box::new(decision.reason.clone()),
            by: pause.by.clone(),
            note: pause.reason.clone(),
        };
        decision.verdict = Verdict::Paused;
    }
}

/// Why nothing of what matched runs now, if nothing does. A lane of the host is not known here; a
/// worker holds its jobs back.
fn find_pause<'a>(
    decision: &Decision,
    webhooks: &[Arc<Webhook>],
    pauses: &'a [Pause],
) -> Option<&'a Note> {
    let lane = |id: &WebhookId| {
        let webhook = webhooks.iter().find(|webhook| webhook.id == *id);
        webhook.and_then(|webhook| {
            lane::of_webhook(webhook.id, webhook.concurrency, webhook.max_concurrent_jobs)
        })
    };
    let held = |id: &WebhookId| find_holding(pauses, Some(id.0), &lane(id).unwrap_or_default());
    let matched = decision.verdict == Verdict::Matched;
    let first = decision.run.first().filter(|_| matched).and_then(held)?;
    decision.run.iter().all(|id| held(id).is_some()).then_some(&first.note)
}

fn decide_duplicate(first: &str, trace: Trace) -> Decision {
    Decision {
        verdict: Verdict::Duplicate,
        status: 200,
        reason: DeliveryReason::Duplicate { of: first.to_owned() },
        trace,
        register: Vec::new(),
        run: Vec::new(),
        proofs: Vec::new(),
    }
}

impl Draft<'_> {
    /// The delivery's id.
    pub(super) fn id(&self) -> &DeliveryId {
        &self.arrival.id
    }

    /// The event, if there is one.
    pub(super) fn event(&self) -> Option<&Event> {
        match &self.arrival.content {
            Content::Event { event, .. } => Some(event),
            Content::Refused { .. } => None,
        }
    }
}
