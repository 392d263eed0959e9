//! The numbers of the start page, in one query that stays cheap in tables that grow without end:
//! counting stops at [`Total::CAP`].

use super::{Conn, Result};
use crate::core::listing::Total;
use diesel::prelude::*;
use diesel::sql_types::BigInt;
use diesel_async::RunQueryDsl;

/// How much there is of everything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overview {
    /// Webhook records.
    pub webhooks: Total,
    /// Those that wait for their registration.
    pub pending: Total,
    /// Deliveries.
    pub deliveries: Total,
    /// Deliveries that no record wanted.
    pub unmatched: Total,
    /// Jobs.
    pub jobs: Total,
    /// Jobs that a worker is at.
    pub running: Total,
    /// Jobs that wait: for a worker, a time or another try.
    pub waiting: Total,
    /// Jobs that failed for good.
    pub failed: Total,
}

#[derive(QueryableByName)]
struct Stored {
    #[diesel(sql_type = BigInt)]
    webhooks: i64,
    #[diesel(sql_type = BigInt)]
    pending: i64,
    #[diesel(sql_type = BigInt)]
    deliveries: i64,
    #[diesel(sql_type = BigInt)]
    unmatched: i64,
    #[diesel(sql_type = BigInt)]
    jobs: i64,
    #[diesel(sql_type = BigInt)]
    running: i64,
    #[diesel(sql_type = BigInt)]
    waiting: i64,
    #[diesel(sql_type = BigInt)]
    failed: i64,
}

/// The numbers as they are now.
///
/// # Errors
/// Those of the database.
pub async fn load(conn: &mut Conn) -> Result<Overview> {
    let stored: Stored = diesel::sql_query(
        "SELECT \
         (SELECT count(*) FROM webhooks) AS webhooks, \
         (SELECT count(*) FROM webhooks WHERE project_id = -1) AS pending, \
         (SELECT count(*) FROM (SELECT FROM deliveries LIMIT $1) AS _) AS deliveries, \
         (SELECT count(*) FROM (SELECT FROM deliveries WHERE verdict = 'unmatched' LIMIT $1) AS _) AS unmatched, \
         (SELECT count(*) FROM (SELECT FROM jobs LIMIT $1) AS _) AS jobs, \
         (SELECT count(*) FROM (SELECT FROM jobs WHERE state = 'running' LIMIT $1) AS _) AS running, \
         (SELECT count(*) FROM (SELECT FROM jobs WHERE state IN ('queued', 'scheduled', 'retrying') LIMIT $1) AS _) AS waiting, \
         (SELECT count(*) FROM (SELECT FROM jobs WHERE state = 'failed' LIMIT $1) AS _) AS failed",
    )
    .bind::<BigInt, _>(Total::CAP + 1)
    .get_result(conn)
    .await?;
    Ok(Overview {
        webhooks: Total::capped(stored.webhooks),
        pending: Total::capped(stored.pending),
        deliveries: Total::capped(stored.deliveries),
        unmatched: Total::capped(stored.unmatched),
        jobs: Total::capped(stored.jobs),
        running: Total::capped(stored.running),
        waiting: Total::capped(stored.waiting),
        failed: Total::capped(stored.failed),
    })
}
