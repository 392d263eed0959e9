//! Judges a batch: finds repeats, loads the records that may want each event, asks
//! `crate::core::matching`. Reads, never writes.
//!
//! The deliveries of a batch are judged in order and see what those before them did, as if each
//! had a transaction of its own.

use super::records::{FilterCache, ready};
use super::{Arrival, Content, Policy};
use crate::clock;
use crate::core::credential::Presented;
use crate::core::event::Event;
use crate::core::idempotency::{KEY_DAYS, Key};
use crate::core::ids::{DeliveryId, JobId, WebhookId};
use crate::core::lane;
use crate::core::matching::project::{id_to_register, is_candidate};
use crate::core::matching::trace::Trace;
use crate::core::matching::{Decision, Question, decide};
use crate::core::pause::{Note, Pause, holding};
use crate::core::seal::Keys;
use crate::core::verdict::Verdict;
use crate::core::webhook::{ProjectId, Webhook};
use crate::store::arrivals::{self, Claim, ScopedKey};
use crate::store::candidates::{self, Sought};
use crate::store::{Conn, Result, pauses};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::try_join;
use std::collections::{HashMap, HashSet};

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

/// A job to queue, with its record as it was.
pub(super) struct JobDraft {
    pub id: JobId,
    pub webhook: Webhook,
    pub label: String,
}

/// What the batch as a whole needs from the database.
struct Known {
    records: Vec<Webhook>,
    tokens: HashSet<Vec<u8>>,
    holders: HashMap<ScopedKey, String>,
    pauses: Vec<Pause>,
}

pub(super) async fn drafts<'a>(
    conn: &mut Conn,
    arrivals: &'a [Arrival],
    (keys, filters): (&Keys, &mut FilterCache),
    policy: Policy,
    now: DateTime<Utc>,
) -> Result<Vec<Draft<'a>>> {
    let mut known = load(conn, arrivals, (keys, filters), now).await?;
    Ok(arrivals.iter().map(|arrival| draft(arrival, &mut known, policy, now)).collect())
}

async fn load(
    conn: &Conn,
    arrivals: &[Arrival],
    (keys, filters): (&Keys, &mut FilterCache),
    now: DateTime<Utc>,
) -> Result<Known> {
    let mut sought = Sought::default();
    let mut held = Vec::new();
    for arrival in arrivals {
        if let Content::Event { event, presented, key } = &arrival.content {
            sought.project_ids.insert(event.project_id.unwrap_or(0));
            sought.repo_names.insert(event.repo_name.clone());
            sought.tokens.extend(presented.token.map(|token| token.to_vec()));
            sought.is_signed |= presented.signed.is_some();
            held.extend(key.as_ref().map(|key| scoped(arrival, key)));
            held.extend(signed_id(presented));
        }
    }
    if sought.project_ids.is_empty() {
        let (records, tokens, holders, pauses) = Default::default();
        return Ok(Known { records, tokens, holders, pauses });
    }
    let held: Vec<_> = held.iter().collect();
    // All four on their way at once.
    let (records, tokens, holders, pauses) = try_join!(
        candidates::load(conn, &sought),
        candidates::known_tokens(conn, &sought, now),
        arrivals::holders(conn, &held, now),
        pauses::all(conn),
    )?;
    let records = records.into_iter().map(|candidate| ready(candidate, keys, filters)).collect();
    Ok(Known { records, tokens, holders, pauses })
}

fn scoped(arrival: &Arrival, key: &Key) -> ScopedKey {
    ScopedKey { endpoint: arrival.endpoint.as_str().to_owned(), key: key.value.clone() }
}

/// The id that a signature covers. It counts at both addresses and beside the key, which no
/// signature covers: who sends a signed delivery again under another key gets nowhere.
fn signed_id(presented: &Presented) -> Option<ScopedKey> {
    let signed = presented.signed.as_ref()?;
    Some(ScopedKey { endpoint: SIGNED.to_owned(), key: signed.id.clone() })
}

fn draft<'a>(
    arrival: &'a Arrival,
    known: &mut Known,
    policy: Policy,
    now: DateTime<Utc>,
) -> Draft<'a> {
    match &arrival.content {
        Content::Refused { status, code, sentence } => Draft {
            arrival,
            decision: refused(*status, code, sentence),
            duplicate_of: None,
            claims: Vec::new(),
            jobs: Vec::new(),
        },
        Content::Event { event, presented, key } => {
            judged(arrival, (event, presented, key.as_ref()), known, policy, now)
        }
    }
}

fn refused(status: u16, code: &str, sentence: &str) -> Decision {
    Decision {
        verdict: Verdict::Rejected,
        status,
        summary: sentence.to_owned(),
        trace: Trace { refusal: Some(code.to_owned()), ..Trace::default() },
        register: Vec::new(),
        run: Vec::new(),
        proofs: Vec::new(),
    }
}

fn judged<'a>(
    arrival: &'a Arrival,
    (event, presented, key): (&Event, &Presented, Option<&Key>),
    known: &mut Known,
    policy: Policy,
    now: DateTime<Utc>,
) -> Draft<'a> {
    // Of the batch's records, those this event would have loaded by itself.
    let token = presented.token.as_ref().map(<[u8; 32]>::as_slice);
    let is_candidate = |record: &&Webhook| is_candidate(record, event, token);
    let records: Vec<Webhook> = known.records.iter().filter(is_candidate).cloned().collect();
    let question = Question {
        endpoint: arrival.endpoint,
        event,
        presented,
        body: &arrival.body,
        token_is_known: presented.token.is_some_and(|token| known.tokens.contains(&token[..])),
        allow_no_secret: policy.allow_no_secret,
        now,
    };
    let mut decision = decide(question, &records);
    let mut held: Vec<(ScopedKey, DateTime<Utc>)> = Vec::new();
    held.extend(key.map(|key| (scoped(arrival, key), key.expires_at)));
    if decision.is_signed() {
        let expires_at = now + TimeDelta::days(KEY_DAYS);
        held.extend(signed_id(presented).map(|id| (id, expires_at)));
    }
    let first = held.iter().find_map(|(scoped, _)| known.holders.get(scoped)).cloned();
    if let (true, Some(first)) = (decision.verdict != Verdict::Rejected, first) {
        return Draft {
            arrival,
            decision: duplicate(&first, decision.trace),
            duplicate_of: Some(first),
            claims: Vec::new(),
            jobs: Vec::new(),
        };
    }
    hold_back(&mut decision, &records, &known.pauses);
    // A body stands for a missing key only where a repeat would run something twice.
    if !decision.did_something()
        || (decision.run.is_empty() && key.is_some_and(|key| key.from_body))
    {
        held.clear();
    }
    let claim = |(key, expires_at)| Claim { key, delivery: arrival.id.clone(), expires_at };
    let claims: Vec<Claim> = held.into_iter().map(claim).collect();
    for claim in &claims {
        known.holders.insert(claim.key.clone(), arrival.id.to_string());
    }
    for record in &mut known.records {
        if let (true, Some(id)) = (decision.register.contains(&record.id), id_to_register(event)) {
            record.project_id = ProjectId::Known(id);
        }
    }
    let jobs = jobs_of(&decision, records);
    Draft { arrival, decision, duplicate_of: None, claims, jobs }
}

/// The jobs of a decision, each with its record as it is.
pub(super) fn jobs_of(decision: &Decision, records: Vec<Webhook>) -> Vec<JobDraft> {
    let wanted = records.into_iter().filter(|record| decision.run.contains(&record.id));
    let job = |webhook: Webhook| JobDraft { id: clock::job_id(), label: webhook.label(), webhook };
    wanted.map(job).collect()
}

/// Says of a delivery that matched that nothing of it runs now, if that is so.
pub(super) fn hold_back(decision: &mut Decision, records: &[Webhook], pauses: &[Pause]) {
    if let Some(pause) = paused(decision, records, pauses) {
        let (matched, by, reason) = (&decision.summary, &pause.by, &pause.reason);
        decision.summary = format!("{matched}; held back by {by}: {reason}");
        decision.verdict = Verdict::Paused;
    }
}

/// Why nothing of what matched runs now, if nothing does. A lane of the host is not known here; a
/// worker holds its jobs back.
fn paused<'a>(decision: &Decision, records: &[Webhook], pauses: &'a [Pause]) -> Option<&'a Note> {
    let lane = |id: &WebhookId| {
        let record = records.iter().find(|record| record.id == *id);
        record.and_then(|record| lane::of_record(record.id, record.concurrency))
    };
    let held = |id: &WebhookId| holding(pauses, Some(id.0), &lane(id).unwrap_or_default());
    let matched = decision.verdict == Verdict::Matched;
    let first = decision.run.first().filter(|_| matched).and_then(held)?;
    decision.run.iter().all(|id| held(id).is_some()).then_some(&first.note)
}

fn duplicate(first: &str, trace: Trace) -> Decision {
    Decision {
        verdict: Verdict::Duplicate,
        status: 200,
        summary: format!("A repeat of delivery {first}: nothing runs twice"),
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
