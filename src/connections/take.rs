//! An event that did not come from GitLab by itself, judged as if it did.

use super::setup::{SetupError, open_token};
use crate::clock;
use crate::intake::{Arrival, Content, Intake, Origin, Policy, Sender};
use crate::webhooks;
use bytes::Bytes;
use chrono::TimeDelta;
use secrecy::ExposeSecret;
use signalbox_core::credential::{Presented, Signed, SigningKey, token_digest};
use signalbox_core::idempotency::Key;
use signalbox_core::seal::Keys;
use signalbox_core::verdict::Endpoint;
use signalbox_store::Pool;
use signalbox_store::gitlab::Hook;
use std::collections::BTreeMap;

/// What catching up needs.
#[derive(Clone, Copy)]
pub struct CatchUp<'a> {
    /// The database.
    pub pool: &'a Pool,
    /// The installation's keys: events are taken with their webhook's own credentials.
    pub keys: &'a Keys,
    /// What judges and stores events.
    pub intake: &'a Intake,
    /// What judging needs to know.
    pub policy: Policy,
}

/// An event to have judged.
pub(super) struct Take<'a> {
    /// Its `X-Gitlab-Event`.
    pub header: &'a str,
    /// The headers that are kept.
    pub headers: BTreeMap<String, String>,
    /// The key that its repeats have.
    pub key: String,
    /// How long that counts.
    pub keeps: TimeDelta,
    /// Its body.
    pub body: Bytes,
    /// How it came here.
    pub origin: Origin,
}

impl CatchUp<'_> {
    /// An event as if it came now. It presents what GitLab would: who may read the log, or the branches, with
    /// our access token vouches for it.
    pub(super) fn arrival_of(self, hook: &Hook, take: Take<'_>) -> Result<Arrival, SetupError> {
        let Take { header, headers, key, keeps, body, origin } = take;
        let (id, now) = (clock::delivery_id(), clock::now());
        let token = open_token(self.keys, hook)?;
        let signing = webhooks::signing_token_beside(self.keys, &token);
        let timestamp = now.timestamp().to_string();
        // GitLab signs an event under its key.
        let signed_id = match origin {
            Origin::Log { .. } => key.clone(),
            _ => id.to_string(),
        };
        let signed = SigningKey::from_shown(signing.expose_secret()).map(|signing| Signed {
            signatures: signing.sign_message(&signed_id, &timestamp, &body),
            id: signed_id.clone(),
            timestamp,
        });
        let token = token_digest(&self.keys.token_digest, token.expose_secret().as_bytes());
        let presented = Presented { token: Some(token), signed };
        let key = Key { value: key, expires_at: now + keeps, from_body: false };
        Ok(Arrival {
            id,
            received_at: now,
            endpoint: Endpoint::Main,
            remote_addr: String::new(),
            headers,
            event_header: header.to_owned(),
            content: Content::from_body(header, &body, presented, Some(key)),
            body,
            origin,
        })
    }

    /// Has it judged and stored.
    pub(super) async fn submit(self, arrival: Arrival) -> Result<(), SetupError> {
        let mut permit = self.intake.body_permit(Sender::Known);
        permit.grow_to(arrival.body.len())?;
        self.intake.submit_arrival(arrival, permit).await?;
        Ok(())
    }
}
