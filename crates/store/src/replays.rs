//! The table of runs of replays, and the deliveries that a run goes through. What a run does,
//! `signalbox::control` says.

use super::deliveries::{Filter, Sort, list_selection};
use super::schema::{deliveries, replays};
use super::{Conn, Result};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel_async::RunQueryDsl;
use serde::{Deserialize, Serialize};
use signalbox_core::listing::ListQuery;
use signalbox_core::replay::RunState;
use signalbox_core::source::Source;
use signalbox_core::verdict::Verdict;

/// Which deliveries a run is for, as they were when it began.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Chosen {
    /// The search.
    pub terms: Vec<String>,
    /// The filters.
    pub filter: Filter,
    /// These alone, if any are named.
    pub ids: Vec<String>,
    /// None that is newer.
    pub newest: String,
}

impl Chosen {
    fn list_query(&self) -> ListQuery<Sort, Filter> {
        ListQuery {
            terms: self.terms.clone(),
            filter: self.filter.clone(),
            ..ListQuery::match_everything(0)
        }
    }
}

/// A run.
#[derive(Debug, Clone, Queryable, Selectable, Insertable)]
#[diesel(table_name = replays, check_for_backend(diesel::pg::Pg))]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Run {
    pub id: String,
    pub state: String,
    pub selection: serde_json::Value,
    pub told: String,
    pub pace: i32,
    pub per: String,
    pub total: i64,
    pub done: i64,
    pub jobs: i64,
    pub skips: serde_json::Value,
    pub cursor: String,
    pub next_at: DateTime<Utc>,
    pub started_by: String,
    pub started_at: DateTime<Utc>,
    pub stopped_by: String,
    pub ended_at: Option<DateTime<Utc>>,
    pub remote_addr: String,
}

/// What of a delivery tells whether it can be replayed at all: no large column.
#[derive(Debug, Clone, Queryable)]
#[expect(missing_docs, reason = "the columns, explained by the migration")]
pub struct Outline {
    pub id: String,
    pub verdict: Verdict,
    pub source: Source,
    pub body_size: i64,
    /// How much of the body is kept; none = nothing.
    pub kept: Option<i32>,
}

impl Outline {
    /// Whether all of its body is kept.
    pub fn has_body(&self) -> bool {
        self.kept.is_some_and(|kept| i64::from(kept) == self.body_size)
    }
}

/// How many deliveries are chosen.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn count_chosen(conn: &mut Conn, chosen: &Chosen) -> Result<i64> {
    let all = deliveries::table.filter(list_selection(&chosen.list_query())).into_boxed();
    let all = all.filter(deliveries::id.le(&chosen.newest));
    let count = if chosen.ids.is_empty() {
        all.count().get_result(conn).await
    } else {
        all.filter(deliveries::id.eq_any(&chosen.ids)).count().get_result(conn).await
    };
    Ok(count?)
}

/// The chosen deliveries after an id, oldest first.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn list_after(
    conn: &mut Conn,
    chosen: &Chosen,
    cursor: &str,
    most: i64,
) -> Result<Vec<Outline>> {
    let kept = diesel::dsl::sql::<diesel::sql_types::Nullable<diesel::sql_types::Integer>>(
        "octet_length(deliveries.body)",
    );
    let mut all = deliveries::table
        .filter(list_selection(&chosen.list_query()))
        .filter(deliveries::id.gt(cursor))
        .filter(deliveries::id.le(&chosen.newest))
        .order(deliveries::id.asc())
        .limit(most)
        .select((
            deliveries::id,
            deliveries::verdict,
            deliveries::source,
            deliveries::body_size,
            kept,
        ))
        .into_boxed();
    if !chosen.ids.is_empty() {
        all = all.filter(deliveries::id.eq_any(&chosen.ids));
    }
    Ok(all.load(conn).await?)
}

/// The newest delivery there is; empty if there is none.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn newest_delivery(conn: &mut Conn) -> Result<String> {
    let newest: Option<String> =
        deliveries::table.select(diesel::dsl::max(deliveries::id)).first(conn).await?;
    Ok(newest.unwrap_or_default())
}

/// Begins a run.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn insert_run(conn: &mut Conn, run: &Run) -> Result<()> {
    diesel::insert_into(replays::table).values(run).execute(conn).await?;
    Ok(())
}

/// One run.
///
/// # Errors
/// [`crate::StoreError::NotFound`] when there is none with this id.
pub async fn find_run(conn: &mut Conn, id: &str) -> Result<Run> {
    Ok(replays::table.find(id).select(Run::as_select()).first(conn).await?)
}

/// One run, locked for this transaction.
///
/// # Errors
/// [`crate::StoreError::NotFound`] when there is none with this id.
pub async fn lock_run(conn: &mut Conn, id: &str) -> Result<Run> {
    Ok(replays::table.find(id).select(Run::as_select()).for_update().first(conn).await?)
}

/// A run that is under way, locked for this transaction; none if it is not, or if another process
/// is at it.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn lease_run(conn: &mut Conn, id: &str) -> Result<Option<Run>> {
    Ok(replays::table
        .find(id)
        .filter(replays::state.eq(RunState::Running.as_str()))
        .select(Run::as_select())
        .for_update()
        .skip_locked()
        .first(conn)
        .await
        .optional()?)
}

/// The runs under way and when each is due, the oldest first.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn list_running(conn: &mut Conn) -> Result<Vec<(String, DateTime<Utc>)>> {
    Ok(replays::table
        .filter(replays::state.eq(RunState::Running.as_str()))
        .order(replays::id)
        .select((replays::id, replays::next_at))
        .load(conn)
        .await?)
}

/// The newest runs, newest first.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn list_runs(conn: &mut Conn, most: i64) -> Result<Vec<Run>> {
    Ok(replays::table
        .order(replays::id.desc())
        .limit(most)
        .select(Run::as_select())
        .load(conn)
        .await?)
}

/// Writes down how far a run is.
///
/// # Errors
/// Any [`crate::StoreError`] of the database.
pub async fn advance_run(conn: &mut Conn, run: &Run) -> Result<()> {
    diesel::update(replays::table.find(&run.id))
        .set((
            replays::state.eq(&run.state),
            replays::done.eq(run.done),
            replays::jobs.eq(run.jobs),
            replays::skips.eq(&run.skips),
            replays::cursor.eq(&run.cursor),
            replays::next_at.eq(run.next_at),
            replays::stopped_by.eq(&run.stopped_by),
            replays::ended_at.eq(run.ended_at),
        ))
        .execute(conn)
        .await?;
    Ok(())
}
