//! Replay: a kept delivery is given to the webhooks once more, as it would match now or to one that
//! a person chooses. It is a delivery of its own, linked to the first.
//!
//! No proof of origin is asked for anew, and none is made up: what was rejected stays out, and
//! "now" means with the secrets of now. A replay is judged as at the main address and registers
//! nothing, since a webhook's project is GitLab's to say.

use super::Act;
use super::judge::{Case, Known, Proof, SIGNATURE};
use super::rejudge::whole_body;
use crate::clock;
use crate::intake::{Arrival, Content, Made, Origin, Policy, Receipt, decrypt_webhook, write_made};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use signalbox_core::change::{Change, Value};
use signalbox_core::credential::Presented;
use signalbox_core::event::{Event, Unreadable};
use signalbox_core::ids::{DeliveryId, WebhookId};
use signalbox_core::matching::trace::MatchField;
use signalbox_core::matching::{Decision, Question, force_delivery};
use signalbox_core::replay::{Kept, Skip, find_obstacle};
use signalbox_core::seal::Keys;
use signalbox_core::source::Source;
use signalbox_core::verdict::{Endpoint, Verdict};
use signalbox_core::webhook::Webhook;
use signalbox_store::audit::{self, Entry, Verb};
use signalbox_store::deliveries::Full;
use signalbox_store::keys;
use signalbox_store::{Conn, StoreError, candidates, deliveries, forms, run_transaction};

/// To whom a delivery is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// To the webhooks that it matches now.
    AsNow,
    /// To this webhook, whatever its values and filters say.
    Force(WebhookId),
}

/// What judging takes beside the delivery.
#[derive(Clone, Copy)]
pub struct Judge<'a> {
    /// The installation's keys.
    pub keys: &'a Keys,
    /// What webhooks without a secret mean.
    pub policy: Policy,
    /// Now.
    pub at: DateTime<Utc>,
}

/// Why a delivery was not replayed.
#[derive(Debug, thiserror::Error)]
pub enum ReplayError {
    /// There is no such delivery.
    #[error("there is no such delivery")]
    Gone,
    /// This one cannot be replayed.
    #[error("it cannot be replayed: {}", .0.as_str())]
    Obstacle(Skip),
    /// The webhook that was chosen is not there.
    #[error("there is no such webhook")]
    NoSuchWebhook,
    /// The webhook that was chosen is switched off.
    #[error("the webhook is disabled")]
    SwitchedOff,
    /// It was made by hand, and carries no secret that a webhook could take.
    #[error("it is a manual delivery")]
    ByHand,
    /// The body is no event.
    #[error(transparent)]
    Unreadable(Unreadable),
    /// Other webhooks would run than those that were shown.
    #[error("the webhooks have changed in the meantime")]
    Changed,
    /// The database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for ReplayError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::NotFound => Self::Gone,
            other => Self::Store(other),
        }
    }
}

/// What would become of a replay.
pub struct Prospect {
    /// The event.
    pub event: Event,
    /// What becomes of it.
    pub decision: Decision,
    /// The webhooks for which a job would be queued.
    pub runs: Vec<Webhook>,
}

/// What of a delivery's row decides whether it can be replayed.
pub fn what_is_kept(full: &Full) -> Kept {
    Kept {
        verdict: full.brief.verdict,
        source: full.brief.source,
        has_body: whole_body(full).is_some(),
    }
}

/// What would become of a replay. Reads only.
///
/// # Errors
/// [`ReplayError`] says what stands in its way.
pub async fn preview_replay(
    conn: &mut Conn,
    full: &Full,
    way: Way,
    by: &str,
    judge: Judge<'_>,
) -> Result<Prospect, ReplayError> {
    if let Some(skip) = find_obstacle(what_is_kept(full)) {
        return Err(ReplayError::Obstacle(skip));
    }
    let body = whole_body(full).ok_or(ReplayError::Obstacle(Skip::BodyGone))?;
    let event = read_stored_event(&full.brief.event, body)?;
    let proof = Proof::from_delivery(full);
    let (decision, webhooks) = match way {
        Way::AsNow => {
            let asked = std::iter::once((&event, &proof));
            let known =
                Known::load_webhooks(conn, asked, judge.keys, judge.policy, judge.at).await?;
            known.evaluate_case(&replay_case(&event, &proof, body))
        }
        Way::Force(id) => {
            let came = (&event, body, &proof.presented);
            let (mut decision, webhook) = force_webhook(conn, came, (id, by), judge).await?;
            if !webhook.enabled {
                return Err(ReplayError::SwitchedOff);
            }
            if proof.check_webhook(&webhook, judge.at) == SIGNATURE {
                says_credential(&mut decision, SIGNATURE.word());
            }
            (decision, vec![webhook])
        }
    };
    if decision.verdict == Verdict::Rejected {
        if full.brief.source == Source::Hand {
            return Err(ReplayError::ByHand);
        }
        return Err(ReplayError::Obstacle(Skip::Secret));
    }
    let runs = webhooks.into_iter().filter(|webhook| decision.run.contains(&webhook.id)).collect();
    Ok(Prospect { event, decision, runs })
}

/// A kept delivery as a replay is judged.
pub(super) fn replay_case<'a>(event: &'a Event, proof: &'a Proof, body: &'a [u8]) -> Case<'a> {
    Case { event, proof, body, endpoint: Endpoint::Main, registers: false }
}

pub(super) fn read_stored_event(header: &str, body: &[u8]) -> Result<Event, ReplayError> {
    Event::from_body(header, body).map_err(ReplayError::Unreadable)
}

/// Gives an event to one webhook.
pub(super) async fn force_webhook(
    conn: &mut Conn,
    (event, body, presented): (&Event, &[u8], &Presented),
    (id, by): (WebhookId, &str),
    judge: Judge<'_>,
) -> Result<(Decision, Webhook), ReplayError> {
    let candidate =
        candidates::find_candidate(conn, id).await?.ok_or(ReplayError::NoSuchWebhook)?;
    let webhook = decrypt_webhook(candidate, judge.keys);
    let question = Question {
        endpoint: Endpoint::Main,
        event,
        presented,
        body,
        token_is_known: true,
        allow_no_secret: judge.policy.allow_no_secret,
        now: judge.at,
    };
    Ok((force_delivery(question, &webhook, by), webhook))
}

/// Writes into the trace how the credential fares, which the matcher could not see.
pub(super) fn says_credential(decision: &mut Decision, word: &str) {
    let checks = decision.trace.webhooks.iter_mut().flat_map(|webhook| &mut webhook.checks);
    for check in checks.filter(|check| check.field == MatchField::Credential) {
        word.clone_into(&mut check.actual);
        check.equal = true;
    }
}

/// A replay that a person asks for.
#[derive(Debug, Clone)]
pub struct Wanted {
    /// Of which delivery.
    pub delivery: DeliveryId,
    /// To whom it is given.
    pub way: Way,
    /// The webhooks that were shown to run; none = none were shown.
    pub shown: Option<Vec<WebhookId>>,
    /// What tells this form from any other: it serves once.
    pub once: String,
}

/// Replays one delivery. A form that was sent before answers with what it made then.
///
/// # Errors
/// [`ReplayError`]; nothing was made.
pub async fn replay_delivery(
    conn: &mut Conn,
    act: Act<'_>,
    wanted: &Wanted,
    judge: Judge<'_>,
) -> Result<DeliveryId, ReplayError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let id = clock::delivery_id();
        if let Some(made) = claim_form_once(conn, &wanted.once, &id, act.now).await? {
            return Ok(made);
        }
        let full = deliveries::find_delivery(conn, &wanted.delivery).await?;
        let by = act.actor.username.as_str();
        let prospect = preview_replay(conn, &full, wanted.way, by, judge).await?;
        let runs: Vec<WebhookId> = prospect.runs.iter().map(|webhook| webhook.id).collect();
        if wanted.shown.as_ref().is_some_and(|shown| *shown != runs) {
            return Err(ReplayError::Changed);
        }
        let origin = Origin::Made {
            source: Source::Replay,
            by: by.to_owned(),
            of: Some(wanted.delivery.clone()),
            run: None,
        };
        let receipt =
            write_replay(conn, full, prospect, (id, origin, act.remote_addr), act.now).await?;
        let label = Some(("replay_of", wanted.delivery.to_string()));
        log_replay(conn, act, &receipt, label).await?;
        Ok(receipt.delivery)
    })
    .await
}

/// Whether a form was sent before, and what it made; else it counts as sent from now on.
pub(super) async fn claim_form_once(
    conn: &mut Conn,
    once: &str,
    id: &DeliveryId,
    now: DateTime<Utc>,
) -> Result<Option<DeliveryId>, StoreError> {
    let claim = forms::claim_form(once, id, now);
    let key = claim.key.clone();
    if keys::try_claim(conn, &[claim], now).await? == 1 {
        return Ok(None);
    }
    let holder = keys::find_holders(conn, &[&key], now).await?.remove(&key);
    holder.and_then(|made| made.parse().ok()).map(Some).ok_or(StoreError::Stale)
}

/// Writes the new delivery, with all that was kept of the first.
pub(super) async fn write_replay(
    conn: &mut Conn,
    full: Full,
    prospect: Prospect,
    (id, origin, remote_addr): (DeliveryId, Origin, &str),
    now: DateTime<Utc>,
) -> Result<Receipt, StoreError> {
    let Prospect { event, decision, runs } = prospect;
    let token = Proof::from_delivery(&full).presented.token;
    let presented = Presented { token, signed: None };
    let arrival = Arrival {
        id,
        received_at: now,
        endpoint: Endpoint::Main,
        remote_addr: remote_addr.to_owned(),
        headers: serde_json::from_value(full.headers).unwrap_or_default(),
        event_header: full.brief.event,
        body: Bytes::from(full.body.unwrap_or_default()),
        content: Content::Event { event: Box::new(event), presented, key: None },
        origin,
    };
    write_made(conn, Made { arrival, decision, webhooks: runs }, now).await
}

/// Writes down who made a delivery.
pub(super) async fn log_replay(
    conn: &mut Conn,
    act: Act<'_>,
    receipt: &Receipt,
    from: Option<(&str, String)>,
) -> Result<(), StoreError> {
    let text = |field: &str, text: String| Change {
        field: field.to_owned(),
        before: None,
        after: Some(Value::Text(text)),
        secret: false,
    };
    let mut changes: Vec<Change> = from.into_iter().map(|(field, id)| text(field, id)).collect();
    changes.push(text("verdict", receipt.verdict.as_str().to_owned()));
    changes.extend(receipt.jobs.iter().map(|job| text("job", job.to_string())));
    let entry = Entry {
        at: act.now,
        actor: Some(act.actor),
        verb: Verb::Replay,
        object_type: audit::object::DELIVERY,
        object_id: receipt.delivery.as_str(),
        object_name: receipt.delivery.as_str(),
        changes,
        remote_addr: act.remote_addr,
    };
    audit::record_entry(conn, entry).await
}
