//! Who stands in a lane, and which running jobs a newer one is to end.

use crate::schema::{jobs, webhooks};
use crate::{Conn, Result, pauses};
use chrono::{DateTime, Utc};
use diesel::prelude::*;
use diesel::sql_types::{Array, Text};
use diesel_async::RunQueryDsl;
use signalbox_core::job::JobState;
use signalbox_core::lane::{self, Member, Stand};
use signalbox_core::pause::{Pause, find_holding};
use signalbox_core::webhook::Concurrency;

/// The most members looked at: those that run, then the longest waiting.
const MOST: i64 = 500;

/// The members of a lane, in the order they were queued.
pub(super) async fn lane_members(
    conn: &mut Conn,
    lane: &str,
    now: DateTime<Utc>,
) -> Result<Vec<Member>> {
    let mut rows: Vec<MemberRow> = jobs::table
        .filter(jobs::lane.eq(lane))
        .filter(jobs::state.eq(JobState::Running))
        .select(MemberRow::as_select())
        .load(conn)
        .await?;
    let waiting: Vec<MemberRow> = jobs::table
        .filter(jobs::lane.eq(lane))
        .filter(jobs::state.eq_any(JobState::WAITING))
        // A parallel one that rests neither runs nor keeps others waiting; many must not hide who is ready.
        .filter(jobs::concurrency.ne(Concurrency::Parallel).or(jobs::run_at.le(now)))
        .order((jobs::queued_at, jobs::id))
        .limit(MOST)
        .select(MemberRow::as_select())
        .load(conn)
        .await?;
    rows.extend(waiting);
    rows.sort_by(|a, b| (a.queued_at, &a.id).cmp(&(b.queued_at, &b.id)));
    let is_parallel = |row: &MemberRow| row.concurrency == Concurrency::Parallel;
    let limit = match lane::webhook_of_lane(lane).filter(|_| rows.iter().any(is_parallel)) {
        Some(webhook) => find_max_concurrent(conn, webhook).await?,
        None => None,
    };
    let pauses = pauses::list_pauses(conn).await?;
    Ok(rows.into_iter().map(|row| row.into_member(&pauses, lane, limit, now)).collect())
}

/// How many jobs of a parallel webhook run at once, as it says now; none = any number.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn find_max_concurrent(conn: &mut Conn, webhook: i64) -> Result<Option<i32>> {
    let limit = webhooks::table.find(webhook).select(webhooks::max_concurrent_jobs);
    Ok(limit.first(conn).await.optional()?.flatten())
}

#[derive(Queryable, Selectable)]
#[diesel(table_name = jobs, check_for_backend(diesel::pg::Pg))]
struct MemberRow {
    id: String,
    webhook_id: Option<i64>,
    git_ref: String,
    concurrency: Concurrency,
    cancels_running: bool,
    state: JobState,
    run_at: DateTime<Utc>,
    queued_at: DateTime<Utc>,
}

impl MemberRow {
    fn into_member(
        self,
        pauses: &[Pause],
        lane: &str,
        max_concurrent_jobs: Option<i32>,
        now: DateTime<Utc>,
    ) -> Member {
        Member {
            max_beside: lane::max_beside(lane, self.concurrency, max_concurrent_jobs),
            stand: if self.state == JobState::Running {
                Stand::Running
            } else if find_holding(pauses, self.webhook_id, lane).is_some() {
                Stand::Paused
            } else if self.run_at > now {
                Stand::Resting
            } else {
                Stand::Ready
            },
            concurrency: self.concurrency,
            cancels_running: self.cancels_running,
            id: self.id,
            webhook: self.webhook_id,
            git_ref: self.git_ref,
        }
    }
}

/// A lane, and the action of a job that runs in it.
#[derive(Debug, QueryableByName)]
pub struct Overtaken {
    /// The lane.
    #[diesel(sql_type = Text)]
    pub lane: String,
    /// What the job runs.
    #[diesel(sql_type = Text)]
    pub action: String,
}

/// Where a newer job waits that may want the end of one of these, which run.
///
/// # Errors
/// Any [`StoreError`](crate::StoreError) of the database.
pub async fn with_newer(conn: &mut Conn, running: &[String]) -> Result<Vec<Overtaken>> {
    Ok(diesel::sql_query(
        "SELECT DISTINCT r.lane, r.action FROM jobs r WHERE r.id = ANY($1) AND r.lane <> '' \
         AND r.state = 'running' AND r.cancel_requested_at IS NULL AND EXISTS (SELECT 1 FROM jobs n \
         WHERE n.webhook_id = r.webhook_id AND n.ref = r.ref AND n.cancels_running \
         AND n.state IN ('queued', 'scheduled', 'retrying') \
         AND (n.queued_at, n.id) > (r.queued_at, r.id)) ORDER BY r.lane",
    )
    .bind::<Array<Text>, _>(running)
    .load(conn)
    .await?)
}
