//! Settings of `/metrics`.

use super::Faults;
use clap::Args;
use secrecy::{ExposeSecret, SecretString};

/// The shortest token, in characters.
const SHORTEST: usize = 16;

#[derive(Debug, Clone, Args)]
pub(super) struct RawMetrics {
    /// Address and port of their own for /metrics; unset: none
    #[arg(long, env = "SIGNALBOX_METRICS_BIND", value_name = "ADDR:PORT", global = true)]
    metrics_bind: Option<String>,
    /// What Prometheus presents as its bearer token, at least 16 characters; with it, the main address answers /metrics too
    #[arg(
        long,
        env = "SIGNALBOX_METRICS_TOKEN",
        value_name = "TEXT",
        hide_env_values = true,
        global = true
    )]
    metrics_token: Option<SecretString>,
}

/// Where and to whom measures are told.
#[derive(Debug, Clone, Default)]
pub struct MetricsSettings {
    /// An address of their own.
    pub bind: Option<String>,
    /// What is asked for; none = nothing, and only at the address of their own.
    pub token: Option<SecretString>,
}

impl MetricsSettings {
    pub(super) fn from_raw(raw: RawMetrics, faults: &mut Faults) -> Self {
        let token = raw.metrics_token.filter(|token| !token.expose_secret().is_empty());
        // Headers carry visible letters; a token that never matches would be a riddle.
        let is_sound = |token: &str| {
            token.chars().count() >= SHORTEST && token.chars().all(|c| c.is_ascii_graphic())
        };
        if token.as_ref().is_some_and(|token| !is_sound(token.expose_secret())) {
            faults.add_fault(
                "SIGNALBOX_METRICS_TOKEN",
                format!("it is not at least {SHORTEST} letters, digits or signs without spaces"),
            );
        }
        let bind = raw.metrics_bind.map(|bind| bind.trim().to_owned());
        Self { bind: bind.filter(|bind| !bind.is_empty()), token }
    }

    /// Whether anything is measured.
    pub fn is_wanted(&self) -> bool {
        self.bind.is_some() || self.token.is_some()
    }
}
