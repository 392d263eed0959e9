//! Trying a webhook out: with a kept delivery or a pasted body, condition by condition, and, if a
//! person wants it, for real. What that makes is marked as made by hand.

use super::Act;
use super::judge::{Proof, SIGNATURE};
use super::rejudge::whole_body;
use super::replay::{
    Judge, Prospect, ReplayError, claim_form_once, force_webhook, log_replay, read_stored_event,
    says_credential, what_is_kept, write_replay,
};
use crate::clock;
use crate::intake::{Arrival, Content, Made, Origin, write_made};
use bytes::Bytes;
use signalbox_core::credential::Presented;
use signalbox_core::event::Event;
use signalbox_core::ids::{DeliveryId, WebhookId};
use signalbox_core::matching::Decision;
use signalbox_core::replay::{Skip, find_obstacle};
use signalbox_core::source::Source;
use signalbox_core::verdict::Endpoint;
use signalbox_core::webhook::Webhook;
use signalbox_store::deliveries::Full;
use signalbox_store::{Conn, deliveries, run_transaction};
use std::collections::BTreeMap;

/// What the trace says where no secret came with a body.
const PASTED: &str = "not asked: the body was pasted";

/// What a webhook is tried with.
#[derive(Debug, Clone)]
pub enum Given {
    /// A kept delivery.
    Stored(DeliveryId),
    /// A body that somebody pasted, and its event header.
    Pasted {
        /// `X-Gitlab-Event`.
        header: String,
        /// The body.
        body: Bytes,
    },
}

/// How a webhook fares.
pub struct Trial {
    /// The event.
    pub event: Event,
    /// The bytes that its action would be given.
    pub body: Bytes,
    /// The webhook's conditions stand in its trace.
    pub decision: Decision,
    /// The webhook.
    pub webhook: Webhook,
    /// Why what it was tried with cannot be run, if it cannot.
    pub obstacle: Option<Skip>,
    stored: Option<Full>,
}

/// Tries a webhook out. Reads only.
///
/// # Errors
/// [`ReplayError`] says what is missing.
pub async fn try_webhook(
    conn: &mut Conn,
    webhook: WebhookId,
    by: &str,
    given: &Given,
    judge: Judge<'_>,
) -> Result<Trial, ReplayError> {
    match given {
        Given::Pasted { header, body } => {
            let event = read_stored_event(header, body)?;
            let came = (&event, body.as_ref(), &Presented::default());
            let (mut decision, webhook) = force_webhook(conn, came, (webhook, by), judge).await?;
            says_credential(&mut decision, PASTED);
            let (body, obstacle) = (body.clone(), None);
            Ok(Trial { event, body, decision, webhook, obstacle, stored: None })
        }
        Given::Stored(id) => {
            let full = deliveries::find_delivery(conn, id).await?;
            let whole = whole_body(&full).ok_or(ReplayError::Obstacle(Skip::BodyGone))?;
            let event = read_stored_event(&full.brief.event, whole)?;
            let proof = Proof::from_delivery(&full);
            let came = (&event, whole, &proof.presented);
            let (mut decision, webhook) = force_webhook(conn, came, (webhook, by), judge).await?;
            if proof.check_webhook(&webhook, judge.at) == SIGNATURE {
                says_credential(&mut decision, SIGNATURE.word());
            }
            let (body, obstacle) =
                (Bytes::copy_from_slice(whole), find_obstacle(what_is_kept(&full)));
            Ok(Trial { event, body, decision, webhook, obstacle, stored: Some(full) })
        }
    }
}

/// Runs a webhook for real: makes a delivery by hand, and its job. A form that was sent before
/// answers with what it made then.
///
/// # Errors
/// [`ReplayError`]; nothing was made.
pub async fn by_hand(
    conn: &mut Conn,
    act: Act<'_>,
    (webhook, given, once): (WebhookId, &Given, &str),
    judge: Judge<'_>,
) -> Result<DeliveryId, ReplayError> {
    run_transaction(conn, async |conn: &mut Conn| {
        let id = clock::delivery_id();
        if let Some(made) = claim_form_once(conn, once, &id, act.now).await? {
            return Ok(made);
        }
        let by = act.actor.username.as_str();
        let trial = try_webhook(conn, webhook, by, given, judge).await?;
        if let Some(skip) = trial.obstacle {
            return Err(ReplayError::Obstacle(skip));
        }
        if !trial.webhook.enabled {
            return Err(ReplayError::SwitchedOff);
        }
        let of = trial.stored.as_ref().and_then(|full| full.brief.id.parse().ok());
        let origin = Origin::Made { source: Source::Hand, by: by.to_owned(), of, run: None };
        let Trial { event, body, decision, webhook, stored, .. } = trial;
        let label = webhook.label();
        let receipt = if let Some(full) = stored {
            let prospect = Prospect { event, decision, runs: vec![webhook] };
            write_replay(conn, full, prospect, (id, origin, act.remote_addr), act.now).await?
        } else {
            let header = event.header.clone();
            let arrival = Arrival {
                id,
                received_at: act.now,
                endpoint: Endpoint::Main,
                remote_addr: act.remote_addr.to_owned(),
                headers: BTreeMap::from([("X-Gitlab-Event".to_owned(), header.clone())]),
                event_header: header,
                body,
                content: Content::Event {
                    event: Box::new(event),
                    presented: Presented::default(),
                    key: None,
                },
                origin,
            };
            write_made(conn, Made { arrival, decision, webhooks: vec![webhook] }, act.now).await?
        };
        log_replay(conn, act, &receipt, Some(("webhook", label))).await?;
        Ok(receipt.delivery)
    })
    .await
}
