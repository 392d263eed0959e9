//! A file looked at before it is imported: what it would do, webhook by webhook, what is wrong with
//! it, and which webhooks lack a secret; and then the import of just what was looked at.
//!
//! No secrets come along here. A webhook of which none is here is taken switched off, so that
//! nothing runs for whoever knows its address.

use super::{
    ImportError, Imported, Kind, Plan, Secrets, Setting, carry_out, check_portable, heed_limits,
    plan_rows,
};
use crate::webhooks::{Fault, SaveError};
use signalbox_core::transfer::{Document, PortableWebhook};
use signalbox_store::webhooks::{self, Row, Tokens};
use signalbox_store::{Conn, StoreError, run_transaction};
use std::collections::BTreeMap;

/// A file against what is here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The file's webhooks, in its order.
    pub lines: Vec<Line>,
    /// How many webhooks here the file does not have.
    pub only_here: usize,
    /// What the import must find again: see [`Plan::version_mark`].
    pub mark: String,
}

/// A webhook of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// As it would be saved.
    pub webhook: PortableWebhook,
    /// What the webhook is called.
    pub label: String,
    /// What it is here.
    pub kind: Kind,
    /// What is wrong with it.
    pub faults: Vec<Fault>,
    /// Whether it has no secret, and is switched off for that reason.
    pub lacks_secret: bool,
}

/// What the import of a file would do.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn preview_import(
    conn: &mut Conn,
    file: &mut Document,
    setting: &Setting<'_>,
) -> Result<Preview, StoreError> {
    let rows = webhooks::list_all(conn).await?;
    let (plan, lacking) = plan_switched_off(&rows, file, setting);
    let known: BTreeMap<i64, &Row> = rows.iter().map(|row| (row.id, row)).collect();
    let lines =
        file.webhooks.iter().zip(&plan.steps).zip(lacking).map(|((webhook, step), lacks)| {
            let here = step.here.and_then(|(id, _)| known.get(&id).copied());
            let checked =
                check_portable(webhook, here, &Tokens::default(), &Secrets::new(), setting);
            Line {
                webhook: webhook.clone(),
                label: step.label.clone(),
                kind: step.kind.clone(),
                faults: checked.err().unwrap_or_default(),
                lacks_secret: lacks,
            }
        });
    Ok(Preview {
        lines: lines.collect(),
        only_here: plan.only_here.len(),
        mark: plan.version_mark(),
    })
}

/// Imports a file that was looked at: all of it, or nothing. Names the webhooks that lack a secret.
///
/// # Errors
/// [`SaveError::Stale`] where a webhook was changed, deleted or added since; [`ImportError::Faults`].
pub async fn import_seen(
    conn: &mut Conn,
    file: &mut Document,
    mark: &str,
    setting: &Setting<'_>,
) -> Result<(Imported, Vec<String>), ImportError> {
    let done = run_transaction::<_, ImportError, _>(conn, async |conn: &mut Conn| {
        let rows = webhooks::list_all(conn).await?;
        let (plan, lacking) = plan_switched_off(&rows, file, setting);
        if plan.version_mark() != mark {
            return Err(SaveError::Stale.into());
        }
        let (imported, saved) = carry_out(conn, file, &plan, &Secrets::new(), setting).await?;
        let lacking = plan.steps.into_iter().zip(lacking).filter(|(_, lacks)| *lacks);
        Ok((imported, lacking.map(|(step, _)| step.label).collect(), saved))
    });
    let (imported, lacking, saved) = done.await?;
    heed_limits(conn, &saved, setting).await?;
    Ok((imported, lacking))
}

/// The plan, with every webhook that lacks a secret switched off; and which those are.
fn plan_switched_off(
    rows: &[Row],
    file: &mut Document,
    setting: &Setting<'_>,
) -> (Plan, Vec<bool>) {
    let steps = plan_rows(rows, file).steps;
    let lacking: Vec<bool> = file
        .webhooks
        .iter_mut()
        .zip(steps)
        .map(|(webhook, step)| {
            let wants = !step.wants.is_empty() || !setting.allow_no_secret;
            let lacks = step.has_no_secret && wants;
            webhook.enabled &= !lacks;
            lacks
        })
        .collect();
    (plan_rows(rows, file), lacking)
}
