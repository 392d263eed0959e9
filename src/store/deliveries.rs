//! The table of deliveries as the panel reads it: the list, tabs, and one with its body. How they
//! are written is `store::arrivals`.

use super::schema::{deliveries, jobs};
use super::search::{BETWEEN, Condition, CountOf, CountsOf, ago, among_newest, contains};
use super::{Conn, Result};
use crate::core::ids::DeliveryId;
use crate::core::listing::{ChoiceCount, Counts, ListQuery, Page, Part, Total};
use crate::core::source::Source;
use crate::core::verdict::Verdict;
use chrono::{DateTime, TimeDelta, Utc};
use diesel::dsl::sql;
use diesel::prelude::*;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};

/// One delivery as the list shows it, with the jobs it made; serialises under the contract's
/// field names.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// What was kept of it, the large columns left out.
    #[serde(flatten)]
    pub delivery: Brief,
    /// The jobs it made.
    pub jobs: Vec<JobRef>,
}

/// One delivery, the large columns left out.
#[derive(Debug, Clone, Queryable, Selectable, Serialize)]
#[diesel(table_name = deliveries, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Brief {
    pub id: String,
    pub received_at: DateTime<Utc>,
    pub endpoint: String,
    pub verdict: String,
    pub summary: String,
    pub http_status: i32,
    pub event: String,
    pub object_kind: String,
    pub project_id: Option<i64>,
    pub repo_name: String,
    pub repo_url: String,
    #[serde(rename = "ref")]
    pub git_ref: String,
    pub sha: String,
    pub user_id: Option<i64>,
    pub user_name: String,
    pub user_email: String,
    pub body_size: i64,
    pub idempotency_key: String,
    pub duplicate_of: Option<String>,
    pub replay_of: Option<String>,
    pub remote_addr: String,
    pub source: String,
    pub made_by: String,
    pub replay_run: Option<String>,
}

/// A job, as a delivery's row names it; serialises as its id.
#[derive(Debug, Clone, Serialize)]
#[serde(into = "String")]
pub struct JobRef {
    /// The job's id.
    pub id: String,
    /// Its state's word.
    pub state: String,
    /// What its record was called.
    pub webhook_label: String,
}

impl From<JobRef> for String {
    fn from(job: JobRef) -> Self {
        job.id
    }
}

/// One delivery with all that was kept of it.
#[derive(Debug, Clone, Queryable, Selectable)]
#[diesel(table_name = deliveries, check_for_backend(diesel::pg::Pg))]
pub struct Full {
    /// What the list shows too.
    #[diesel(embed)]
    pub brief: Brief,
    /// The decision trace.
    pub reason: serde_json::Value,
    /// The kept request headers, secrets masked.
    pub headers: serde_json::Value,
    /// The body's bytes as received; `None` once retention took them.
    pub body: Option<Vec<u8>>,
    /// Their SHA-256.
    pub body_sha256: Vec<u8>,
    /// The keyed digest of the token it carried.
    pub token_digest: Option<Vec<u8>>,
    /// When it was judged; none for those from before this was noted.
    pub judged_at: Option<DateTime<Utc>>,
}

/// The list has one order, newest first: nothing to sort by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sort {}

/// What the list can be narrowed to.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Filter {
    /// What became of it.
    pub verdict: Option<Verdict>,
    /// The event header.
    pub event: Option<String>,
    /// The kind.
    pub object_kind: Option<String>,
    /// The address it came to.
    pub endpoint: Option<String>,
    /// The project's id.
    pub project_id: Option<i64>,
    /// The repository's name.
    pub repo_name: Option<String>,
    /// A record that got a job from it.
    pub webhook: Option<i64>,
    /// Received within this time; what is kept says since when instead.
    #[serde(skip)]
    pub within: Option<TimeDelta>,
    /// Received at this moment or later.
    pub since: Option<DateTime<Utc>>,
    /// Received before this moment.
    pub before: Option<DateTime<Utc>>,
    /// The status of the answer.
    pub http_status: Option<i32>,
    /// Who made it.
    pub source: Option<Source>,
    /// The run of replays that made it.
    pub run: Option<String>,
}

/// The deliveries that search and filters let through.
pub(super) fn selection(query: &ListQuery<Sort, Filter>) -> Condition<deliveries::table> {
    let filter = &query.filter;
    let mut all: Condition<deliveries::table> = Box::new(deliveries::id.is_not_null());
    let mut and = |next: Condition<deliveries::table>| {
        let so_far = std::mem::replace(&mut all, Box::new(deliveries::id.is_not_null()));
        all = Box::new(so_far.and(next));
    };
    if let Some(verdict) = filter.verdict {
        and(Box::new(deliveries::verdict.eq(verdict.as_str())));
    }
    if let Some(event) = filter.event.clone() {
        and(Box::new(deliveries::event.eq(event)));
    }
    if let Some(kind) = filter.object_kind.clone() {
        and(Box::new(deliveries::object_kind.eq(kind)));
    }
    if let Some(endpoint) = filter.endpoint.clone() {
        and(Box::new(deliveries::endpoint.eq(endpoint)));
    }
    if let Some(project_id) = filter.project_id {
        and(Box::new(deliveries::project_id.assume_not_null().eq(project_id)));
    }
    if let Some(repo_name) = filter.repo_name.clone() {
        and(Box::new(deliveries::repo_name.eq(repo_name)));
    }
    if let Some(webhook) = filter.webhook {
        let made = jobs::table
            .filter(jobs::webhook_id.assume_not_null().eq(webhook))
            .select(jobs::delivery_id);
        and(Box::new(deliveries::id.eq_any(made)));
    }
    if let Some(within) = filter.within {
        and(Box::new(deliveries::received_at.ge(ago(within))));
    }
    if let Some(since) = filter.since {
        and(Box::new(deliveries::received_at.ge(since)));
    }
    if let Some(before) = filter.before {
        and(Box::new(deliveries::received_at.lt(before)));
    }
    // Written out: bound, they would hide from the planner that a partial index fits.
    if let Some(status) = filter.http_status {
        and(Box::new(sql::<Bool>(&format!("deliveries.http_status = {status}"))));
    }
    if let Some(source) = filter.source {
        and(Box::new(sql::<Bool>(&format!("deliveries.source = '{}'", source.as_str()))));
    }
    if let Some(run) = filter.run.clone() {
        and(Box::new(deliveries::replay_run.assume_not_null().eq(run)));
    }
    for term in &query.terms {
        and(found(term, filter.before));
    }
    all
}

/// An ID names its row, or that of the job that it made; other words are looked for in the newest rows, all fields in one go.
fn found(term: &str, before: Option<DateTime<Utc>>) -> Condition<deliveries::table> {
    let id = term.to_ascii_uppercase();
    if id.parse::<DeliveryId>().is_ok() {
        let made = jobs::table.filter(jobs::id.eq(id.clone())).select(jobs::delivery_id);
        return Box::new(deliveries::id.eq(id).or(deliveries::id.eq_any(made)));
    }
    let newest = among_newest(("deliveries", "received_at"), before);
    let text = deliveries::repo_name
        .concat(BETWEEN)
        .concat(deliveries::repo_url)
        .concat(BETWEEN)
        .concat(deliveries::git_ref)
        .concat(BETWEEN)
        .concat(deliveries::sha)
        .concat(BETWEEN)
        .concat(deliveries::event)
        .concat(BETWEEN)
        .concat(deliveries::object_kind)
        .concat(BETWEEN)
        .concat(deliveries::user_name)
        .concat(BETWEEN)
        .concat(deliveries::user_email)
        .concat(BETWEEN)
        .concat(deliveries::summary)
        .ilike(contains(term));
    let text = text.or(deliveries::idempotency_key.eq(term.to_owned()));
    match term.parse::<i64>() {
        Ok(number) => {
            let of_project = deliveries::project_id.assume_not_null().eq(number);
            Box::new(text.or(of_project).and(newest))
        }
        Err(_) => Box::new(text.and(newest)),
    }
}

/// The deliveries a changelist asks for, newest first, each with its jobs.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn list(conn: &mut Conn, query: &ListQuery<Sort, Filter>) -> Result<Page<Row>> {
    let counted = deliveries::table.select(deliveries::id).filter(selection(query));
    let matching: i64 = CountOf(counted.limit(Total::CAP + 1)).get_result(conn).await?;
    if matching == 0 {
        return Ok(Page::cut(Vec::new(), &query.part, query.limit, Total::Exactly(0)));
    }
    let rows = deliveries::table.select(Brief::as_select()).filter(selection(query)).into_boxed();
    let rows = match &query.part {
        Part::Numbered(_) => rows.order(deliveries::id.desc()),
        Part::Older(id) => rows.filter(deliveries::id.lt(id.clone())).order(deliveries::id.desc()),
        Part::Newer(id) => rows.filter(deliveries::id.gt(id.clone())).order(deliveries::id.asc()),
    };
    let rows: Vec<Brief> = rows.limit(query.limit.saturating_add(1)).load(conn).await?;
    let rows = with_jobs(conn, rows).await?;
    Ok(Page::cut(rows, &query.part, query.limit, Total::capped(matching)))
}

async fn with_jobs(conn: &mut Conn, rows: Vec<Brief>) -> Result<Vec<Row>> {
    let ids: Vec<&str> = rows.iter().map(|row| row.id.as_str()).collect();
    let made: Vec<(String, String, String, String)> = jobs::table
        .filter(jobs::delivery_id.eq_any(ids))
        .order(jobs::id)
        .select((jobs::delivery_id, jobs::id, jobs::state, jobs::webhook_label))
        .load(conn)
        .await?;
    let mut by_delivery = std::collections::HashMap::<String, Vec<JobRef>>::new();
    for (delivery, id, state, webhook_label) in made {
        by_delivery.entry(delivery).or_default().push(JobRef { id, state, webhook_label });
    }
    Ok(rows
        .into_iter()
        .map(|delivery| {
            let jobs = by_delivery.remove(&delivery.id).unwrap_or_default();
            Row { delivery, jobs }
        })
        .collect())
}

/// How many deliveries there are in all and of each verdict, each count capped.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn counts(conn: &mut Conn) -> Result<Counts> {
    let all = || deliveries::table.select(deliveries::id).limit(Total::CAP + 1).into_boxed();
    let of = Verdict::ALL
        .into_iter()
        .map(|verdict| all().filter(deliveries::verdict.eq(verdict.as_str())));
    let counted = CountsOf(std::iter::once(all()).chain(of).collect());
    let counted: Vec<i64> = counted.get_result(conn).await?;
    let mut counted = counted.into_iter().map(Total::capped);
    let all = counted.next();
    let choices = Verdict::ALL.into_iter().zip(counted).map(|(verdict, count)| ChoiceCount {
        param: "verdict",
        value: verdict.as_str().to_owned(),
        count,
    });
    Ok(Counts { all, choices: choices.collect() })
}

/// Whether there is a delivery with this id.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn exists(conn: &mut Conn, id: &DeliveryId) -> Result<bool> {
    let one = deliveries::table.find(id.as_str());
    Ok(diesel::select(diesel::dsl::exists(one)).get_result(conn).await?)
}

/// One delivery with all that was kept of it.
///
/// # Errors
/// [`crate::store::StoreError::NotFound`] when there is none with this id.
pub async fn find(conn: &mut Conn, id: &DeliveryId) -> Result<Full> {
    Ok(deliveries::table.find(id.as_str()).select(Full::as_select()).first(conn).await?)
}

/// Those of these deliveries that are kept, oldest first, with all that was kept of them.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn find_many(conn: &mut Conn, ids: &[String]) -> Result<Vec<Full>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = deliveries::table.filter(deliveries::id.eq_any(ids)).order(deliveries::id);
    Ok(found.select(Full::as_select()).load(conn).await?)
}

/// The newest deliveries of a project and kind.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn of_record(
    conn: &mut Conn,
    project_id: i64,
    object_kind: &str,
    most: i64,
) -> Result<Vec<Brief>> {
    Ok(deliveries::table
        .filter(deliveries::project_id.assume_not_null().eq(project_id))
        .filter(deliveries::object_kind.eq(object_kind))
        .order(deliveries::id.desc())
        .limit(most)
        .select(Brief::as_select())
        .load(conn)
        .await?)
}

/// The newest deliveries of a repository.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn of_repository(conn: &mut Conn, repo_name: &str, most: i64) -> Result<Vec<Brief>> {
    Ok(deliveries::table
        .filter(deliveries::repo_name.eq(repo_name))
        .order(deliveries::id.desc())
        .limit(most)
        .select(Brief::as_select())
        .load(conn)
        .await?)
}

/// The replays of a delivery, newest first.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn replays(conn: &mut Conn, id: &DeliveryId) -> Result<Vec<Brief>> {
    Ok(deliveries::table
        .filter(deliveries::replay_of.eq(id.as_str()))
        .order(deliveries::id.desc())
        .limit(50)
        .select(Brief::as_select())
        .load(conn)
        .await?)
}

/// One delivery without its large columns, if it is still kept.
///
/// # Errors
/// Any [`crate::store::StoreError`] of the database.
pub async fn brief(conn: &mut Conn, id: &DeliveryId) -> Result<Option<Brief>> {
    Ok(deliveries::table
        .find(id.as_str())
        .select(Brief::as_select())
        .first(conn)
        .await
        .optional()?)
}
