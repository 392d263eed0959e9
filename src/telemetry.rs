//! The log: readable on a terminal, JSON otherwise, to standard error.
//!
//! A line is a sentence with the identifiers in it, and the same as dotted fields. Secrets never
//! get here: settings that hold one are `SecretString`, headers are stored and logged from an
//! allow list.

use crate::config::LogFormat;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::time::ChronoUtc;

/// Parts that tell little at `info`.
const QUIET: &str = "apalis=warn,apalis_core=warn,actix_server=warn,\
                     actix_http=warn,diesel_async=warn";

/// Starts the log.
///
/// # Errors
/// If the filter cannot be read, or a log was started before.
pub fn start_log(filter: &str, format: LogFormat) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}"))?;
    let terminal = std::io::stderr().is_terminal();
    let text = match format {
        LogFormat::Auto => terminal,
        LogFormat::Text => true,
        LogFormat::Json => false,
    };
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = if text {
        let time = ChronoUtc::new("%H:%M:%S%.3f".to_owned());
        log.with_timer(time).with_ansi(terminal).with_target(false).compact().try_init()
    } else {
        log.with_timer(ChronoUtc::rfc_3339()).json().flatten_event(true).try_init()
    };
    started.map_err(|error| anyhow::anyhow!(error))
}
