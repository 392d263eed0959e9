//! Settings of the worker and its actions.

use super::Faults;
use clap::Args;
use std::path::PathBuf;
use std::time::Duration;

#[derive(Debug, Clone, Args)]
pub(super) struct RawWorker {
    /// Folder of the action catalogue
    #[arg(
        long,
        env = "SIGNALBOX_ACTIONS_DIR",
        value_name = "DIR",
        default_value = "./actions",
        global = true
    )]
    actions_dir: PathBuf,
    /// Attempts that one worker makes at once
    #[arg(
        long,
        env = "SIGNALBOX_WORKER_CONCURRENCY",
        value_name = "N",
        default_value = "4",
        global = true
    )]
    worker_concurrency: String,
    /// Seconds that running attempts may go on after Signalbox is told to stop
    #[arg(
        long,
        env = "SIGNALBOX_GRACE_S",
        value_name = "SECONDS",
        default_value = "30",
        global = true
    )]
    grace_s: String,
}

/// How jobs are run.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// The folder of the action catalogue.
    pub actions_dir: PathBuf,
    /// Attempts made at once.
    pub concurrency: usize,
    /// How long running attempts may go on after the worker is told to stop.
    pub grace: Duration,
}

impl WorkerSettings {
    pub(super) fn from_raw(raw: RawWorker, faults: &mut Faults) -> Self {
        let concurrency =
            faults.parse_number("SIGNALBOX_WORKER_CONCURRENCY", &raw.worker_concurrency, 1..=256);
        let grace_s = faults.parse_number("SIGNALBOX_GRACE_S", &raw.grace_s, 0..=86_400);
        Self { actions_dir: raw.actions_dir, concurrency, grace: Duration::from_secs(grace_s) }
    }
}
