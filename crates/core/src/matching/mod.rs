//! The decision: given an event, what it presents and the webhooks that may want it, what becomes
//! of the delivery.
//!
//! [`decide_delivery`] is pure: repeats are found before (`crate::idempotency`), the database is
//! changed after (`signalbox::intake`).

pub mod condition;
pub mod filter;
pub mod filters;
pub mod five_values;
pub mod mismatch;
pub mod project;
pub mod trace;

use crate::credential::{self, Check, Presented, Proof};
use crate::delivery_reason::{DeliveryReason, Webhooks};
use crate::event::{Event, kind};
use crate::ids::WebhookId;
use crate::verdict::{Endpoint, Verdict};
use crate::webhook::Webhook;
use chrono::{DateTime, Utc};
use five_values::{Comparison, compare_five_fields};
use mismatch::{Sought, nearest_reason};
use project::id_to_register;
use std::borrow::Borrow;
use std::collections::BTreeSet;
use trace::{MatchField, Trace, WebhookTrace};

/// Most webhooks whose comparison is kept with a delivery.
const MAX_TRACED: usize = 10;

/// What is judged.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The address it came to.
    pub endpoint: Endpoint,
    /// The event.
    pub event: &'a Event,
    /// What it presents.
    pub presented: &'a Presented,
    /// The exact bytes of its body, which a signature covers.
    pub body: &'a [u8],
    /// Whether the presented token is the token of any webhook at all.
    pub token_is_known: bool,
    /// Whether webhooks without any secret accept everybody.
    pub allow_no_secret: bool,
    /// When.
    pub now: DateTime<Utc>,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// The verdict.
    pub verdict: Verdict,
    /// The HTTP status of the answer.
    pub status: u16,
    /// Why, for the answer and the page.
    pub reason: DeliveryReason,
    /// Why.
    pub trace: Trace,
    /// Webhooks that take the event's project id.
    pub register: Vec<WebhookId>,
    /// Webhooks for which a job is queued.
    pub run: Vec<WebhookId>,
    /// With what the delivery proved itself to the webhooks that it equals.
    pub proofs: Vec<(WebhookId, Proof)>,
}

impl Decision {
    fn new(verdict: Verdict, status: u16, reason: DeliveryReason) -> Self {
        let trace = Trace::default();
        let (register, run, proofs) = (Vec::new(), Vec::new(), Vec::new());
        Self { verdict, status, reason, trace, register, run, proofs }
    }

    /// The webhooks for which it is authentic by a signature, whose id must then never serve again.
    pub fn signed_for(&self) -> impl Iterator<Item = WebhookId> {
        self.proofs.iter().filter(|(_, proof)| proof.signature.is_some()).map(|(id, _)| *id)
    }

    /// The webhooks for which something is queued or registered.
    pub fn wanted_by(&self) -> BTreeSet<WebhookId> {
        self.run.iter().chain(&self.register).copied().collect()
    }

    /// Whether something was queued or registered, so that repeats of the delivery are duplicates.
    pub fn did_something(&self) -> bool {
        !self.run.is_empty() || !self.register.is_empty()
    }
}

/// Judges an event against the webhooks that may want it.
pub fn decide_delivery<W: Borrow<Webhook>>(question: Question<'_>, webhooks: &[W]) -> Decision {
    let compared: Vec<(&Webhook, Comparison)> = webhooks
        .iter()
        .map(Borrow::borrow)
        .map(|webhook: &Webhook| {
            let credential = credential_of(webhook, question);
            (
                webhook,
                compare_five_fields(webhook, question.event, credential, question.allow_no_secret),
            )
        })
        .collect();
    if !question.token_is_known && !compared.iter().any(|(_, comparison)| comparison.accepted) {
        return decide_unauthenticated(question, &compared);
    }
    let mut decision = if let Some(sample) = mismatch::sample_reason(question.event) {
        Decision::new(Verdict::Unmatched, 200, sample)
    } else if !kind::header_agrees(&question.event.header, &question.event.object_kind) {
        let (header, object_kind) =
            (question.event.header.clone(), question.event.object_kind.clone());
        let reason = DeliveryReason::HeaderDisagrees { header, object_kind };
        Decision::new(Verdict::Unmatched, 200, reason)
    } else if question.endpoint == Endpoint::Register {
        decide_registration(question.event, &compared)
    } else {
        match_main(question.event, &compared)
    };
    decision.proofs = compared.iter().filter_map(proof_of_match).collect();
    decision.trace = trace_of(compared);
    decision
}

/// What becomes of an event that `by` gives to this webhook, whatever its values and filters say.
/// They are compared all the same, for the trace.
pub fn force_delivery(question: Question<'_>, webhook: &Webhook, by: &str) -> Decision {
    let credential = credential_of(webhook, question);
    let comparison =
        compare_five_fields(webhook, question.event, credential, question.allow_no_secret);
    let reason = DeliveryReason::Forced { webhook: webhook.label(), by: by.to_owned() };
    let mut decision = Decision::new(Verdict::Matched, 202, reason);
    decision.run.push(webhook.id);
    decision.trace = Trace { forced: Some(webhook.id), ..trace_of(vec![(webhook, comparison)]) };
    decision
}

fn proof_of_match((webhook, comparison): &(&Webhook, Comparison)) -> Option<(WebhookId, Proof)> {
    match comparison.credential {
        Check::Valid(proof) if comparison.is_nearly_equal() => Some((webhook.id, proof)),
        Check::Valid(_)
        | Check::SignatureRequired
        | Check::StaleSignature
        | Check::Wrong
        | Check::Absent
        | Check::NotRequired => None,
    }
}

fn credential_of(webhook: &Webhook, question: Question<'_>) -> Check {
    let required = webhook.required_credentials(question.now);
    credential::check_credential(question.presented, required, question.body, question.now)
}

fn decide_unauthenticated(question: Question<'_>, compared: &[(&Webhook, Comparison)]) -> Decision {
    let presented = question.presented;
    let lacks_signature = |(_, c): &(_, Comparison)| c.credential == Check::SignatureRequired;
    let reason = if presented.token.is_none() && presented.signed.is_none() {
        DeliveryReason::NoCredential
    } else if compared.iter().any(lacks_signature) {
        DeliveryReason::OnlyToken
    } else if question.event.is_sample && presented.signed.is_some() {
        // It names no webhook whose signing token it could be checked with.
        DeliveryReason::Sample
    } else {
        DeliveryReason::WrongCredential
    };
    let mut decision = Decision::new(Verdict::Rejected, 401, reason);
    decision.trace.refusal = Some("unauthenticated".to_owned());
    decision
}

/// The register address: pending webhooks equal in the other four values take the id.
fn decide_registration(event: &Event, compared: &[(&Webhook, Comparison)]) -> Decision {
    let pending: Vec<&Webhook> = compared
        .iter()
        .filter(|(webhook, c)| webhook.project_id.is_pending() && c.is_nearly_equal())
        .map(|(webhook, _)| *webhook)
        .collect();
    let Some(project_id) = id_to_register(event) else {
        return Decision::new(Verdict::Unmatched, 200, DeliveryReason::NoProject);
    };
    if let Some(first) = pending.first() {
        let webhooks = name_webhooks(first, pending.len());
        let reason = DeliveryReason::Registered { project: project_id, webhooks };
        let mut decision = Decision::new(Verdict::Registered, 202, reason);
        decision.register = pending.iter().map(|webhook| webhook.id).collect();
        return decision;
    }
    if let Some((webhook, _)) = compared.iter().find(|(_, comparison)| comparison.is_equal()) {
        let webhook = webhook.label();
        let reason = DeliveryReason::AlreadyRegistered { webhook, project: project_id };
        return Decision::new(Verdict::Registered, 200, reason);
    }
    let nearest = nearest_reason(event, compared, Sought::Pending);
    Decision::new(Verdict::Unmatched, 200, nearest)
}

/// The main address: every enabled webhook that equals the event and lets it pass runs. A pending one
/// takes the id first, unless it registers at the register address only.
fn match_main(event: &Event, compared: &[(&Webhook, Comparison)]) -> Decision {
    let registering = |webhook: &Webhook, comparison: &Comparison| {
        webhook.project_id.is_pending()
            && webhook.register_on_first_event
            && comparison.is_nearly_equal()
            && id_to_register(event).is_some()
    };
    let (mut run, mut register) = (Vec::new(), Vec::new());
    let (mut disabled, mut filtered) = (Vec::new(), Vec::new());
    for (webhook, comparison) in compared {
        let registers = registering(webhook, comparison);
        if !registers && !comparison.is_equal() {
            continue;
        }
        // Switch and filters choose what runs, not whose project it is.
        if registers {
            register.push(*webhook);
        }
        if !webhook.enabled {
            disabled.push(*webhook);
        } else if comparison.passes {
            run.push(*webhook);
        } else {
            filtered.push((*webhook, comparison));
        }
    }
    let ids = |webhooks: &[&Webhook]| webhooks.iter().map(|webhook| webhook.id).collect();
    let missed = || match (filtered.first(), disabled.first()) {
        (Some((webhook, comparison)), _) => {
            let check = comparison.trace.filtered_checks().next().cloned();
            check.map(|check| DeliveryReason::Filtered { webhook: webhook.label(), check })
        }
        (None, Some(webhook)) => Some(DeliveryReason::Disabled { webhook: webhook.label() }),
        (None, None) => None,
    };
    if let (Some(first), Some(project)) = (register.first(), id_to_register(event)) {
        let reason = match (run.first(), missed()) {
            (None, Some(because)) => DeliveryReason::RegisteredOnly {
                project,
                webhook: first.label(),
                because: Box::new(because),
            },
            (to_run, _) => {
                let webhooks = name_webhooks(to_run.unwrap_or(first), run.len());
                DeliveryReason::RegisteredAndMatched { project, webhooks }
            }
        };
        let mut decision = Decision::new(Verdict::Registered, 202, reason);
        (decision.run, decision.register) = (ids(&run), ids(&register));
        return decision;
    }
    if let Some(first) = run.first() {
        let reason = DeliveryReason::Matched(name_webhooks(first, run.len()));
        let mut decision = Decision::new(Verdict::Matched, 202, reason);
        decision.run = ids(&run);
        return decision;
    }
    match missed() {
        Some(reason) if filtered.is_empty() => Decision::new(Verdict::Disabled, 200, reason),
        Some(reason) => Decision::new(Verdict::Filtered, 200, reason),
        None => {
            Decision::new(Verdict::Unmatched, 200, nearest_reason(event, compared, Sought::Any))
        }
    }
}

/// A webhook, and how many beside it.
fn name_webhooks(first: &Webhook, count: usize) -> Webhooks {
    Webhooks { first: first.label(), more: count.saturating_sub(1) }
}

fn trace_of(compared: Vec<(&Webhook, Comparison)>) -> Trace {
    let mut webhooks: Vec<_> =
        compared.into_iter().map(|(_, comparison)| comparison.trace).collect();
    let refuses = |webhook: &WebhookTrace| {
        webhook.differing_checks().any(|check| check.field == MatchField::Credential)
    };
    webhooks.sort_by_key(|webhook| {
        (refuses(webhook), webhook.differing_checks().count(), webhook.webhook)
    });
    webhooks.truncate(MAX_TRACED);
    Trace { webhooks, ..Trace::default() }
}

#[cfg(test)]
mod table {
    mod facts {
        mod tests;
    }
    mod tests;
    mod variants {
        mod tests;
    }
}
pub mod samples;

#[cfg(test)]
mod tests;
