//! What is measured, by name: the one place that knows names, units and labels of the process's own
//! numbers. They are told at `/metrics` (`crate::web::metrics`) beside those that are read from the
//! database, and cost next to nothing while nobody asked for them.

use ::metrics::{counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};
use metrics_exporter_prometheus::{BuildError, Matcher, PrometheusBuilder, PrometheusHandle};
use signalbox_core::job::AttemptOutcome;
use signalbox_core::verdict::{Endpoint, Verdict};
use std::time::Duration;

/// Deliveries answered: labels `verdict`, `endpoint`.
const DELIVERIES: &str = "signalbox_deliveries_total";
/// From the request to its commit.
const DELIVERY_SECONDS: &str = "signalbox_delivery_seconds";
/// Deliveries answered with 503, of which nothing is kept: label `reason`.
const NOT_STORED: &str = "signalbox_deliveries_not_stored_total";
/// Deliveries in one commit.
const COMMIT_DELIVERIES: &str = "signalbox_commit_deliveries";
/// Attempts that ended: labels `action`, `outcome`.
const ATTEMPTS: &str = "signalbox_attempts_total";
/// How long attempts took: label `action`.
const ATTEMPT_SECONDS: &str = "signalbox_attempt_seconds";
/// Attempts under way in this process.
const RUNNING: &str = "signalbox_attempts_running";

/// Bounds of what should take milliseconds, in seconds. GitLab gives up after ten.
const QUICK: [f64; 9] = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 10.0];
/// Bounds of what may take an hour, in seconds.
const LONG: [f64; 9] = [0.1, 1.0, 5.0, 15.0, 60.0, 300.0, 900.0, 1_800.0, 3_600.0];
/// Bounds of how many.
const MANY: [f64; 6] = [1.0, 2.0, 5.0, 20.0, 50.0, 200.0];

/// The numbers so far, in Prometheus' text form. Cheap to clone.
#[derive(Clone)]
pub struct Numbers(PrometheusHandle);

/// Begins to measure; once in a process.
///
/// # Errors
/// It has begun already.
pub fn start_metrics() -> Result<Numbers, BuildError> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Full(DELIVERY_SECONDS.to_owned()), &QUICK)?
        .set_buckets_for_metric(Matcher::Full(ATTEMPT_SECONDS.to_owned()), &LONG)?
        .set_buckets_for_metric(Matcher::Full(COMMIT_DELIVERIES.to_owned()), &MANY)?
        .install_recorder()?;
    describe_counter!(DELIVERIES, "Deliveries that were evaluated and answered");
    describe_histogram!(DELIVERY_SECONDS, "Seconds from a delivery's request to its commit");
    describe_counter!(NOT_STORED, "Deliveries that got 503; nothing of them is stored");
    describe_histogram!(COMMIT_DELIVERIES, "Deliveries in one commit");
    describe_counter!(ATTEMPTS, "Attempts that ended");
    describe_histogram!(ATTEMPT_SECONDS, "Seconds that attempts took");
    describe_gauge!(RUNNING, "Attempts running in this process");
    gauge!(RUNNING).set(0.0);
    Ok(Numbers(handle))
}

impl Numbers {
    /// Everything measured so far.
    pub fn render_text(&self) -> String {
        self.0.render()
    }

    /// Puts what was measured together, so that it takes no more room: every few seconds.
    pub fn run_upkeep(&self) {
        self.0.run_upkeep();
    }
}

/// A delivery was committed.
pub fn count_delivery(verdict: Verdict, endpoint: Endpoint, took: Duration) {
    let (verdict, endpoint) = (verdict.as_str(), endpoint.as_str());
    counter!(DELIVERIES, "verdict" => verdict, "endpoint" => endpoint).increment(1);
    histogram!(DELIVERY_SECONDS).record(took.as_secs_f64());
}

/// A delivery was told to come again: `overloaded` or `unavailable`.
pub fn not_stored(reason: &'static str) {
    counter!(NOT_STORED, "reason" => reason).increment(1);
}

/// So many deliveries were committed together.
pub fn count_commit(deliveries: usize) {
    histogram!(COMMIT_DELIVERIES).record(u32::try_from(deliveries).unwrap_or(u32::MAX));
}

/// An attempt under way, counted until it is dropped.
#[derive(Debug)]
pub struct Running(());

/// An attempt begins.
#[must_use]
pub fn count_running() -> Running {
    gauge!(RUNNING).increment(1.0);
    Running(())
}

impl Drop for Running {
    fn drop(&mut self) {
        gauge!(RUNNING).decrement(1.0);
    }
}

/// An attempt ended, and that was written down.
pub fn count_attempt(action: &str, outcome: AttemptOutcome, took: Duration) {
    let action = action.to_owned();
    counter!(ATTEMPTS, "action" => action.clone(), "outcome" => outcome.as_str()).increment(1);
    histogram!(ATTEMPT_SECONDS, "action" => action).record(took.as_secs_f64());
}
