//! What came for one webhook while it waits: deliveries that carry its secret or name its
//! repository.

use super::deliveries::Brief;
use super::schema::{deliveries, webhooks};
use super::webhooks::Row;
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;

/// A delivery that came while a webhook waited.
#[derive(Debug, Clone)]
pub struct Watched {
    /// The delivery.
    pub delivery: Brief,
    /// Its trace.
    pub reason: serde_json::Value,
    /// The kept headers.
    pub headers: serde_json::Value,
    /// Whether it carried a token at all.
    pub has_token: bool,
    /// Whether that is the webhook's secret token, the present one or one that is still accepted.
    pub is_ours: bool,
}

type Found = (Brief, serde_json::Value, serde_json::Value, Option<Vec<u8>>);

type Digests = (Option<Vec<u8>>, Option<Vec<u8>>, Option<DateTime<Utc>>);

/// The newest deliveries since the webhook waits that carry its secret token or name its
/// repository, newest first. Matched ones are not among them.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn list_watched(
    conn: &mut Conn,
    row: &Row,
    most: i64,
    now: DateTime<Utc>,
) -> Result<Vec<Watched>> {
    let (present, previous, until): Digests = webhooks::table
        .find(row.id)
        .select((
            webhooks::secret_digest,
            webhooks::previous_secret_digest,
            webhooks::previous_secret_until,
        ))
        .first(conn)
        .await?;
    let previous = previous.filter(|_| until.is_some_and(|until| now < until));
    let ours: Vec<Vec<u8>> = present.into_iter().chain(previous).collect();
    // Written out, since a bound word would hide from the planner that the partial indexes fit.
    let not_matched = || diesel::dsl::sql::<Bool>("deliveries.verdict <> 'matched'");
    let columns =
        (Brief::as_select(), deliveries::reason, deliveries::headers, deliveries::token_digest);
    let mut found: Vec<Found> = deliveries::table
        .filter(not_matched())
        .filter(deliveries::repo_name.eq(&row.repo_name))
        .filter(deliveries::received_at.ge(row.pending_since))
        .order(deliveries::id.desc())
        .limit(most)
        .select(columns)
        .load(conn)
        .await?;
    if !ours.is_empty() {
        let carrying: Vec<Found> = deliveries::table
            .filter(not_matched())
            .filter(deliveries::token_digest.assume_not_null().eq_any(&ours))
            .filter(deliveries::received_at.ge(row.pending_since))
            .order(deliveries::id.desc())
            .limit(most)
            .select(columns)
            .load(conn)
            .await?;
        found.extend(carrying);
    }
    found.sort_by(|(left, ..), (right, ..)| right.id.cmp(&left.id));
    found.dedup_by(|(left, ..), (right, ..)| left.id == right.id);
    found.truncate(usize::try_from(most).unwrap_or(usize::MAX));
    let watched = found.into_iter().map(|(delivery, reason, headers, token)| Watched {
        delivery,
        reason,
        headers,
        has_token: token.is_some(),
        is_ours: token.is_some_and(|token| ours.contains(&token)),
    });
    Ok(watched.collect())
}
