//! The count after an attack: is everything there that was acknowledged, and did it run once?

use super::load::Sent;
use super::rig::Rig;
use crate::support::wait;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::time::Duration;

/// How long what was acknowledged may take to run, after the last of it was sent.
const PATIENCE: Duration = Duration::from_mins(5);

/// A line of the table.
#[derive(Debug)]
pub struct Row {
    pub name: &'static str,
    pub attacks: usize,
    /// Requests; an event that is not acknowledged is sent again.
    pub sent: usize,
    /// Events that were answered with 2xx.
    pub acknowledged: usize,
    /// Those of them that are in the database.
    pub found: usize,
    /// Jobs that came to their end.
    pub run: usize,
    /// Acknowledged and not found, or never run to the end.
    pub lost: usize,
    /// A second delivery of one key, a second success of one job, a begin that nobody knows of.
    pub doubled: usize,
    /// Attempts that began while an earlier one of their job was alive.
    pub overlapping: usize,
    /// Attempts beyond a job's first: those before it were lost with their worker.
    pub again: usize,
    /// Until it was ready again, after each attack.
    pub ready: Vec<Duration>,
    pub remark: String,
}

impl Row {
    /// Waits until every job has ended, and counts.
    pub async fn count(name: &'static str, rig: &Rig, sent: Sent, ready: Vec<Duration>) -> Self {
        let database = &rig.database;
        wait::within(PATIENCE, "the end of every job", async || {
            let open = "jobs WHERE state NOT IN ('succeeded', 'failed', 'cancelled', 'superseded')";
            (database.count(open).await == 0).then_some(())
        })
        .await;
        let stored = "SELECT idempotency_key FROM deliveries WHERE verdict = 'matched'";
        let mut by_key = BTreeMap::<String, usize>::new();
        for key in database.column(stored).await {
            *by_key.entry(key).or_default() += 1;
        }
        let keys: BTreeSet<_> = sent.acknowledged.iter().collect();
        let found = keys.iter().filter(|key| by_key.contains_key(**key)).count();
        let jobs = database.column("SELECT id FROM jobs WHERE state = 'succeeded'").await;
        let (began, ended) = (rig.ledger.began(), rig.ledger.ended());
        let run = jobs.iter().filter(|job| ended.contains_key(*job)).count();
        let attempts = "SELECT job_id || ' ' || count(*) || ' ' || \
                        count(*) FILTER (WHERE outcome = 'succeeded') FROM job_attempts GROUP BY job_id";
        let (mut again, mut doubled) = (0, by_key.values().map(|count| count - 1).sum::<usize>());
        let mut known = BTreeMap::new();
        for row in database.column(attempts).await {
            let parts: Vec<_> = row.split(' ').collect();
            let number = |part: usize| parts[part].parse::<usize>().unwrap();
            again += number(1) - 1;
            doubled += number(2).saturating_sub(1);
            known.insert(parts[0].to_owned(), number(1));
        }
        for (job, begins) in &began {
            doubled += begins.saturating_sub(known.get(job).copied().unwrap_or_default());
        }
        Self {
            name,
            attacks: ready.len(),
            sent: sent.requests,
            acknowledged: keys.len(),
            found,
            run,
            lost: keys.len() - found + by_key.len().saturating_sub(run),
            doubled,
            overlapping: rig.ledger.overlapping(),
            again,
            ready,
            remark: String::new(),
        }
    }

    /// What cannot be attacked here, and why.
    pub fn not_possible(name: &'static str, why: &str) -> Self {
        eprintln!("signalbox: {name}: not possible here: {why}");
        Self {
            name,
            attacks: 0,
            sent: 0,
            acknowledged: 0,
            found: 0,
            run: 0,
            lost: 0,
            doubled: 0,
            overlapping: 0,
            again: 0,
            ready: Vec::new(),
            remark: format!("not possible here: {why}"),
        }
    }

    pub fn remark(mut self, remark: impl Into<String>) -> Self {
        self.remark = remark.into();
        self
    }

    /// Nothing may be lost, doubled or overlapping, whatever was done.
    #[track_caller]
    pub fn holds(self) -> Self {
        assert!(self.acknowledged > 0, "{self:?}");
        assert_eq!((self.lost, self.doubled, self.overlapping), (0, 0, 0), "{self:?}");
        assert_eq!(self.acknowledged, self.found, "{self:?}");
        self
    }

    /// The same where no worker was touched: no job has more than its one attempt.
    #[track_caller]
    pub fn holds_at_once(self) -> Self {
        let row = self.holds();
        assert_eq!(row.again, 0, "{row:?}");
        row
    }

    /// As a line of a Markdown table.
    pub fn line(&self) -> String {
        let mut line = format!("| {} ", self.name);
        for number in [
            self.attacks,
            self.sent,
            self.acknowledged,
            self.found,
            self.run,
            self.lost,
            self.doubled,
            self.overlapping,
            self.again,
        ] {
            write!(line, "| {number} ").unwrap();
        }
        let mut ready = self.ready.clone();
        ready.sort_unstable();
        let seconds = |at: Option<&Duration>| at.map_or(0.0, Duration::as_secs_f64);
        let (half, last) = (seconds(ready.get(ready.len() / 2)), seconds(ready.last()));
        write!(line, "| {half:.2} / {last:.2} | {} |", self.remark).unwrap();
        line
    }
}

/// What stands above the lines.
pub const HEAD: &str = "| attack | times | sent | acknowledged | found | run | lost | doubled | overlapping | again | ready, s (half / last) | |\n\
                        |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|---|";
