//! Judges a batch: finds repeats, loads the records that may want each event, asks
//! `crate::core::matching`. Reads, never writes.
//!
//! The deliveries of a batch are judged in order and see what those before them did, as if each
//! had a transaction of its own.

use super::{Arrival, Content, Policy};
use crate::clock;
use crate::core::credential::{Presented, SIGNING_TOKEN, SigningKey};
use crate::core::event::Event;
use crate::core::idempotency::Key;
use crate::core::ids::{DeliveryId, JobId, WebhookId};
use crate::core::matching::trace::Trace;
use crate::core::matching::{Decision, Question, decide};
use crate::core::seal::{self, Keys};
use crate::core::verdict::Verdict;
use crate::core::webhook::{Concurrency, ProjectId, Webhook};
use crate::store::arrivals::{self, Claim, ScopedKey};
use crate::store::candidates::{self, Candidate, Sought};
use crate::store::{Conn, Result};
use chrono::{DateTime, Utc};
use std::collections::{HashMap, HashSet};

/// One arrival, judged.
pub(super) struct Draft<'a> {
    pub arrival: &'a Arrival,
    pub decision: Decision,
    pub duplicate_of: Option<String>,
    pub claim: Option<Claim>,
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
}

pub(super) async fn drafts<'a>(
    conn: &mut Conn,
    arrivals: &'a [Arrival],
    keys: &Keys,
    policy: Policy,
    now: DateTime<Utc>,
) -> Result<Vec<Draft<'a>>> {
    let mut known = load(conn, arrivals, keys, now).await?;
    Ok(arrivals.iter().map(|arrival| draft(arrival, &mut known, policy, now)).collect())
}

async fn load(
    conn: &mut Conn,
    arrivals: &[Arrival],
    keys: &Keys,
    now: DateTime<Utc>,
) -> Result<Known> {
    let mut sought = Sought::default();
    let mut held = Vec::new();
    for arrival in arrivals {
        if let Content::Event { event, presented, key } = &arrival.content {
            sought.project_ids.insert(event.project_id.unwrap_or(0));
            sought.repo_names.insert(event.repo_name.clone());
            sought.tokens.extend(presented.token.map(|token| token.to_vec()));
            held.extend(key.as_ref().map(|key| scoped(arrival, key)));
        }
    }
    if sought.project_ids.is_empty() {
        let (records, tokens, holders) = Default::default();
        return Ok(Known { records, tokens, holders });
    }
    let records = candidates::load(conn, &sought).await?;
    Ok(Known {
        records: records.into_iter().map(|candidate| opened(candidate, keys)).collect(),
        tokens: candidates::known_tokens(conn, &sought).await?,
        holders: arrivals::holders(conn, &held.iter().collect::<Vec<_>>(), now).await?,
    })
}

fn scoped(arrival: &Arrival, key: &Key) -> ScopedKey {
    ScopedKey { endpoint: arrival.endpoint.as_str().to_owned(), key: key.value.clone() }
}

/// A stored record as the matcher reads it, its signing token opened.
pub fn opened(candidate: Candidate, keys: &Keys) -> Webhook {
    let signing_key = candidate.signing_token.and_then(|sealed| {
        match seal::open(&keys.seal, SIGNING_TOKEN, &sealed) {
            Ok(token) => SigningKey::from_shown(&String::from_utf8_lossy(&token)),
            Err(error) => {
                tracing::error!(webhook.id = candidate.id, %error, "A signing token is unusable");
                None
            }
        }
    });
    Webhook {
        id: WebhookId(candidate.id),
        name: candidate.name,
        repo_name: candidate.repo_name,
        repo_url: candidate.repo_url,
        object_kind: candidate.object_kind,
        project_id: ProjectId::from_raw(candidate.project_id),
        http_x_gitlab_event: candidate.http_x_gitlab_event,
        enabled: candidate.enabled,
        secret_digest: candidate.secret_digest,
        signing_key,
        ref_filter: candidate.ref_filter,
        path_filter: candidate.path_filter,
        register_on_first_event: candidate.register_on_first_event,
        action: candidate.action,
        action_params: candidate.action_params,
        // An unknown word is one of a later version: the careful choice.
        concurrency: Concurrency::parse(&candidate.concurrency).unwrap_or(Concurrency::Serial),
        debounce_s: candidate.debounce_s,
        max_attempts: candidate.max_attempts,
        timeout_s: candidate.timeout_s,
    }
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
            claim: None,
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
    let project = event.project_id.unwrap_or(0);
    let records: Vec<Webhook> = known
        .records
        .iter()
        .filter(|record| record.project_id.raw() == project || record.repo_name == event.repo_name)
        .cloned()
        .collect();
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
    let held = key.map(|key| (key, scoped(arrival, key)));
    if decision.verdict != Verdict::Rejected
        && let Some((_, scoped)) = &held
        && let Some(first) = known.holders.get(scoped)
    {
        let first = first.clone();
        decision = duplicate(&first, decision.trace);
        return Draft {
            arrival,
            decision,
            duplicate_of: Some(first),
            claim: None,
            jobs: Vec::new(),
        };
    }
    // A body stands for a missing key only where a repeat would run something twice.
    let claims = decision.did_something()
        && key.is_some_and(|key| !key.from_body || !decision.run.is_empty());
    let claim = held.filter(|_| claims).map(|(key, scoped)| {
        known.holders.insert(scoped.clone(), arrival.id.to_string());
        Claim { key: scoped, delivery: arrival.id.clone(), expires_at: key.expires_at }
    });
    for record in &mut known.records {
        if let (true, Some(id)) = (decision.register.contains(&record.id), event.project_id) {
            record.project_id = ProjectId::Known(id);
        }
    }
    let jobs = records
        .into_iter()
        .filter(|record| decision.run.contains(&record.id))
        .map(|webhook| JobDraft { id: clock::job_id(), label: webhook.label(), webhook })
        .collect();
    Draft { arrival, decision, duplicate_of: None, claim, jobs }
}

fn duplicate(first: &str, trace: Trace) -> Decision {
    Decision {
        verdict: Verdict::Duplicate,
        status: 200,
        summary: format!("A repeat of delivery {first}: nothing runs twice"),
        trace,
        register: Vec::new(),
        run: Vec::new(),
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
