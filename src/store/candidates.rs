//! The records a delivery may be for, and what registering does to them.

use super::cached::cached;
use super::schema::webhooks;
use super::{Conn, Result, StoreError};
use crate::core::ids::{DeliveryId, JobId, WebhookId};
use crate::core::verdict::Verdict;
use crate::core::webhook::ProjectId;
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use std::collections::HashSet;

/// What a batch of deliveries brings to look for.
#[derive(Debug, Default)]
pub struct Sought {
    /// Projects; 0 stands for "none".
    pub project_ids: HashSet<i64>,
    /// Names of repositories.
    pub repo_names: HashSet<String>,
    /// Digests of presented tokens.
    pub tokens: HashSet<Vec<u8>>,
    /// Whether one of them is signed.
    pub is_signed: bool,
}

/// A record as the matcher needs it, its signing token still sealed.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = webhooks, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
#[expect(clippy::struct_excessive_bools, reason = "the columns are what they are")]
pub struct Candidate {
    pub id: i64,
    pub name: String,
    pub repo_name: String,
    pub repo_url: String,
    pub object_kind: String,
    pub project_id: i64,
    pub http_x_gitlab_event: String,
    pub enabled: bool,
    pub secret_digest: Option<Vec<u8>>,
    pub signing_token: Option<Vec<u8>>,
    pub ref_filter: String,
    pub path_filter: String,
    pub condition: String,
    pub obey_skip: bool,
    pub previous_secret_digest: Option<Vec<u8>>,
    pub previous_secret_until: Option<DateTime<Utc>>,
    pub previous_signing_token: Option<Vec<u8>>,
    pub previous_signing_until: Option<DateTime<Utc>>,
    pub require_signature: bool,
    pub register_on_first_event: bool,
    pub action: String,
    pub action_params: serde_json::Value,
    pub concurrency: String,
    pub debounce_s: i32,
    pub cancel_running: bool,
    pub max_attempts: i32,
    pub timeout_s: Option<i32>,
    pub version: i32,
}

/// Loads the records of these projects, the pending ones of these repositories, and those that
/// nearly match: of these repositories with one of these tokens, or with a signing token where
/// something is signed; or pending with one of these tokens.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn load(mut conn: &Conn, sought: &Sought) -> Result<Vec<Candidate>> {
    let projects: Vec<i64> = sought.project_ids.iter().copied().collect();
    let names: Vec<&String> = sought.repo_names.iter().collect();
    let tokens: Vec<&Vec<u8>> = sought.tokens.iter().collect();
    let near = webhooks::project_id
        .eq(ProjectId::PENDING)
        .or(webhooks::secret_digest.eq_any(tokens.clone()).assume_not_null())
        .or(webhooks::previous_secret_digest.eq_any(tokens.clone()).assume_not_null())
        .or(webhooks::signing_token.is_not_null().and(sought.is_signed.into_sql::<Bool>()));
    let with_a_slip = webhooks::secret_digest
        .eq_any(tokens)
        .assume_not_null()
        .and(webhooks::project_id.eq(ProjectId::PENDING));
    Ok(webhooks::table
        .filter(
            webhooks::project_id
                .eq_any(projects)
                .or(webhooks::repo_name.eq_any(names).and(near))
                .or(with_a_slip),
        )
        .order(webhooks::id)
        .select(Candidate::as_select())
        .load(&mut conn)
        .await?)
}

/// One record, if it is there.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn find(conn: &mut Conn, id: WebhookId) -> Result<Option<Candidate>> {
    let found = webhooks::table.find(id.0).select(Candidate::as_select());
    Ok(found.first(conn).await.optional()?)
}

/// Which of the token digests belong to some record, as the present or the previous token, and are
/// enough for it.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn known_tokens(
    mut conn: &Conn,
    sought: &Sought,
    now: DateTime<Utc>,
) -> Result<HashSet<Vec<u8>>> {
    if sought.tokens.is_empty() {
        return Ok(HashSet::new());
    }
    let tokens: Vec<&Vec<u8>> = sought.tokens.iter().collect();
    let enough = || webhooks::table.filter(webhooks::require_signature.eq(false));
    let present = enough()
        .filter(webhooks::secret_digest.eq_any(tokens.clone()))
        .select(webhooks::secret_digest);
    let previous = enough()
        .filter(webhooks::previous_secret_digest.eq_any(tokens))
        .filter(webhooks::previous_secret_until.gt(now))
        .select(webhooks::previous_secret_digest);
    let found: Vec<Option<Vec<u8>>> = present.union(previous).load(&mut conn).await?;
    Ok(found.into_iter().flatten().collect())
}

/// The digests of all tokens that are some webhook's, present or previous.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn all_tokens(conn: &mut Conn, now: DateTime<Utc>) -> Result<HashSet<Vec<u8>>> {
    let present = webhooks::table.select(webhooks::secret_digest);
    let previous = webhooks::table
        .filter(webhooks::previous_secret_until.gt(now))
        .select(webhooks::previous_secret_digest);
    let found: Vec<Option<Vec<u8>>> = present.union(previous).load(conn).await?;
    Ok(found.into_iter().flatten().collect())
}

/// Gives a pending record its project id. Its version rises, so that a form opened before cannot
/// write -1 back.
///
/// # Errors
/// [`StoreError::Stale`] if it is not pending any more.
pub async fn register(
    conn: &mut Conn,
    webhook: WebhookId,
    project_id: i64,
    now: DateTime<Utc>,
) -> Result<()> {
    let changed = diesel::update(webhooks::table.find(webhook.0))
        .filter(webhooks::project_id.eq(ProjectId::PENDING))
        .set((
            webhooks::project_id.eq(project_id),
            webhooks::registered_at.eq(now),
            webhooks::updated_at.eq(now),
            webhooks::version.eq(webhooks::version + 1),
        ))
        .execute(conn)
        .await?;
    if changed == 1 { Ok(()) } else { Err(StoreError::Stale) }
}

/// The last thing that happened to a record, for its row in the list.
#[derive(Debug, Clone)]
pub struct Touch {
    /// The record.
    pub webhook: WebhookId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its verdict.
    pub verdict: Verdict,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Its job, if one was queued.
    pub job: Option<JobId>,
    /// Whether the record's token came with it.
    pub by_token: bool,
    /// Whether it was signed for the record.
    pub by_signature: bool,
}

/// Notes the last delivery and job of records: one touch a record, sorted by record so that two
/// servers lock rows in one order.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn touch(mut conn: &Conn, touches: &[Touch]) -> Result<()> {
    if touches.is_empty() {
        return Ok(());
    }
    let ids: Vec<i64> = touches.iter().map(|touch| touch.webhook.0).collect();
    let deliveries: Vec<&str> = touches.iter().map(|touch| touch.delivery.as_str()).collect();
    let verdicts: Vec<&str> = touches.iter().map(|touch| touch.verdict.as_str()).collect();
    let times: Vec<DateTime<Utc>> = touches.iter().map(|touch| touch.at).collect();
    let jobs: Vec<Option<&str>> =
        touches.iter().map(|touch| touch.job.as_ref().map(JobId::as_str)).collect();
    let by_token: Vec<bool> = touches.iter().map(|touch| touch.by_token).collect();
    let by_signature: Vec<bool> = touches.iter().map(|touch| touch.by_signature).collect();
    let touch = diesel::sql_query(
        "UPDATE webhooks w SET last_delivery_id = t.delivery, last_delivery_at = t.at, \
         last_verdict = t.verdict, last_job_id = coalesce(t.job, w.last_job_id), \
         last_job_state = CASE WHEN t.job IS NULL THEN w.last_job_state ELSE 'queued' END, \
         last_token_at = CASE WHEN t.by_token THEN t.at ELSE w.last_token_at END, \
         last_signature_at = CASE WHEN t.by_signature THEN t.at ELSE w.last_signature_at END \
         FROM (SELECT * FROM unnest($1, $2, $3, $4, $5, $6, $7) \
         AS t (id, delivery, verdict, at, job, by_token, by_signature) \
         ORDER BY id) t WHERE w.id = t.id",
    )
    .bind::<Array<BigInt>, _>(ids)
    .bind::<Array<Text>, _>(deliveries)
    .bind::<Array<Text>, _>(verdicts)
    .bind::<Array<Timestamptz>, _>(times)
    .bind::<Array<Nullable<Text>>, _>(jobs)
    .bind::<Array<Bool>, _>(by_token)
    .bind::<Array<Bool>, _>(by_signature);
    cached(touch).execute(&mut conn).await?;
    Ok(())
}
