//! The numbers of the start page, in one query that stays cheap in tables that grow without end:
//! counting stops at [`Total::CAP`]. Each is counted as the list it leads to counts it. What
//! needs a person is `store::attention`.

use super::search::{CountsOf, last_id_before_ago};
use super::webhooks::{self, Filter, Sort};
use super::{Conn, Result, StoreError};
use chrono::TimeDelta;
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::query_builder::QueryFragment;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;
use signalbox_core::job::JobState;
use signalbox_core::listing::{ListQuery, Total};
use signalbox_core::verdict::Verdict;

/// How much there is of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Webhooks.
    pub webhooks: Total,
    /// Deliveries.
    pub deliveries: Total,
    /// Jobs.
    pub jobs: Total,
    /// Users.
    pub users: Total,
    /// Entries of the log.
    pub log: Total,
    /// Deliveries of the last 24 hours.
    pub day: Total,
    /// Those by verdict, in the order of [`Verdict::ALL`].
    pub day_by_verdict: Vec<(Verdict, Total)>,
    /// Jobs that have not ended: running, queued, scheduled, retrying.
    pub unfinished: Vec<(JobState, Total)>,
    /// Jobs that failed for good in the last 24 hours.
    pub failed_day: Total,
    /// Webhooks that have waited for their Test longer than [`PENDING_FOR`].
    pub pending: Total,
    /// Enabled webhooks that heard nothing for longer than [`QUIET_FOR`].
    pub quiet: Total,
}

/// So long a webhook may wait for its Test.
pub const PENDING_FOR: TimeDelta = TimeDelta::hours(1);

/// So long a webhook may hear nothing.
pub const QUIET_FOR: TimeDelta = TimeDelta::days(30);

/// The states of jobs that have not ended, as the start page counts them.
pub const UNFINISHED: [JobState; 4] =
    [JobState::Running, JobState::Queued, JobState::Scheduled, JobState::Retrying];

/// Rows to count.
type Rows = Box<dyn QueryFragment<Pg> + Send>;

/// The first rows of a table, as many as are counted.
fn first_rows(what: &str) -> Rows {
    Box::new(sql::<BigInt>(&format!("SELECT FROM {what} LIMIT {}", Total::CAP + 1)))
}

/// The webhooks that the list shows with this filter.
fn filtered_webhooks(filter: Filter) -> Rows {
    Box::new(webhooks::listed_ids(&ListQuery::<Sort, Filter> {
        filter,
        ..ListQuery::match_everything(0)
    }))
}

/// The numbers as they are now.
///
/// # Errors
/// Those of the database.
pub async fn load_overview(conn: &mut Conn) -> Result<Overview> {
    let day = format!(
        "deliveries WHERE id >= '{}' AND received_at >= now() - interval '24 hours'",
        last_id_before_ago(TimeDelta::hours(24))
    );
    let mut what = vec![
        "webhooks".to_owned(),
        "deliveries".to_owned(),
        "jobs".to_owned(),
        "users".to_owned(),
        "audit_log".to_owned(),
        day.clone(),
        "jobs WHERE state = 'failed' AND finished_at >= now() - interval '24 hours'".to_owned(),
    ];
    what.extend(Verdict::ALL.map(|verdict| format!("{day} AND verdict = '{}'", verdict.as_str())));
    what.extend(UNFINISHED.map(|state| format!("jobs WHERE state = '{}'", state.as_str())));
    let waiting = [
        Filter { pending_for: Some(PENDING_FOR), ..Filter::default() },
        Filter { quiet_for: Some(QUIET_FOR), ..Filter::default() },
    ];
    let what = what.iter().map(|what| first_rows(what)).chain(waiting.map(filtered_webhooks));
    let counted: Vec<i64> = CountsOf(what.collect()).get_result(conn).await?;
    let mut counted = counted.into_iter().map(Total::from_capped);
    let mut next = || counted.next().ok_or(StoreError::NotFound);
    let (webhooks, deliveries, jobs) = (next()?, next()?, next()?);
    let (users, log) = (next()?, next()?);
    let (day, failed_day) = (next()?, next()?);
    Ok(Overview {
        webhooks,
        deliveries,
        jobs,
        users,
        log,
        day,
        failed_day,
        day_by_verdict: Verdict::ALL.into_iter().zip(counted.by_ref()).collect(),
        unfinished: UNFINISHED.into_iter().zip(counted.by_ref()).collect(),
        pending: counted.next().ok_or(StoreError::NotFound)?,
        quiet: counted.next().ok_or(StoreError::NotFound)?,
    })
}
