//! The numbers of the start page, in one query. What is shown as one number is counted as the list
//! it leads to counts it, up to [`Total::CAP`]; what its charts count has no such end, and who asks
//! keeps it for a while where that takes long. What needs a person is `store::attention`.

use super::search::{CountsOf, id_at};
use super::webhooks::{self, Filter, Sort};
use super::{Conn, Result, StoreError};
use chrono::{DateTime, TimeDelta, Utc};
use diesel::QueryResult;
use diesel::dsl::sql;
use diesel::pg::Pg;
use diesel::query_builder::{AstPass, Query, QueryFragment, QueryId};
use diesel::sql_types::{Array, BigInt, Text, Timestamptz};
use diesel_async::RunQueryDsl;
use signalbox_core::job::{JobState, WORKER_TIMEOUT};
use signalbox_core::listing::{ListQuery, Total};
use signalbox_core::verdict::Verdict;

/// The start page's numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Overview {
    /// Workers whose heartbeat is heard.
    pub alive: Total,
    /// Workers that fell silent in the last 24 hours, though they did not stop in good order.
    pub lost: Total,
    /// Jobs that have not ended: running, queued, scheduled, retrying.
    pub unfinished: Vec<(JobState, Total)>,
    /// Webhooks that have waited for their Test longer than [`PENDING_FOR`].
    pub pending: Total,
    /// Enabled webhooks that heard nothing for longer than [`QUIET_FOR`].
    pub quiet: Total,
    /// What the charts show, if they were asked for.
    pub counts: Option<Vec<Counts>>,
}

/// What came and what ended between two bounds of a chart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counts {
    /// Deliveries received, in the order of [`Verdict::ALL`]. By their ids, so that an index alone
    /// answers: those hold the time of their making, to the millisecond.
    pub deliveries: [i64; Verdict::ALL.len()],
    /// Jobs that ended, in the order of [`ENDED`].
    pub jobs: [i64; ENDED.len()],
}

/// The states of jobs that have ended, as charts stack them.
pub const ENDED: [JobState; 4] =
    [JobState::Succeeded, JobState::Failed, JobState::Cancelled, JobState::Superseded];

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

/// Numbers, and behind them what lies between the beginnings and ends of bars.
struct Numbers {
    single: CountsOf<Rows>,
    begins: Vec<DateTime<Utc>>,
    ends: Vec<DateTime<Utc>>,
    id_begins: Vec<String>,
    id_ends: Vec<String>,
}

impl QueryId for Numbers {
    type QueryId = ();
    const HAS_STATIC_QUERY_ID: bool = false;
}

impl Query for Numbers {
    type SqlType = Array<BigInt>;
}

impl QueryFragment<Pg> for Numbers {
    fn walk_ast<'b>(&'b self, mut out: AstPass<'_, 'b, Pg>) -> QueryResult<()> {
        self.single.walk_ast(out.reborrow())?;
        if self.begins.is_empty() {
            return Ok(());
        }
        out.push_sql(
            " || ARRAY(SELECT (SELECT count(*) FROM deliveries \
             WHERE verdict = known.verdict AND id >= bar.begin AND id < bar.end) FROM unnest(",
        );
        out.push_bind_param::<Array<Text>, _>(&self.id_begins)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Text>, _>(&self.id_ends)?;
        out.push_sql(&format!(
            ") WITH ORDINALITY AS bar(begin, \"end\", number), \
             unnest('{{{}}}'::text[]) WITH ORDINALITY AS known(verdict, number) \
             ORDER BY bar.number, known.number) \
             || ARRAY(SELECT counts.number FROM unnest(",
            Verdict::ALL.map(Verdict::as_str).join(",")
        ));
        out.push_bind_param::<Array<Timestamptz>, _>(&self.begins)?;
        out.push_sql(", ");
        out.push_bind_param::<Array<Timestamptz>, _>(&self.ends)?;
        let in_state =
            |state: JobState| format!("count(*) FILTER (WHERE state = '{}')", state.as_str());
        out.push_sql(&format!(
            ") WITH ORDINALITY AS bar(begin, \"end\", number), \
             LATERAL (SELECT ARRAY[{}] AS states FROM jobs \
             WHERE finished_at >= bar.begin AND finished_at < bar.end) AS ended, \
             unnest(ended.states) WITH ORDINALITY AS counts(number, state) \
             ORDER BY bar.number, counts.state)",
            ENDED.map(in_state).join(", ")
        ));
        Ok(())
    }
}

/// The numbers as they are now; and how much lies between these bounds of charts, if any.
///
/// # Errors
/// Those of the database.
pub async fn load_overview(conn: &mut Conn, bounds: &[DateTime<Utc>]) -> Result<Overview> {
    let timeout = format!("now() - interval '{} seconds'", WORKER_TIMEOUT.num_seconds());
    let working = "workers WHERE ended_at IS NULL AND last_seen_at";
    let mut what = vec![
        format!("{working} >= {timeout}"),
        format!("{working} < {timeout} AND last_seen_at >= now() - interval '24 hours'"),
    ];
    what.extend(UNFINISHED.map(|state| format!("jobs WHERE state = '{}'", state.as_str())));
    let waiting = [
        Filter { pending_for: Some(PENDING_FOR), ..Filter::default() },
        Filter { quiet_for: Some(QUIET_FOR), ..Filter::default() },
    ];
    let what = what.iter().map(|what| first_rows(what)).chain(waiting.map(filtered_webhooks));
    let bars = bounds.len().saturating_sub(1);
    let numbers = Numbers {
        single: CountsOf(what.collect()),
        begins: bounds.iter().copied().take(bars).collect(),
        ends: bounds.iter().copied().skip(1).collect(),
        id_begins: bounds.iter().take(bars).map(|begin| id_at(*begin)).collect(),
        id_ends: bounds.iter().skip(1).map(|end| id_at(*end)).collect(),
    };
    let counted: Vec<i64> = numbers.get_result(conn).await?;
    let mut counted = counted.into_iter();
    let mut next = || counted.next().map(Total::from_capped).ok_or(StoreError::NotFound);
    let (alive, lost) = (next()?, next()?);
    let mut unfinished = Vec::new();
    for state in UNFINISHED {
        unfinished.push((state, next()?));
    }
    let (pending, quiet) = (next()?, next()?);
    let deliveries: Vec<i64> = counted.by_ref().take(bars * Verdict::ALL.len()).collect();
    let jobs: Vec<i64> = counted.collect();
    let counts = deliveries
        .chunks_exact(Verdict::ALL.len())
        .zip(jobs.chunks_exact(ENDED.len()))
        .map(|(deliveries, jobs)| {
            Some(Counts { deliveries: deliveries.try_into().ok()?, jobs: jobs.try_into().ok()? })
        })
        .collect::<Option<Vec<_>>>()
        .filter(|counts| !counts.is_empty());
    Ok(Overview { alive, lost, unfinished, pending, quiet, counts })
}
