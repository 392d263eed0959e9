//! The numbers of the start page, in one query that stays cheap in tables that grow without end:
//! counting stops at [`Total::CAP`]. Each is counted as the list it leads to counts it. What
//! needs a person is `store::attention`.

use super::{Conn, Result, StoreError};
use crate::core::job::JobState;
use crate::core::listing::Total;
use crate::core::verdict::Verdict;
use diesel::prelude::*;
use diesel::sql_types::{Array, BigInt};
use diesel_async::RunQueryDsl;

/// How much there is of everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Webhook records.
    pub webhooks: Total,
    /// Deliveries.
    pub deliveries: Total,
    /// Jobs.
    pub jobs: Total,
    /// Deliveries of the last 24 hours.
    pub day: Total,
    /// Those by verdict, in the order of [`Verdict::ALL`].
    pub day_by_verdict: Vec<(Verdict, Total)>,
    /// Jobs that have not ended: running, queued, scheduled, retrying.
    pub unfinished: Vec<(JobState, Total)>,
    /// Jobs that failed for good in the last 24 hours.
    pub failed_day: Total,
}

/// The states of jobs that have not ended, as the start page counts them.
pub const UNFINISHED: [JobState; 4] =
    [JobState::Running, JobState::Queued, JobState::Scheduled, JobState::Retrying];

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = Array<BigInt>)]
    counted: Vec<i64>,
}

/// The numbers as they are now.
///
/// # Errors
/// Those of the database.
pub async fn load(conn: &mut Conn) -> Result<Overview> {
    let mut what = vec![
        "webhooks".to_owned(),
        "deliveries".to_owned(),
        "jobs".to_owned(),
        "deliveries WHERE received_at >= now() - interval '24 hours'".to_owned(),
        "jobs WHERE state = 'failed' AND finished_at >= now() - interval '24 hours'".to_owned(),
    ];
    what.extend(Verdict::ALL.map(|verdict| {
        let verdict = verdict.as_str();
        format!(
            "deliveries WHERE verdict = '{verdict}' AND received_at >= now() - interval '24 hours'"
        )
    }));
    what.extend(UNFINISHED.map(|state| format!("jobs WHERE state = '{}'", state.as_str())));
    let counts: Vec<_> = what
        .iter()
        .map(|what| format!("(SELECT count(*) FROM (SELECT FROM {what} LIMIT $1) AS counted)"))
        .collect();
    let stored: Stored =
        diesel::sql_query(format!("SELECT ARRAY[{}]::bigint[] AS counted", counts.join(", ")))
            .bind::<BigInt, _>(Total::CAP + 1)
            .get_result(conn)
            .await?;
    let mut counted = stored.counted.into_iter().map(Total::capped);
    let mut next = || counted.next().ok_or(StoreError::NotFound);
    let (webhooks, deliveries, jobs) = (next()?, next()?, next()?);
    let (day, failed_day) = (next()?, next()?);
    Ok(Overview {
        webhooks,
        deliveries,
        jobs,
        day,
        failed_day,
        day_by_verdict: Verdict::ALL.into_iter().zip(counted.by_ref()).collect(),
        unfinished: UNFINISHED.into_iter().zip(counted).collect(),
    })
}
