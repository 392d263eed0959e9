//! The settings: read once, from flags and environment variables alike, a struct per concern.
//!
//! Every fault is found, not only the first. Each setting's doc comment is its line in `--help`
//! and in the README's table. Nothing else in the program reads the environment.

pub mod database;
mod faults;
pub mod metrics;
pub mod retention;
pub mod web;
pub mod worker;

pub use database::DatabaseSettings;
pub use faults::{BadSettings, Faults};
pub use metrics::MetricsSettings;
pub use retention::RetentionSettings;
pub use web::WebSettings;
pub use worker::WorkerSettings;

use clap::Args;
use secrecy::SecretString;
use std::path::PathBuf;

/// The settings as they are written: text, not yet looked at.
#[derive(Debug, Clone, Args)]
pub struct RawSettings {
    #[command(flatten)]
    database: database::RawDatabase,
    #[command(flatten)]
    web: web::RawWeb,
    #[command(flatten)]
    worker: worker::RawWorker,
    #[command(flatten)]
    retention: retention::RawRetention,
    #[command(flatten)]
    metrics: metrics::RawMetrics,
    /// Encrypts stored secrets and signs cookies, at least 32 characters; unset: generated once and kept in the data directory
    #[arg(
        long,
        env = "SIGNALBOX_SECRET_KEY",
        value_name = "TEXT",
        hide_env_values = true,
        global = true
    )]
    secret_key: Option<SecretString>,
    /// Name of the first user, made at start if there is none
    #[arg(long, env = "SIGNALBOX_SUPERUSER_USERNAME", value_name = "NAME", global = true)]
    superuser_username: Option<String>,
    /// Password of the first user, and of `createsuperuser --noinput`
    #[arg(
        long,
        env = "SIGNALBOX_SUPERUSER_PASSWORD",
        value_name = "TEXT",
        hide_env_values = true,
        global = true
    )]
    superuser_password: Option<SecretString>,
    /// Memory of one password hash, in KiB
    #[arg(
        long,
        env = "SIGNALBOX_PASSWORD_MEMORY_KIB",
        value_name = "KIB",
        default_value = "19456",
        global = true
    )]
    password_memory_kib: String,
    /// What is logged: a level (`info`), or levels by part (`info,signalbox=debug`)
    #[arg(
        long,
        env = "SIGNALBOX_LOG",
        value_name = "FILTER",
        default_value = "info",
        global = true
    )]
    log: String,
    /// How it is written: `text`, `json`, or `auto` (text on a terminal)
    #[arg(
        long,
        env = "SIGNALBOX_LOG_FORMAT",
        value_name = "FORMAT",
        default_value = "auto",
        global = true
    )]
    log_format: String,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// Text on a terminal, else JSON.
    Auto,
    /// For people.
    Text,
    /// For machines, one object a line.
    Json,
}

/// The settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The database and the data directory.
    pub database: DatabaseSettings,
    /// The web server.
    pub web: WebSettings,
    /// The worker.
    pub worker: WorkerSettings,
    /// How long things are kept.
    pub retention: RetentionSettings,
    /// Where measures are told.
    pub metrics: MetricsSettings,
    /// The secret key, if one is set.
    pub secret_key: Option<SecretString>,
    /// The first user's name and password, if both are set.
    pub superuser: Option<(String, SecretString)>,
    /// The password in the environment, for the command line.
    pub superuser_password: Option<SecretString>,
    /// Memory of one password hash, in KiB.
    pub password_memory_kib: u32,
    /// The log's filter.
    pub log: String,
    /// The log's format.
    pub log_format: LogFormat,
}

impl Settings {
    /// Looks at what is written.
    ///
    /// # Errors
    /// [`BadSettings`] with every fault.
    pub fn from_raw(raw: RawSettings) -> Result<Self, BadSettings> {
        let mut faults = Faults::default();
        let password_memory_kib = faults.parse_number(
            "SIGNALBOX_PASSWORD_MEMORY_KIB",
            &raw.password_memory_kib,
            8..=4_194_304,
        );
        let log_format = match raw.log_format.as_str() {
            "auto" => LogFormat::Auto,
            "text" => LogFormat::Text,
            "json" => LogFormat::Json,
            other => {
                faults.add_fault(
                    "SIGNALBOX_LOG_FORMAT",
                    format!("{other:?} is none of auto, text, json"),
                );
                LogFormat::Auto
            }
        };
        let superuser_password = raw.superuser_password.clone();
        let superuser = match (raw.superuser_username, raw.superuser_password) {
            (Some(name), Some(password)) => Some((name, password)),
            _ => None,
        };
        let settings = Self {
            database: DatabaseSettings::from_raw(raw.database, &mut faults),
            web: WebSettings::from_raw(raw.web, &mut faults),
            worker: WorkerSettings::from_raw(raw.worker, &mut faults),
            retention: RetentionSettings::from_raw(&raw.retention, &mut faults),
            metrics: MetricsSettings::from_raw(raw.metrics, &mut faults),
            secret_key: secret_key(raw.secret_key, &mut faults),
            superuser,
            superuser_password,
            password_memory_kib,
            log: raw.log,
            log_format,
        };
        faults.none_or(settings)
    }
}

/// The fewest characters of a secret key that is set by hand.
const MIN_KEY_CHARS: usize = 32;

fn secret_key(raw: Option<SecretString>, faults: &mut Faults) -> Option<SecretString> {
    use secrecy::ExposeSecret;
    let key = raw.filter(|key| !key.expose_secret().is_empty())?;
    if key.expose_secret().chars().count() < MIN_KEY_CHARS {
        faults.add_fault(
            "SIGNALBOX_SECRET_KEY",
            format!("it has fewer than {MIN_KEY_CHARS} characters"),
        );
    }
    Some(key)
}

/// A path, if one is set.
fn non_empty_path(raw: Option<PathBuf>) -> Option<PathBuf> {
    raw.filter(|path| !path.as_os_str().is_empty())
}
