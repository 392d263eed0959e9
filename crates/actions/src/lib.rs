#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod catalogue;
mod command;
mod container;
mod http;
mod identity;
mod pipes;
mod process;
mod recorder;
mod rehearse;
mod secrets;
mod trust;
mod watch;

pub use catalogue::{Catalogue, Fault};
pub use rehearse::{Payload, Rehearsal, dry_run_action};
pub use signalbox_core::output::{Chunk as OutputChunk, Stream};
pub use signalbox_process::Usage;
pub use watch::watch_directory;

use bytes::Bytes;
use recorder::Recorder;
use signalbox_core::action::{
    ActionKind, ActionSpec, EventFacts, ParameterFault, Secrets, Source, Values,
};
use signalbox_core::failure::Failure;
use signalbox_core::job::AttemptOutcome;
use signalbox_core::sentence::Sentence;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// One attempt to carry out.
#[derive(Debug, Clone)]
pub struct RunRequest {
    /// The entry.
    pub spec: Arc<ActionSpec>,
    /// What the webhook fills in for its parameters; checked again here.
    pub params: BTreeMap<String, String>,
    /// What the action is told about the event.
    pub facts: EventFacts,
    /// The body, exactly as received.
    pub body: Bytes,
    /// How long it may run; the entry's own limit holds if it is shorter.
    pub timeout: Duration,
}

/// What one run is told beside the event: values of its parameters, and secrets.
struct Told {
    values: Values,
    secrets: Secrets,
}

impl RunRequest {
    /// Checks the parameters and reads the secrets.
    fn read_told(&self) -> Result<Told, Failure> {
        let values = self.spec.resolve_values(&self.params).map_err(|faults| {
            let faults = faults.into_iter().map(ParameterFault::sentence).collect();
            Failure::ParametersWrong { faults }
        })?;
        let secrets =
            secrets::read_secrets(&self.spec).map_err(|reason| Failure::NotRun { reason })?;
        Ok(Told { values, secrets })
    }

    /// What every kind begins with: what it is told, and where its output goes.
    fn begin_recording(
        &self,
        output: mpsc::Sender<OutputChunk>,
    ) -> Result<(Told, Recorder), Failure> {
        let told = self.read_told()?;
        let recorder = Recorder::new(&told.secrets, output);
        Ok((told, recorder))
    }

    /// What texts of the entry are filled from.
    fn fill_source<'a>(&'a self, told: &'a Told) -> Source<'a> {
        Source {
            values: &told.values,
            facts: &self.facts,
            secrets: &told.secrets,
            parameters: &self.spec.parameters,
        }
    }

    /// The longest it may take.
    fn time_limit(&self) -> Duration {
        self.timeout.min(Duration::from_secs(self.spec.timeout_s.into()))
    }
}

/// Why the secrets of an entry cannot be had here and now, if they cannot.
pub fn secrets_missing(spec: &ActionSpec) -> Option<Sentence> {
    secrets::read_secrets(spec).err()
}

/// How an attempt ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The outcome.
    pub outcome: AttemptOutcome,
    /// Whether the failure asks for another try.
    pub temporary: bool,
    /// The exit code, if the command ended by itself.
    pub exit_code: Option<i32>,
    /// The signal that ended it.
    pub signal: Option<i32>,
    /// The answer's status, for actions that call out.
    pub http_status: Option<i32>,
    /// What it used of the processor and the memory, if it was a process.
    pub usage: Option<Usage>,
    /// What went wrong, if something did.
    pub failure: Option<Failure>,
    /// Program and arguments as they ran, secrets taken out, if it was a process.
    pub argv: Option<Vec<String>>,
}

impl Ended {
    /// It ended so, without a process of its own.
    fn with_outcome(outcome: AttemptOutcome, failure: Option<Failure>) -> Self {
        Self {
            outcome,
            temporary: false,
            exit_code: None,
            signal: None,
            http_status: None,
            usage: None,
            failure,
            argv: None,
        }
    }

    /// It never started, for this reason.
    fn not_started(spec: &ActionSpec, why: Failure) -> Self {
        let temporary = spec.retry_on_failure;
        Self { temporary, ..Self::with_outcome(AttemptOutcome::Failed, Some(why)) }
    }
}

/// Carries out one attempt, from its start to its end.
///
/// Its output goes to `output` while it runs, at most [`signalbox_core::output::LIMIT_BYTES`] of it
/// (then the head and the tail, with a notice between). A receiver that is gone stops nothing.
/// `stop` cancelled = TERM to its group, KILL after the grace, outcome `cancelled`.
pub async fn run_attempt(
    request: RunRequest,
    output: mpsc::Sender<OutputChunk>,
    stop: CancellationToken,
) -> Ended {
    let spec = Arc::clone(&request.spec);
    #[cfg(feature = "bench")]
    if spec.name == "in-process" {
        tokio::time::sleep(Duration::from_millis(1)).await;
        return Ended::with_outcome(AttemptOutcome::Succeeded, None);
    }
    match &spec.kind {
        ActionKind::Command(command) => {
            command::run_command(command, request, process::Limits::default(), output, stop).await
        }
        ActionKind::Http(http) => http::run_request(http, request, output, stop).await,
        ActionKind::Container(container) => {
            container::update_container(container, request, output, stop).await
        }
    }
}

#[cfg(test)]
impl Ended {
    /// What went wrong, in English; empty if nothing did.
    fn error(&self) -> String {
        self.failure.as_ref().map(ToString::to_string).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
