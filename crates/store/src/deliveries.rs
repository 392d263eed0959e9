//! The table of deliveries as the panel reads it: the list, tabs, and one with its body. How they
//! are written is `store::arrivals`.

mod list;

pub use list::{Filter, Sort, count_deliveries, list_deliveries};

pub(super) use list::list_selection;

use super::schema::deliveries;
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::Serialize;
use signalbox_core::delivery_reason::DeliveryReason;
use signalbox_core::ids::DeliveryId;
use signalbox_core::job::JobState;
use signalbox_core::source::Source;
use signalbox_core::verdict::{Endpoint, Verdict};

/// One delivery as the list shows it, with the jobs it made; serialises under the
/// names that JSON and CSV show.
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
    pub endpoint: Endpoint,
    pub verdict: Verdict,
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
    pub source: Source,
    pub made_by: String,
    pub replay_run: Option<String>,
    #[serde(skip)]
    pub reason_code: Option<String>,
    #[serde(skip)]
    pub reason_args: Option<serde_json::Value>,
    pub title: String,
    pub web_url: String,
}

impl Brief {
    /// Why it became what it became; none if it is of a version that stored the sentence alone.
    pub fn typed_reason(&self) -> Option<DeliveryReason> {
        DeliveryReason::from_stored(self.reason_code.as_deref()?, self.reason_args.as_ref())
    }
}

/// A job, as a delivery's row names it; serialises as its id.
#[derive(Debug, Clone, Serialize)]
#[serde(into = "String")]
pub struct JobRef {
    /// The job's id.
    pub id: String,
    /// Its state.
    pub state: JobState,
    /// What its webhook was called.
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

/// Whether there is a delivery with this id.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn delivery_exists(conn: &mut Conn, id: &DeliveryId) -> Result<bool> {
    let one = deliveries::table.find(id.as_str());
    Ok(diesel::select(diesel::dsl::exists(one)).get_result(conn).await?)
}

/// One delivery with all that was kept of it.
///
/// # Errors
/// [`crate::StoreError::NotFound`] when there is none with this id.
pub async fn find_delivery(conn: &mut Conn, id: &DeliveryId) -> Result<Full> {
    Ok(deliveries::table.find(id.as_str()).select(Full::as_select()).first(conn).await?)
}

/// Those of these deliveries that are kept, oldest first, with all that was kept of them.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn find_many(conn: &mut Conn, ids: &[String]) -> Result<Vec<Full>> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let found = deliveries::table.filter(deliveries::id.eq_any(ids)).order(deliveries::id);
    Ok(found.select(Full::as_select()).load(conn).await?)
}

/// The newest deliveries of a repository.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
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
/// Any [`crate::StoreError`] of the database.
pub async fn list_replays(conn: &mut Conn, id: &DeliveryId) -> Result<Vec<Brief>> {
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
/// Any [`crate::StoreError`] of the database.
pub async fn find_brief(conn: &mut Conn, id: &DeliveryId) -> Result<Option<Brief>> {
    Ok(deliveries::table
        .find(id.as_str())
        .select(Brief::as_select())
        .first(conn)
        .await
        .optional()?)
}
