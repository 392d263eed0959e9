//! What GitLab is told of jobs: found by a sweep, sent one state at a time. A state that came while
//! another one waited takes its place.

use crate::schema::{
    gitlab_hook_webhooks as links, gitlab_hooks, gitlab_statuses as statuses, jobs, settings,
};
use crate::{Conn, Result};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryableByName;
use diesel::prelude::*;
use diesel::sql_types::{BigInt, Bool, Timestamptz};
use diesel_async::RunQueryDsl;
use serde_json::Value;
use signalbox_core::job::JobState;

/// The advisory lock that lets one process at a time sweep.
const LOCK: i64 = 0x5167_6e61_6c53_7461;
/// The cursor, among the settings.
const CURSOR: &str = "reported_until";
/// How far behind its cursor a sweep looks: a job gets its time before it is committed, and by the clock
/// of its own host.
const LOOK_BACK: TimeDelta = TimeDelta::minutes(2);
/// How old the cursor grows.
const IDLE: TimeDelta = TimeDelta::seconds(30);

#[derive(QueryableByName)]
struct Locked {
    #[diesel(sql_type = Bool)]
    locked: bool,
}

/// Jobs that were queued, or queued again, since $1: new ones, and those whose state is another one.
const FIND: &str = "\
    INSERT INTO gitlab_statuses (job_id, hook_id, sha, ref, name, environment, merge_request, job_state, due_at) \
    SELECT j.id, l.hook_id, d.sha, j.ref, j.webhook_label, l.environment, \
    CASE WHEN l.comments AND d.object_kind = 'merge_request' \
    THEN substring(d.web_url FROM '/merge_requests/([0-9]{1,18})$')::bigint END, j.state, $2 \
    FROM jobs j \
    JOIN gitlab_hook_webhooks l ON l.webhook_id = j.webhook_id AND l.reports_since <= j.queued_at \
    JOIN deliveries d ON d.id = j.delivery_id \
    WHERE j.queued_at > $1 AND d.sha ~ '[1-9a-f]' \
    AND NOT EXISTS (SELECT FROM gitlab_statuses s WHERE s.job_id = j.id AND s.job_state = j.state) \
    ON CONFLICT (job_id) DO UPDATE SET job_state = excluded.job_state, attempts = 0, failure = NULL, \
    due_at = greatest($2, gitlab_statuses.busy_until)";

/// Jobs that went on. Whoever is sending the state before is waited for: what comes second is what GitLab
/// shows.
const FOLLOW: &str = "\
    UPDATE gitlab_statuses s SET job_state = j.state, attempts = 0, failure = NULL, \
    due_at = greatest($1, s.busy_until) \
    FROM jobs j WHERE j.id = s.job_id AND j.state <> s.job_state \
    AND s.job_state IN ('queued', 'scheduled', 'retrying', 'running')";

/// Notes the states of jobs that GitLab is to be told of. To be called in a transaction; nothing is done
/// while another process does it.
///
/// # Errors
/// Those of the database.
pub async fn note_states(conn: &mut Conn, now: DateTime<Utc>) -> Result<()> {
    let lock = diesel::sql_query("SELECT pg_try_advisory_xact_lock($1) AS locked");
    let Locked { locked } = lock.bind::<BigInt, _>(LOCK).get_result(conn).await?;
    if !locked {
        return Ok(());
    }
    let since: Option<DateTime<Utc>> =
        links::table.select(diesel::dsl::min(links::reports_since)).first(conn).await?;
    if let Some(since) = since {
        let cursor: Option<DateTime<Utc>> = settings::table
            .find(CURSOR)
            .select(settings::updated_at)
            .first(conn)
            .await
            .optional()?;
        let from = cursor.map_or(since, |cursor| cursor.max(since));
        diesel::sql_query(FIND)
            .bind::<Timestamptz, _>(from - LOOK_BACK)
            .bind::<Timestamptz, _>(now)
            .execute(conn)
            .await?;
        if now - from >= IDLE {
            move_cursor(conn, now).await?;
        }
    }
    diesel::sql_query(FOLLOW).bind::<Timestamptz, _>(now).execute(conn).await?;
    Ok(())
}

async fn move_cursor(conn: &mut Conn, to: DateTime<Utc>) -> Result<()> {
    diesel::insert_into(settings::table)
        .values((settings::name.eq(CURSOR), settings::value.eq(""), settings::updated_at.eq(to)))
        .on_conflict(settings::name)
        .do_update()
        .set(settings::updated_at.eq(to))
        .execute(conn)
        .await?;
    Ok(())
}

/// A state that GitLab is to be told of.
#[derive(Debug, Clone, Queryable)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Due {
    pub job_id: String,
    pub connection_id: i64,
    pub project_id: i64,
    pub sha: String,
    pub git_ref: String,
    pub name: String,
    pub job_state: JobState,
    pub sent: String,
    pub attempts: i32,
    pub environment: String,
    pub deployment_id: Option<i64>,
    pub merge_request: Option<i64>,
    pub webhook_id: Option<i64>,
}

/// Takes states that are due, the oldest first: nobody else sends them until `until`, when they are due
/// again unless what came of it is noted before. To be called in a transaction.
///
/// # Errors
/// Those of the database.
pub async fn take_due(
    conn: &mut Conn,
    now: DateTime<Utc>,
    until: DateTime<Utc>,
    most: i64,
) -> Result<Vec<Due>> {
    let due: Vec<String> = statuses::table
        .filter(statuses::due_at.le(now))
        .order(statuses::due_at)
        .limit(most)
        .select(statuses::job_id)
        .for_update()
        .skip_locked()
        .load(conn)
        .await?;
    diesel::update(statuses::table.filter(statuses::job_id.eq_any(&due)))
        .set((statuses::due_at.eq(until), statuses::busy_until.eq(until)))
        .execute(conn)
        .await?;
    Ok(statuses::table
        .inner_join(gitlab_hooks::table)
        .filter(statuses::job_id.eq_any(due))
        .order(statuses::job_id)
        .select((
            statuses::job_id,
            gitlab_hooks::connection_id,
            gitlab_hooks::project_id,
            statuses::sha,
            statuses::git_ref,
            statuses::name,
            statuses::job_state,
            statuses::sent,
            statuses::attempts,
            statuses::environment,
            statuses::deployment_id,
            statuses::merge_request,
            // A status goes with its job.
            jobs::table
                .filter(jobs::id.eq(statuses::job_id))
                .select(jobs::webhook_id)
                .single_value(),
        ))
        .load(conn)
        .await?)
}

/// Notes that GitLab has a state, and the deployment that was made with it. A state that came meanwhile is
/// due at once.
///
/// # Errors
/// Those of the database.
pub async fn note_sent(
    conn: &mut Conn,
    due: &Due,
    (sent, deployment): (&str, Option<i64>),
    now: DateTime<Utc>,
) -> Result<()> {
    // A job that waits again deploys once more.
    let kept = deployment.or(due.deployment_id).filter(|_| sent != "pending");
    diesel::update(statuses::table.find(&due.job_id))
        .set((statuses::sent.eq(sent), statuses::sent_at.eq(now), statuses::deployment_id.eq(kept)))
        .execute(conn)
        .await?;
    free(conn, due, (None, due.attempts, None), now).await
}

/// Notes why GitLab did not take a state, and when it is sent again; none = never.
///
/// # Errors
/// Those of the database.
pub async fn note_unsent(
    conn: &mut Conn,
    due: &Due,
    failure: &Value,
    again: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<()> {
    free(conn, due, (Some(failure), due.attempts + 1, again), now).await
}

/// Lets others at it: what was noted is of the state that was sent, and a newer one is due at once.
async fn free(
    conn: &mut Conn,
    due: &Due,
    (failure, attempts, again): (Option<&Value>, i32, Option<DateTime<Utc>>),
    now: DateTime<Utc>,
) -> Result<()> {
    let free = statuses::busy_until.eq(None::<DateTime<Utc>>);
    let one = statuses::table.find(&due.job_id);
    diesel::update(one.filter(statuses::job_state.eq(due.job_state)))
        .set((
            free,
            statuses::failure.eq(failure),
            statuses::attempts.eq(attempts),
            statuses::due_at.eq(again),
        ))
        .execute(conn)
        .await?;
    diesel::update(one.filter(statuses::job_state.ne(due.job_state)))
        .set((free, statuses::due_at.eq(now)))
        .execute(conn)
        .await?;
    Ok(())
}

/// What GitLab was told of a job.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = statuses, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Told {
    pub sent: String,
    pub sent_at: Option<DateTime<Utc>>,
    pub failure: Option<Value>,
    pub due_at: Option<DateTime<Utc>>,
}

/// What GitLab was told of a job; none if it is told nothing.
///
/// # Errors
/// Those of the database.
pub async fn find_told(conn: &mut Conn, job: &str) -> Result<Option<Told>> {
    let one = statuses::table.find(job).select(Told::as_select());
    Ok(one.first(conn).await.optional()?)
}
