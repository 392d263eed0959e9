//! What would become of arrivals, before any of them is submitted.

use super::known_webhooks::KnownWebhooks;
use super::{Arrival, Policy, decide};
use crate::clock;
use signalbox_core::ids::WebhookId;
use signalbox_core::seal::Keys;
use signalbox_core::verdict::Verdict;
use signalbox_core::webhook::Concurrency;
use signalbox_store::{Conn, Result};

/// What would become of an arrival.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Foreseen {
    /// The verdict.
    pub verdict: Verdict,
    /// Of the webhooks that it would run, those that run only the newest event of a branch.
    pub latest: Vec<WebhookId>,
}

/// Judges arrivals in their order, as they would be now. Nothing is written.
///
/// # Errors
/// Any [`signalbox_store::StoreError`] of the database.
pub async fn foresee(
    conn: &Conn,
    arrivals: &[Arrival],
    keys: &Keys,
    policy: Policy,
) -> Result<Vec<Foreseen>> {
    let known = (keys, &KnownWebhooks::default());
    let drafts = decide::evaluate_batch(conn, arrivals, known, policy, clock::now()).await?;
    let foreseen = drafts.into_iter().map(|draft| {
        let latest = draft.jobs.iter().filter(|job| job.webhook.concurrency == Concurrency::Latest);
        Foreseen {
            verdict: draft.decision.verdict,
            latest: latest.map(|job| job.webhook.id).collect(),
        }
    });
    Ok(foreseen.collect())
}
