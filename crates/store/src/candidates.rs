//! The webhooks a delivery may be for, and what registering does to them.

use super::cached::cached;
use super::schema::webhooks;
use super::{Conn, Result, StoreError};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt, Bool, Bytea, Nullable, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::ids::WebhookId;
use signalbox_core::webhook::{Concurrency, ProjectId};
use std::collections::{BTreeMap, HashMap, HashSet};

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

/// A webhook as the matcher needs it, its signing token still sealed.
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
    pub concurrency: Concurrency,
    pub debounce_s: i32,
    pub cancel_running: bool,
    pub max_concurrent_jobs: Option<i32>,
    pub max_attempts: i32,
    pub timeout_s: Option<i32>,
    pub version: i32,
}

/// Loads the webhooks of these projects, the pending ones of these repositories, and those that
/// nearly match: of these repositories with one of these tokens, or with a signing token where
/// something is signed; or pending with one of these tokens.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn load_candidates(conn: &Conn, sought: &Sought) -> Result<Vec<Candidate>> {
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
    // Three, each by an index of its own: of one with OR between them, the plan may read the table.
    let candidates = || webhooks::table.select(Candidate::as_select());
    let (mut of_project, mut of_name, mut pending) = (conn, conn, conn);
    let (of_project, of_name, pending) = futures_util::try_join!(
        candidates().filter(webhooks::project_id.eq_any(projects)).load(&mut of_project),
        candidates().filter(webhooks::repo_name.eq_any(names).and(near)).load(&mut of_name),
        candidates().filter(with_a_slip).load(&mut pending),
    )?;
    let all = of_project.into_iter().chain(of_name).chain(pending);
    let all: BTreeMap<i64, Candidate> = all.map(|found| (found.id, found)).collect();
    Ok(all.into_values().collect())
}

/// One webhook, if it is there.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn find_candidate(conn: &mut Conn, id: WebhookId) -> Result<Option<Candidate>> {
    let found = webhooks::table.find(id.0).select(Candidate::as_select());
    Ok(found.first(conn).await.optional()?)
}

/// How long a token counts that is some webhook's, present or previous, and is enough for it.
#[derive(Debug, Clone, Copy, Default, QueryableByName)]
pub struct TokenLife {
    #[diesel(sql_type = Bool)]
    is_present: bool,
    #[diesel(sql_type = Nullable<Timestamptz>)]
    previous_until: Option<DateTime<Utc>>,
}

impl TokenLife {
    /// Whether it counts at that time.
    pub fn counts_at(self, now: DateTime<Utc>) -> bool {
        self.is_present || self.previous_until.is_some_and(|until| until > now)
    }

    /// Whether it counts at some time at all.
    pub fn is_known(self) -> bool {
        self.is_present || self.previous_until.is_some()
    }
}

#[derive(QueryableByName)]
struct LifeOfToken {
    #[diesel(sql_type = Bytea)]
    digest: Vec<u8>,
    #[diesel(embed)]
    life: TokenLife,
}

/// How long each of the sought tokens counts.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn lives_of_tokens(
    mut conn: &Conn,
    sought: &Sought,
) -> Result<HashMap<Vec<u8>, TokenLife>> {
    if sought.tokens.is_empty() {
        return Ok(HashMap::new());
    }
    let tokens: Vec<&Vec<u8>> = sought.tokens.iter().collect();
    let lives = diesel::sql_query(
        "SELECT t.digest, \
           EXISTS (SELECT FROM webhooks w \
             WHERE w.secret_digest = t.digest AND NOT w.require_signature) AS is_present, \
           (SELECT max(w.previous_secret_until) FROM webhooks w \
             WHERE w.previous_secret_digest = t.digest AND NOT w.require_signature) \
             AS previous_until \
         FROM unnest($1) AS t (digest)",
    )
    .bind::<Array<Bytea>, _>(tokens);
    let lives: Vec<LifeOfToken> = cached(lives).load(&mut conn).await?;
    Ok(lives.into_iter().map(|of| (of.digest, of.life)).collect())
}

/// What every change of what deliveries are compared with changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, QueryableByName)]
pub struct WebhooksVersion {
    #[diesel(sql_type = BigInt)]
    version: i64,
    /// When this server started: another one, after a failover, may have lost the last changes.
    #[diesel(sql_type = Timestamptz)]
    server_since: DateTime<Utc>,
}

/// The version of the webhooks.
///
/// # Errors
/// Any [`StoreError`] of the database.
pub async fn webhooks_version(mut conn: &Conn) -> Result<WebhooksVersion> {
    let version = diesel::sql_query(
        "SELECT version, pg_postmaster_start_time() AS server_since FROM webhooks_version",
    );
    Ok(cached(version).get_result(&mut conn).await?)
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

/// Gives a pending webhook its project id. Its version rises, so that a form opened before cannot
/// write -1 back.
///
/// # Errors
/// [`StoreError::Stale`] if it is not pending any more.
pub async fn register_project(
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
