//! How long things are kept.

use super::Faults;
use chrono::TimeDelta;
use clap::Args;

#[derive(Debug, Clone, Args)]
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
}

/// How long things are kept. Upkeep (`crate::worker::upkeep`) takes them away, pages say so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetentionSettings {
    /// Bodies of deliveries.
    pub body: TimeDelta,
    /// Deliveries.
    pub delivery: TimeDelta,
}

impl RetentionSettings {
    pub(super) fn load(raw: &RawRetention, faults: &mut Faults) -> Self {
        let body = faults.number("SIGNALBOX_BODY_DAYS", &raw.body_days, 1..=36_500);
        let delivery = faults.number("SIGNALBOX_DELIVERY_DAYS", &raw.delivery_days, 1..=36_500);
        if delivery < body {
            let reason = format!("{delivery} days are fewer than the {body} that bodies are kept");
            faults.add("SIGNALBOX_DELIVERY_DAYS", reason);
        }
        Self { body: TimeDelta::days(body), delivery: TimeDelta::days(delivery) }
    }
}
