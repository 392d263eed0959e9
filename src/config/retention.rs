//! How long things are kept.

use super::Faults;
use chrono::TimeDelta;
use clap::Args;

#[derive(Debug, Clone, Args)]
#[expect(clippy::struct_field_names, reason = "the options' names come from the fields'")]
pub(super) struct RawRetention {
    /// Days for which the bodies of deliveries are kept
    #[arg(
        long,
        env = "SIGNALBOX_BODY_DAYS",
        value_name = "DAYS",
        default_value = "14",
        global = true
    )]
    body_days: String,
    /// Days for which deliveries are kept, without their bodies
    #[arg(
        long,
        env = "SIGNALBOX_DELIVERY_DAYS",
        value_name = "DAYS",
        default_value = "90",
        global = true
    )]
    delivery_days: String,
    /// Days for which jobs and their attempts are kept once they have ended
    #[arg(
        long,
        env = "SIGNALBOX_JOB_DAYS",
        value_name = "DAYS",
        default_value = "90",
        global = true
    )]
    job_days: String,
    /// Days for which what jobs print is kept
    #[arg(
        long,
        env = "SIGNALBOX_OUTPUT_DAYS",
        value_name = "DAYS",
        default_value = "30",
        global = true
    )]
    output_days: String,
}

/// How long things are kept. Upkeep (`crate::worker::upkeep`) takes them away, pages say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Bodies of deliveries.
    pub body: TimeDelta,
    /// Deliveries.
    pub delivery: TimeDelta,
    /// Jobs that have ended, with their attempts.
    pub job: TimeDelta,
    /// What jobs print.
    pub output: TimeDelta,
}

impl RetentionSettings {
    pub(super) fn from_raw(raw: &RawRetention, faults: &mut Faults) -> Self {
        let body = faults.parse_number("SIGNALBOX_BODY_DAYS", &raw.body_days, 1..=36_500);
        let delivery =
            faults.parse_number("SIGNALBOX_DELIVERY_DAYS", &raw.delivery_days, 1..=36_500);
        if delivery < body {
            let reason = format!("{delivery} days are fewer than the {body} that bodies are kept");
            faults.add_fault("SIGNALBOX_DELIVERY_DAYS", reason);
        }
        let job = faults.parse_number("SIGNALBOX_JOB_DAYS", &raw.job_days, 1..=36_500);
        let output = faults.parse_number("SIGNALBOX_OUTPUT_DAYS", &raw.output_days, 1..=36_500);
        if job < output {
            let reason = format!("{job} days are fewer than the {output} that output is kept");
            faults.add_fault("SIGNALBOX_JOB_DAYS", reason);
        }
        Self {
            body: TimeDelta::days(body),
            delivery: TimeDelta::days(delivery),
            job: TimeDelta::days(job),
            output: TimeDelta::days(output),
        }
    }
}
