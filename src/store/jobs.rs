//! The table of jobs, with attempts and output, as the panel reads them: the list, tabs, one job
//! with all its attempts. Its states are written by `store::attempts` and `store::queue`.

use super::schema::{deliveries, job_attempts, job_output, jobs};
use super::search::{BETWEEN, Condition, CountOf, CountsOf, ago, among_newest, contains};
use super::{Conn, Result};
use crate::core::ids::{DeliveryId, JobId, WebhookId};
use crate::core::job::JobState;
use crate::core::listing::{ChoiceCount, Counts, ListQuery, Page, Part, Total};
use chrono::{DateTime, TimeDelta, Utc};
use super::stats::REASON;
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::{Array, Bool, Integer, Nullable, Text};
use diesel_async::RunQueryDsl;
use serde::Serialize;
use std::collections::HashMap;

/// One job as the list shows it: with who set it off and how its newest attempt ended. Serialises
/// under the contract's field names.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// The job.
    #[serde(flatten)]
    pub job: Job,
    /// The header of the event that asked for it.
    pub event: String,
    /// Who caused that event.
    pub user_name: String,
    /// The newest attempt's exit code.
    pub exit_code: Option<i32>,
    /// The signal that ended the newest attempt.
    pub signal: Option<i32>,
}

/// One job.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = jobs, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Job {
    pub id: String,
    #[serde(rename = "delivery")]
    pub delivery_id: String,
    #[serde(rename = "webhook")]
    pub webhook_id: Option<i64>,
    pub webhook_label: String,
    pub repo_name: String,
    #[serde(rename = "ref")]
    pub git_ref: String,
    pub action: String,
    pub action_params: serde_json::Value,
    pub timeout_s: Option<i32>,
    pub state: String,
    pub attempts: i32,
    pub tries_used: i32,
    pub tries_lost: i32,
    pub max_attempts: i32,
    pub error: String,
    pub run_at: DateTime<Utc>,
    pub queued_at: DateTime<Utc>,
    pub started_at: Option<DateTime<Utc>>,
    pub finished_at: Option<DateTime<Utc>>,
    pub requested_by: String,
    pub cancel_requested_at: Option<DateTime<Utc>>,
    pub cancelled_by: String,
    pub concurrency: String,
    pub lane: String,
    pub held: String,
    pub superseded_by: Option<String>,
}

/// One attempt of a job.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = job_attempts, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Attempt {
    pub job_id: String,
    pub number: i32,
    pub worker: String,
    pub started_at: DateTime<Utc>,
    pub finished_at: Option<DateTime<Utc>>,
    pub outcome: Option<String>,
    pub exit_code: Option<i32>,
    pub http_status: Option<i32>,
    pub signal: Option<i32>,
    pub error: String,
    pub cpu_ms: Option<i64>,
    pub peak_memory_kib: Option<i64>,
}

/// A piece of an attempt's output, in the order it was written.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = job_output, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Chunk {
    pub seq: i32,
    pub stream: String,
    pub at: DateTime<Utc>,
    pub bytes: Vec<u8>,
}

/// The list has one order, newest first: nothing to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Its state.
    pub state: Option<JobState>,
    /// The record it was made for.
    pub webhook: Option<i64>,
    /// The delivery that asked for it.
    pub delivery: Option<String>,
    /// The repository's name.
    pub repo_name: Option<String>,
    /// The catalogue entry it runs.
    pub action: Option<String>,
    /// Queued within this time.
    pub within: Option<TimeDelta>,
    /// Queued at this moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Queued before this moment.
    pub before: Option<DateTime<Utc>>,
    /// Ended within this time.
    pub finished_within: Option<TimeDelta>,
    /// Ended between these moments, the second left out.
    pub ended: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// Why its newest attempt ended as it did: a word of `store::stats`.
    pub reason: Option<String>,
}

fn condition(query: &ListQuery<Sort, Filter>) -> Condition<jobs::table> {
    let filter = &query.filter;
    let mut all: Condition<jobs::table> = Box::new(jobs::id.is_not_null());
    let mut and = |next: Condition<jobs::table>| {
        let so_far = std::mem::replace(&mut all, Box::new(jobs::id.is_not_null()));
        all = Box::new(so_far.and(next));
    };
    if let Some(state) = filter.state {
        and(Box::new(jobs::state.eq(state.as_str())));
    }
    if let Some(webhook) = filter.webhook {
        and(Box::new(jobs::webhook_id.assume_not_null().eq(webhook)));
    }
    if let Some(delivery) = filter.delivery.clone() {
        and(Box::new(jobs::delivery_id.eq(delivery)));
    }
    if let Some(repo_name) = filter.repo_name.clone() {
        and(Box::new(jobs::repo_name.eq(repo_name)));
    }
    if let Some(action) = filter.action.clone() {
        and(Box::new(jobs::action.eq(action)));
    }
    if let Some(within) = filter.within {
        and(Box::new(jobs::queued_at.ge(ago(within))));
    }
    if let Some(within) = filter.finished_within {
        and(Box::new(
            jobs::finished_at
                .is_not_null()
                .and(jobs::finished_at.assume_not_null().ge(ago(within))),
        ));
    }
    if let Some(since) = filter.since {
        and(Box::new(jobs::queued_at.ge(since)));
    }
    if let Some(before) = filter.before {
        and(Box::new(jobs::queued_at.lt(before)));
    }
    if let Some((from, to)) = filter.ended {
        let ended = jobs::finished_at.ge(from).and(jobs::finished_at.lt(to));
        and(Box::new(ended.is_not_distinct_from(true)));
    }
    if let Some(reason) = filter.reason.clone() {
        and(Box::new(sql::<Bool>(&format!("{REASON} = ")).bind::<Text, _>(reason)));
    }
    for term in &query.terms {
        and(found(term, filter.before));
    }
    all
}

/// An ID names its rows; other words are looked for in the newest rows, all fields in one go.
fn found(term: &str, before: Option<DateTime<Utc>>) -> Condition<jobs::table> {
    let id = term.to_ascii_uppercase();
    if id.parse::<JobId>().is_ok() {
        return Box::new(jobs::id.eq(id.clone()).or(jobs::delivery_id.eq(id)));
    }
    let newest = among_newest(("jobs", "queued_at"), before);
    let text = jobs::repo_name
        .concat(BETWEEN)
        .concat(jobs::git_ref)
        .concat(BETWEEN)
        .concat(jobs::webhook_label)
        .concat(BETWEEN)
        .concat(jobs::action)
        .concat(BETWEEN)
        .concat(jobs::error)
        .concat(BETWEEN)
        .concat(jobs::requested_by)
        .ilike(contains(term));
    match term.parse::<i64>() {
        Ok(number) => {
            let of_project = deliveries::table
                .filter(deliveries::project_id.assume_not_null().eq(number))
                .select(deliveries::id);
            Box::new(text.or(jobs::delivery_id.eq_any(of_project)).and(newest))
        }
        Err(_) => Box::new(text.and(newest)),
    }
}

/// The jobs a changelist asks for, newest first.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn list(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Page<Row>> {
    let counted = jobs::table.select(jobs::id).filter(condition(query));
    let matching: i64 = CountOf(counted.limit(Total::CAP + 1)).get_result(conn).await?;
    if matching == 0 {
        return Ok(Page::cut(Vec::new(), &query.part, query.limit, Total::Exactly(0)));
    }
    let rows = jobs::table.select(Job::as_select()).filter(condition(query)).into_boxed();
    let rows = match &query.part {
        Part::Numbered(_) => rows.order(jobs::id.desc()),
        Part::Older(id) => rows.filter(jobs::id.lt(id.clone())).order(jobs::id.desc()),
        Part::Newer(id) => rows.filter(jobs::id.gt(id.clone())).order(jobs::id.asc()),
    };
    let rows: Vec<Job> = rows.limit(query.limit.saturating_add(1)).load(conn).await?;
    let rows = told(conn, rows).await?;
    Ok(Page::cut(rows, &query.part, query.limit, Total::capped(matching)))
}

/// The ids of a part of the list, newest first, however many match in all.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn ids(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Vec<String>> {
    let rows = jobs::table.select(jobs::id).filter(condition(query)).into_boxed();
    let rows = match &query.part {
        Part::Older(id) => rows.filter(jobs::id.lt(id.clone())),
        Part::Newer(id) => rows.filter(jobs::id.gt(id.clone())),
        Part::Numbered(_) => rows,
    };
    Ok(rows.order(jobs::id.desc()).limit(query.limit).load(conn).await?)
}

/// What other tables know of a job.
#[derive(QueryableByName)]
struct Told {
    #[diesel(sql_type = Text)]
    id: String,
    #[diesel(sql_type = Text)]
    event: String,
    #[diesel(sql_type = Text)]
    user_name: String,
    #[diesel(sql_type = Nullable<Integer>)]
    exit_code: Option<i32>,
    #[diesel(sql_type = Nullable<Integer>)]
    signal: Option<i32>,
}

/// Adds what other tables know: who set each job off, how its newest attempt ended.
async fn told(conn: &mut Conn, rows: Vec<Job>) -> Result<Vec<Row>> {
    let ids: Vec<&str> = rows.iter().map(|job| job.id.as_str()).collect();
    let told: Vec<Told> = diesel::sql_query(
        "SELECT jobs.id, coalesce(event, '') AS event, coalesce(user_name, '') AS user_name, \
         exit_code, signal FROM jobs \
         LEFT JOIN deliveries ON deliveries.id = jobs.delivery_id \
         LEFT JOIN LATERAL (SELECT exit_code, signal FROM job_attempts \
         WHERE job_id = jobs.id ORDER BY number DESC LIMIT 1) AS newest ON true \
         WHERE jobs.id = ANY($1)",
    )
    .bind::<Array<Text>, _>(ids)
    .load(conn)
    .await?;
    let mut told: HashMap<String, Told> =
        told.into_iter().map(|told| (told.id.clone(), told)).collect();
    Ok(rows
        .into_iter()
        .map(|job| match told.remove(&job.id) {
            Some(Told { event, user_name, exit_code, signal, .. }) => {
                Row { job, event, user_name, exit_code, signal }
            }
            None => Row {
                job,
                event: String::new(),
                user_name: String::new(),
                exit_code: None,
                signal: None,
            },
        })
        .collect())
}

/// The ids of the jobs that a search and filters let through, newest first: the first `limit` of
/// those no newer than `up_to`, or of those older than the part's id. For bulk actions.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn selected(
    conn: &mut Conn,
    query: &ListQuery<Sort, Filter>,
    (up_to, part): (Option<&str>, &Part),
    limit: i64,
) -> Result<Vec<String>> {
    let mut ids = jobs::table.select(jobs::id).filter(condition(query)).into_boxed();
    if let Some(newest) = up_to {
        ids = ids.filter(jobs::id.le(newest.to_owned()));
    }
    if let Part::Older(id) = part {
        ids = ids.filter(jobs::id.lt(id.clone()));
    }
    Ok(ids.order(jobs::id.desc()).limit(limit).load(conn).await?)
}

/// How many jobs there are in all and of each state, each count capped.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn counts(conn: &mut Conn) -> Result<Counts> {
    let all = || jobs::table.select(jobs::id).limit(Total::CAP + 1).into_boxed();
    let of = JobState::ALL.into_iter().map(|state| all().filter(jobs::state.eq(state.as_str())));
    let counted = CountsOf(std::iter::once(all()).chain(of).collect());
    let counted: Vec<i64> = counted.get_result(conn).await?;
    let mut counted = counted.into_iter().map(Total::capped);
    let all = counted.next();
    let choices = JobState::ALL.into_iter().zip(counted).map(|(state, count)| ChoiceCount {
        param: "state",
        value: state.as_str().to_owned(),
        count,
    });
    Ok(Counts { all, choices: choices.collect() })
}

/// Whether there is a job with this id.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn exists(conn: &mut Conn, id: &JobId) -> Result<bool> {
    let one = jobs::table.find(id.as_str());
    Ok(diesel::select(diesel::dsl::exists(one)).get_result(conn).await?)
}

/// One job.
///
/// # Errors
/// [`crate::store::StoreError::NotFound`] when there is none with this id.
pub async fn find(conn: &mut Conn, id: &JobId) -> Result<Job> {
    Ok(jobs::table.find(id.as_str()).select(Job::as_select()).first(conn).await?)
}

/// The jobs a delivery asked for, in the order they were made.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn of_delivery(conn: &mut Conn, delivery: &DeliveryId) -> Result<Vec<Row>> {
    let made = jobs::table
        .filter(jobs::delivery_id.eq(delivery.as_str()))
        .order(jobs::id)
        .select(Job::as_select())
        .load(conn)
        .await?;
    told(conn, made).await
}

/// A record's newest jobs.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn of_webhook(conn: &mut Conn, webhook: WebhookId, most: i64) -> Result<Vec<Job>> {
    Ok(jobs::table
        .filter(jobs::webhook_id.is_not_distinct_from(webhook.0))
        .order(jobs::id.desc())
        .limit(most)
        .select(Job::as_select())
        .load(conn)
        .await?)
}

/// How many jobs of a record have not ended yet.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn unfinished_of_webhook(conn: &mut Conn, webhook: WebhookId) -> Result<i64> {
    let words: Vec<&str> =
        JobState::ALL.into_iter().filter(|state| !state.is_final()).map(JobState::as_str).collect();
    Ok(jobs::table
        .filter(jobs::webhook_id.is_not_distinct_from(webhook.0))
        .filter(jobs::state.eq_any(words))
        .count()
        .get_result(conn)
        .await?)
}

/// The attempts of a job, newest first.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn attempts_of(conn: &mut Conn, job: &JobId) -> Result<Vec<Attempt>> {
    Ok(job_attempts::table
        .filter(job_attempts::job_id.eq(job.as_str()))
        .order(job_attempts::number.desc())
        .select(Attempt::as_select())
        .load(conn)
        .await?)
}

/// The last `limit` pieces of an attempt's output, in order.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn output_of(
    conn: &mut Conn,
    job: &JobId,
    attempt: i32,
    limit: i64,
) -> Result<Vec<Chunk>> {
    let mut chunks: Vec<Chunk> = job_output::table
        .filter(job_output::job_id.eq(job.as_str()))
        .filter(job_output::attempt.eq(attempt))
        .order(job_output::seq.desc())
        .limit(limit)
        .select(Chunk::as_select())
        .load(conn)
        .await?;
    chunks.reverse();
    Ok(chunks)
}

/// The pieces of an attempt's output after one of them (-1 = from the first), in order.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn output_after(
    conn: &mut Conn,
    job: &JobId,
    (attempt, after): (i32, i32),
    limit: i64,
) -> Result<Vec<Chunk>> {
    Ok(job_output::table
        .filter(job_output::job_id.eq(job.as_str()))
        .filter(job_output::attempt.eq(attempt))
        .filter(job_output::seq.gt(after))
        .order(job_output::seq)
        .limit(limit)
        .select(Chunk::as_select())
        .load(conn)
        .await?)
}
