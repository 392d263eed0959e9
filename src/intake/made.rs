//! A delivery that a person made: a replay, or one by hand. Its verdict is known, so that it is
//! written at once, in the caller's transaction, by the same hand that writes what GitLab sends.
//!
//! It claims no key: nothing that GitLab sends later is taken for its repeat.

use super::decide::{Draft, hold_back, jobs_of};
use super::refusals::Room;
use super::{Arrival, Receipt, write};
use chrono::{DateTime, Utc};
use signalbox_core::matching::Decision;
use signalbox_core::webhook::Webhook;
use signalbox_store::{Conn, Result, listen, pauses};
use std::sync::Arc;

/// A delivery to write, judged.
pub struct Made {
    /// What came, as it were.
    pub arrival: Arrival,
    /// What becomes of it. It registers nothing.
    pub decision: Decision,
    /// The webhooks that were asked.
    pub webhooks: Vec<Webhook>,
}

/// Writes it with its jobs. The caller owns the transaction.
///
/// # Errors
/// Any [`signalbox_store::StoreError`] of the database.
pub async fn write_made(conn: &mut Conn, made: Made, now: DateTime<Utc>) -> Result<Receipt> {
    let Made { arrival, mut decision, webhooks } = made;
    // A webhook takes a project's id from GitLab alone, and was not called by it just now.
    decision.register.clear();
    decision.proofs.clear();
    let webhooks: Vec<_> = webhooks.into_iter().map(Arc::new).collect();
    hold_back(&mut decision, &webhooks, &pauses::list_pauses(conn).await?);
    let jobs = jobs_of(&decision, webhooks);
    let draft = Draft { arrival: &arrival, decision, duplicate_of: None, claims: Vec::new(), jobs };
    write::insert_batch(conn, std::slice::from_ref(&draft), &[Room::Own], now).await?;
    listen::wake_workers(conn).await?;
    Ok(Receipt {
        delivery: draft.arrival.id.clone(),
        verdict: draft.decision.verdict,
        jobs: draft.jobs.into_iter().map(|job| job.id).collect(),
        reason: draft.decision.reason.to_string(),
        status: draft.decision.status,
    })
}
