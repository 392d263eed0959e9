//! Asks the matcher about deliveries that are kept, one or many, by the webhooks of now.
//!
//! Of the credential only the token's digest is kept, and of a signature the word in the trace:
//! a webhook that accepted the signature at arrival is taken to accept it still.

use crate::intake::{Policy, decrypt_webhook};
use chrono::{DateTime, Utc};
use signalbox_core::credential::{self, Check, Presented, Signed};
use signalbox_core::event::Event;
use signalbox_core::ids::WebhookId;
use signalbox_core::matching::project::is_candidate;
use signalbox_core::matching::trace::{FieldCheck, MatchField, Trace};
use signalbox_core::matching::{Decision, Question, decide_delivery};
use signalbox_core::seal::Keys;
use signalbox_core::verdict::Endpoint;
use signalbox_core::webhook::Webhook;
use signalbox_store::candidates::{self, Sought, TokenLife};
use signalbox_store::deliveries::Full;
use signalbox_store::{Conn, Result};
use std::collections::HashMap;

/// How a signature that was valid fares, which cannot be computed again.
pub(super) const SIGNATURE: Check = Check::Valid(credential::Proof::SIGNATURE);

/// What is left of a delivery's credentials.
pub(super) struct Proof {
    pub presented: Presented,
    pub signed_for: Vec<WebhookId>,
}

impl Proof {
    pub(super) fn from_delivery(full: &Full) -> Self {
        let trace: Trace = serde_json::from_value(full.reason.clone()).unwrap_or_default();
        let signed = |check: &FieldCheck| {
            check.field == MatchField::Credential && credential::names_signature(&check.actual)
        };
        let token = full.token_digest.as_deref().and_then(|digest| digest.try_into().ok());
        let nothing =
            || Signed { id: String::new(), timestamp: String::new(), signatures: String::new() };
        Self {
            presented: Presented {
                token,
                signed: full.headers.get("webhook-signature").map(|_| nothing()),
            },
            signed_for: trace
                .webhooks
                .iter()
                .filter(|webhook| webhook.checks.iter().any(signed))
                .map(|webhook| webhook.webhook)
                .collect(),
        }
    }

    /// How it fares with a webhook.
    pub(super) fn check_webhook(&self, webhook: &Webhook, at: DateTime<Utc>) -> Check {
        if self.signed_for.contains(&webhook.id) && webhook.signing_key.is_some() {
            return SIGNATURE;
        }
        credential::check_credential(&self.presented, webhook.required_credentials(at), &[], at)
    }
}

/// A kept delivery, read.
pub(super) struct Case<'a> {
    pub event: &'a Event,
    pub proof: &'a Proof,
    pub body: &'a [u8],
    /// The address at which it is judged.
    pub endpoint: Endpoint,
    /// Whether a webhook may take its project's id from it.
    pub registers: bool,
}

/// What is known now of the webhooks that some deliveries may be for.
pub(super) struct Known {
    webhooks: Vec<Webhook>,
    tokens: HashMap<Vec<u8>, TokenLife>,
    policy: Policy,
    at: DateTime<Utc>,
}

impl Known {
    /// Loads the webhooks intake would ask about, for these events and proofs.
    pub(super) async fn load_webhooks<'a>(
        conn: &mut Conn,
        cases: impl Iterator<Item = (&'a Event, &'a Proof)>,
        keys: &Keys,
        policy: Policy,
        at: DateTime<Utc>,
    ) -> Result<Self> {
        let mut sought = Sought::default();
        for (event, proof) in cases {
            sought.project_ids.insert(event.project_id.unwrap_or(0));
            sought.repo_names.insert(event.repo_name.clone());
            sought.tokens.extend(proof.presented.token.map(|token| token.to_vec()));
            sought.is_signed |= proof.presented.signed.is_some();
        }
        let webhooks = candidates::load_candidates(conn, &sought).await?;
        Ok(Self {
            webhooks: webhooks.into_iter().map(|webhook| decrypt_webhook(webhook, keys)).collect(),
            tokens: candidates::lives_of_tokens(conn, &sought).await?,
            policy,
            at,
        })
    }

    /// What becomes of a delivery now, and the webhooks that were asked.
    pub(super) fn evaluate_case(&self, case: &Case<'_>) -> (Decision, Vec<Webhook>) {
        let (event, proof) = (case.event, case.proof);
        // A signature that cannot be computed again stands as a token that its webhooks have.
        let stand_in = proof.presented.token.unwrap_or_default();
        let has_stand_in = proof.presented.token.is_some() || !proof.signed_for.is_empty();
        let token = proof.presented.token.as_ref().map(<[u8; 32]>::as_slice);
        let is_sought = |webhook: &&Webhook| is_candidate(webhook, event, token);
        let mut signed = Vec::new();
        let webhooks: Vec<Webhook> = self
            .webhooks
            .iter()
            .filter(is_sought)
            .map(|webhook| {
                let mut webhook = webhook.clone();
                webhook.register_on_first_event &= case.registers;
                if proof.check_webhook(&webhook, self.at) == SIGNATURE {
                    webhook.secret_digest = Some(stand_in.to_vec());
                    webhook.require_signature = false;
                    signed.push(webhook.id);
                }
                webhook
            })
            .collect();
        let presented = Presented {
            token: has_stand_in.then_some(stand_in),
            signed: proof.presented.signed.clone(),
        };
        let question = Question {
            endpoint: case.endpoint,
            event,
            presented: &presented,
            body: case.body,
            token_is_known: proof
                .presented
                .token
                .and_then(|token| self.tokens.get(&token[..]))
                .is_some_and(|life| life.counts_at(self.at)),
            allow_no_secret: self.policy.allow_no_secret,
            now: self.at,
        };
        let mut decision = decide_delivery(question, &webhooks);
        name_signatures(&mut decision.trace, &signed);
        (decision, webhooks)
    }
}

/// Calls a signature by its name where it stood as a token, so that a replay of the replay knows.
fn name_signatures(trace: &mut Trace, signed: &[WebhookId]) {
    for webhook in trace.webhooks.iter_mut().filter(|webhook| signed.contains(&webhook.webhook)) {
        for check in webhook.checks.iter_mut().filter(|check| check.field == MatchField::Credential)
        {
            SIGNATURE.word().clone_into(&mut check.actual);
        }
    }
}
