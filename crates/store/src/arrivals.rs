//! What one batch of deliveries writes, in one statement: the claims on their keys, the deliveries,
//! their jobs, and the last values of their webhooks.

use super::cached::{Statement, cached, column_of};
use super::keys::{Claim, bind_claims, claim_keys};
use super::listen::Topic;
use super::schema::deliveries;
use super::types::JsonText;
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Bytea, Int4, Int8, Jsonb, Nullable, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::delivery_reason::DeliveryReason;
use signalbox_core::ids::{DeliveryId, JobId, WebhookId};
use signalbox_core::verdict::Verdict;

/// A delivery to insert.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct NewDelivery<'a> {
    pub id: &'a str,
    pub received_at: DateTime<Utc>,
    pub endpoint: &'a str,
    pub verdict: &'a str,
    pub why: StoredReason,
    pub reason: JsonText,
    pub http_status: i32,
    pub event: &'a str,
    pub object_kind: &'a str,
    pub project_id: Option<i64>,
    pub repo_name: &'a str,
    pub repo_url: &'a str,
    pub git_ref: &'a str,
    pub sha: &'a str,
    pub user_id: Option<i64>,
    pub user_name: &'a str,
    pub user_email: &'a str,
    pub headers: JsonText,
    pub body: Option<&'a [u8]>,
    pub body_size: i64,
    pub body_sha256: &'a [u8],
    pub idempotency_key: &'a str,
    pub duplicate_of: Option<&'a str>,
    pub replay_of: Option<&'a str>,
    pub remote_addr: &'a str,
    pub token_digest: Option<&'a [u8]>,
    pub judged_at: Option<DateTime<Utc>>,
    pub source: &'a str,
    pub made_by: &'a str,
    pub replay_run: Option<&'a str>,
    pub title: &'a str,
    pub web_url: &'a str,
}

/// Why a delivery became what it became, as it is stored: the sentence in English for programs,
/// the code and its values for the panel.
#[derive(Debug)]
pub struct StoredReason {
    /// The sentence.
    pub summary: String,
    /// The code.
    pub code: String,
    /// The values, if there are any.
    pub args: Option<JsonText>,
}

impl StoredReason {
    /// Of a reason.
    pub fn from_reason(reason: &DeliveryReason) -> Self {
        let (code, args) = reason.to_stored();
        Self { summary: reason.to_string(), code, args: args.as_ref().map(JsonText::from_value) }
    }

    /// How many bytes its texts have.
    pub fn text_bytes(&self) -> usize {
        self.summary.len() + self.code.len() + self.args.as_ref().map_or(0, JsonText::byte_length)
    }
}

/// A job to insert.
#[derive(Debug)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct NewJob<'a> {
    pub id: &'a str,
    pub delivery_id: &'a str,
    pub webhook_id: Option<i64>,
    pub webhook_label: &'a str,
    pub repo_name: &'a str,
    pub git_ref: &'a str,
    pub action: &'a str,
    pub action_params: JsonText,
    pub timeout_s: Option<i32>,
    pub state: &'a str,
    pub attempts: i32,
    pub tries_used: i32,
    pub tries_lost: i32,
    pub max_attempts: i32,
    pub error: &'a str,
    /// As far from the database's clock at most as from `queued_at`: a server whose clock is ahead does
    /// not keep a job waiting.
    pub run_at: DateTime<Utc>,
    pub queued_at: DateTime<Utc>,
    pub requested_by: &'a str,
    pub concurrency: &'a str,
    pub lane: String,
    pub cancels_running: bool,
    pub title: &'a str,
}

/// The last thing that happened to a webhook, for its row in the list.
#[derive(Debug, Clone)]
pub struct Touch {
    /// The webhook.
    pub webhook: WebhookId,
    /// The delivery.
    pub delivery: DeliveryId,
    /// Its verdict.
    pub verdict: Verdict,
    /// When it came.
    pub at: DateTime<Utc>,
    /// Its job, if one was queued.
    pub job: Option<JobId>,
    /// Whether the webhook's token came with it.
    pub by_token: bool,
    /// Whether it was signed for the webhook.
    pub by_signature: bool,
}

/// One batch, as it is stored.
#[derive(Debug, Default)]
#[expect(missing_docs, reason = "the rows of four tables")]
pub struct Batch<'a> {
    pub claims: Vec<Claim>,
    pub deliveries: Vec<NewDelivery<'a>>,
    pub jobs: Vec<NewJob<'a>>,
    pub touches: Vec<Touch>,
}

/// Keys and webhooks are taken in their order, so that two servers wait for each other and never in
/// a circle. A job that takes the place of running ones is told to the workers.
const STORE: &str = concat!(
    "WITH claimed AS (",
    claim_keys!(),
    " RETURNING 1), \
    delivered AS (INSERT INTO deliveries (id, received_at, endpoint, verdict, summary, reason, \
      http_status, event, object_kind, project_id, repo_name, repo_url, ref, sha, user_id, \
      user_name, user_email, headers, body, body_size, body_sha256, idempotency_key, \
      duplicate_of, replay_of, remote_addr, token_digest, judged_at, source, made_by, replay_run, \
      reason_code, reason_args, title, web_url) \
      SELECT * FROM unnest($8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, \
      $22, $23, $24, $25, $26, $27, $28, $29, $30, $31, $32, $33, $34, $35, $36, $37, $38, $39, \
      $40, $41)), \
    queued AS (INSERT INTO jobs (id, delivery_id, webhook_id, webhook_label, repo_name, ref, \
      action, action_params, timeout_s, state, attempts, tries_used, tries_lost, max_attempts, \
      error, run_at, queued_at, requested_by, concurrency, lane, cancels_running, title) \
      SELECT id, delivery_id, webhook_id, webhook_label, repo_name, ref, action, action_params, \
      timeout_s, state, attempts, tries_used, tries_lost, max_attempts, error, \
      least(run_at, run_at - queued_at + now()), queued_at, requested_by, concurrency, lane, \
      cancels_running, title \
      FROM unnest($42, $43, $44, $45, $46, $47, $48, $49, $50, $51, $52, $53, $54, $55, \
      $56, $57, $58, $59, $60, $61, $62, $63) AS j (id, delivery_id, webhook_id, webhook_label, \
      repo_name, ref, action, action_params, timeout_s, state, attempts, tries_used, tries_lost, \
      max_attempts, error, run_at, queued_at, requested_by, concurrency, lane, cancels_running, \
      title) RETURNING id, cancels_running), \
    touched AS (UPDATE webhooks w SET last_delivery_id = t.delivery, last_delivery_at = t.at, \
      last_verdict = t.verdict, last_job_id = coalesce(t.job, w.last_job_id), \
      last_job_state = CASE WHEN t.job IS NULL THEN w.last_job_state ELSE 'queued' END, \
      last_token_at = CASE WHEN t.by_token THEN t.at ELSE w.last_token_at END, \
      last_signature_at = CASE WHEN t.by_signature THEN t.at ELSE w.last_signature_at END \
      FROM (SELECT * FROM unnest($64, $65, $66, $67, $68, $69, $70) \
      AS t (id, delivery, verdict, at, job, by_token, by_signature) ORDER BY id) t \
      WHERE w.id = t.id) \
    SELECT expect_all_claimed($7, (SELECT count(*) FROM claimed)), \
      (SELECT count(pg_notify($71, id)) FROM queued WHERE cancels_running)"
);

/// Stores a batch: all of it, or nothing.
///
/// # Errors
/// [`StoreError::Stale`](super::StoreError::Stale) if another server holds one of the keys: the
/// caller must decide anew.
pub async fn store_batch(conn: &mut Conn, batch: &Batch<'_>, now: DateTime<Utc>) -> Result<()> {
    let Batch { claims, deliveries, jobs, touches } = batch;
    let statement = bind_claims(diesel::sql_query(STORE).into_boxed(), claims, now)
        .bind::<Int8, _>(i64::try_from(claims.len()).unwrap_or(i64::MAX));
    let statement = bind_deliveries(statement, deliveries);
    let statement = bind_jobs(statement, jobs);
    let statement = bind_touches(statement, touches).bind::<Text, _>(Topic::Cancel.channel_name());
    cached(statement).execute(conn).await?;
    Ok(())
}

fn bind_deliveries<'a>(to: Statement<'a>, rows: &'a [NewDelivery<'_>]) -> Statement<'a> {
    to.bind::<Array<Text>, _>(column_of(rows, |row| row.id))
        .bind::<Array<Timestamptz>, _>(column_of(rows, |row| row.received_at))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.endpoint))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.verdict))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.why.summary.as_str()))
        .bind::<Array<Jsonb>, _>(column_of(rows, |row| &row.reason))
        .bind::<Array<Int4>, _>(column_of(rows, |row| row.http_status))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.event))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.object_kind))
        .bind::<Array<Nullable<Int8>>, _>(column_of(rows, |row| row.project_id))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.repo_name))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.repo_url))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.git_ref))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.sha))
        .bind::<Array<Nullable<Int8>>, _>(column_of(rows, |row| row.user_id))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.user_name))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.user_email))
        .bind::<Array<Jsonb>, _>(column_of(rows, |row| &row.headers))
        .bind::<Array<Nullable<Bytea>>, _>(column_of(rows, |row| row.body))
        .bind::<Array<Int8>, _>(column_of(rows, |row| row.body_size))
        .bind::<Array<Bytea>, _>(column_of(rows, |row| row.body_sha256))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.idempotency_key))
        .bind::<Array<Nullable<Text>>, _>(column_of(rows, |row| row.duplicate_of))
        .bind::<Array<Nullable<Text>>, _>(column_of(rows, |row| row.replay_of))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.remote_addr))
        .bind::<Array<Nullable<Bytea>>, _>(column_of(rows, |row| row.token_digest))
        .bind::<Array<Nullable<Timestamptz>>, _>(column_of(rows, |row| row.judged_at))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.source))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.made_by))
        .bind::<Array<Nullable<Text>>, _>(column_of(rows, |row| row.replay_run))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.why.code.as_str()))
        .bind::<Array<Nullable<Jsonb>>, _>(column_of(rows, |row| row.why.args.as_ref()))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.title))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.web_url))
}

fn bind_jobs<'a>(to: Statement<'a>, rows: &'a [NewJob<'_>]) -> Statement<'a> {
    to.bind::<Array<Text>, _>(column_of(rows, |row| row.id))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.delivery_id))
        .bind::<Array<Nullable<Int8>>, _>(column_of(rows, |row| row.webhook_id))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.webhook_label))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.repo_name))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.git_ref))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.action))
        .bind::<Array<Jsonb>, _>(column_of(rows, |row| &row.action_params))
        .bind::<Array<Nullable<Int4>>, _>(column_of(rows, |row| row.timeout_s))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.state))
        .bind::<Array<Int4>, _>(column_of(rows, |row| row.attempts))
        .bind::<Array<Int4>, _>(column_of(rows, |row| row.tries_used))
        .bind::<Array<Int4>, _>(column_of(rows, |row| row.tries_lost))
        .bind::<Array<Int4>, _>(column_of(rows, |row| row.max_attempts))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.error))
        .bind::<Array<Timestamptz>, _>(column_of(rows, |row| row.run_at))
        .bind::<Array<Timestamptz>, _>(column_of(rows, |row| row.queued_at))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.requested_by))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.concurrency))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.lane.as_str()))
        .bind::<Array<Bool>, _>(column_of(rows, |row| row.cancels_running))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.title))
}

fn bind_touches<'a>(to: Statement<'a>, rows: &'a [Touch]) -> Statement<'a> {
    to.bind::<Array<Int8>, _>(column_of(rows, |row| row.webhook.0))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.delivery.as_str()))
        .bind::<Array<Text>, _>(column_of(rows, |row| row.verdict.as_str()))
        .bind::<Array<Timestamptz>, _>(column_of(rows, |row| row.at))
        .bind::<Array<Nullable<Text>>, _>(column_of(rows, |row| {
            row.job.as_ref().map(JobId::as_str)
        }))
        .bind::<Array<Bool>, _>(column_of(rows, |row| row.by_token))
        .bind::<Array<Bool>, _>(column_of(rows, |row| row.by_signature))
}

/// Writes how many deliveries a counting row stands for.
///
/// # Errors
/// Any [`StoreError`](super::StoreError) of the database.
pub async fn set_counted(
    conn: &mut Conn,
    delivery: &DeliveryId,
    why: &DeliveryReason,
    trace: serde_json::Value,
) -> Result<()> {
    let (code, args) = why.to_stored();
    diesel::update(deliveries::table.find(delivery.as_str()))
        .set((
            deliveries::summary.eq(why.to_string()),
            deliveries::reason_code.eq(code),
            deliveries::reason_args.eq(args),
            deliveries::reason.eq(trace),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
