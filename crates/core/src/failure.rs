//! Why an attempt failed: a code with its values. Stored so (`job_attempts.failure`), and said in
//! the language of whoever reads it.

use super::delivery_reason::DeliveryReason;
use super::sentence::Sentence;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::fmt;

/// Why. The names of its variants and fields are part of the database's shape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "code", content = "args", rename_all = "snake_case")]
#[expect(missing_docs, reason = "the values of the sentences below")]
pub enum Failure {
    /// Its worker had no heartbeat any more.
    WorkerLost,
    /// Its worker was stopped.
    WorkerStopped,
    /// Signalbox itself failed.
    Internal,
    /// The delivery's body has been removed.
    BodyGone,
    /// The delivery's body cannot be read.
    BodyUnreadable { because: Box<DeliveryReason> },
    /// The stored parameters cannot be read.
    ParametersUnreadable { error: String },
    /// The parameters do not fit the action.
    ParametersWrong { faults: Vec<Sentence> },
    /// There is no such action, or its file has a fault.
    ActionMissing { name: String, fault: Option<Sentence> },
    /// Something about the action is not in order.
    NotRun { reason: Sentence },
    /// Its directory is none.
    NoDirectory { path: String },
    /// The program or its interpreter does not exist.
    ProgramMissing { program: String },
    /// The program was not started.
    NotStarted { program: String, error: String },
    /// The operating system did not tell how it ended.
    EndNotSeen { error: String },
    /// It took longer than it may.
    TimeLimit { seconds: String },
    /// A person or a newer job ended it.
    Stopped,
    /// It ended with this code.
    ExitCode { code: i32 },
    /// It ended without a code.
    NoExitCode,
    /// A signal ended it.
    Signal { number: i32 },
    /// No whole answer came in time.
    NoAnswer { seconds: String },
    /// It was ended while it waited for an answer.
    StoppedWaiting,
    /// The request was not sent.
    NotSent { reason: Sentence },
    /// The connection broke.
    ExchangeBroken { error: String },
    /// The other side answered so.
    HttpStatus { status: String, is_redirect: bool },
    /// The host's name has no address.
    HostNotFound { name: String, error: String },
    /// No address of the host took a connection.
    NoConnection { last: Sentence },
    /// The certificates of this machine cannot be read.
    CertificatesUnreadable,
    /// There are none.
    NoCertificates,
    /// No certificate can be for this name.
    NameWithoutCertificate { name: String },
    /// The address names no host.
    NoHost,
    /// The other side's certificate is not trusted.
    CertificateRefused { error: String },
    /// TLS cannot be used.
    TlsUnusable { error: String },
    /// The other side speaks no TLS.
    NoTls { error: String },
    /// The container was to be renewed, and not in time.
    ContainerTimeLimit { seconds: String },
    /// The same, but ended.
    ContainerStopped,
    /// The container is removed when it stops.
    ContainerRemoved,
    /// Its image is of another registry.
    OtherRegistry { image: String, server: String },
    /// Its image has no name.
    ImageNameless,
    /// Its image was not pulled.
    NotPulled { error: String },
    /// The new container failed, and the old one is back.
    PutBack { because: Box<Self> },
    /// The new container failed, and so did the old one.
    NotPutBack { because: Box<Self>, error: Box<Self> },
    /// The engine's socket takes no connection.
    NoEngine { socket: String, error: String },
    /// The engine did not answer in time.
    EngineSilent { seconds: u64 },
    /// Its answer is longer than is read.
    EngineEndless,
    /// What it said is no address.
    EngineAddress,
    /// The connection with it broke.
    EngineBroken { error: String },
    /// It refused.
    EngineRefused { status: String, message: Option<String> },
}

impl Failure {
    /// From what is stored; none if it is of another version.
    pub fn from_stored(stored: &Value) -> Option<Self> {
        Self::deserialize(stored).ok()
    }

    /// As it is stored.
    pub fn to_stored(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    /// With another text for each that it holds, its own words left alone: to take secrets out. What is
    /// too long to be shown among a job's lines is cut.
    #[must_use]
    pub fn with_texts(self, change: &impl Fn(&str) -> String) -> Self {
        with_changed_texts(&self, change).unwrap_or(Self::Internal)
    }

    /// The sentence for it.
    #[expect(clippy::too_many_lines, reason = "an arm for each reason")]
    pub fn sentence(&self) -> Sentence {
        match self {
            Self::WorkerLost => "The worker died before the attempt ended".into(),
            Self::WorkerStopped => "The worker was stopped before the attempt ended".into(),
            Self::Internal => "Signalbox failed while it ran the action".into(),
            Self::BodyGone => "The delivery's body is not kept any more".into(),
            Self::BodyUnreadable { because } => because.sentence(),
            Self::ParametersUnreadable { error } => {
                Sentence::new("The action's parameters are unreadable: {error}").with("error", error)
            }
            Self::ParametersWrong { faults } => {
                Sentence::new("Its parameters are not in order. {faults}")
                    .with_sentence("faults", Sentence::from_sequence(faults.clone()))
            }
            Self::ActionMissing { name, fault: Some(fault) } => {
                Sentence::new("The action {name} is not in the catalogue: {fault}.")
                    .with("name", name)
                    .with_sentence("fault", fault.clone())
            }
            Self::ActionMissing { name, fault: None } => Sentence::new(
                "The action {name} is not in the catalogue: the actions directory has no {name}.toml.",
            )
            .with("name", name),
            Self::NotRun { reason } => {
                Sentence::new("Not run: {reason}.").with_sentence("reason", reason.clone())
            }
            Self::NoDirectory { path } => {
                Sentence::new("Not run: its cwd {path} is not a directory.").with("path", path)
            }
            Self::ProgramMissing { program } => Sentence::new(
                "{program} could not be started: it, or the interpreter its first line names, does not exist.",
            )
            .with("program", program),
            Self::NotStarted { program, error } => {
                Sentence::new("{program} could not be started: {error}.")
                    .with("program", program)
                    .with("error", error)
            }
            Self::EndNotSeen { error } => {
                Sentence::new("Its end was not seen: {error}").with("error", error)
            }
            Self::TimeLimit { seconds } => {
                Sentence::new("It ran longer than its limit of {seconds} s and was ended.")
                    .with("seconds", seconds)
            }
            Self::Stopped => "It was stopped while it ran.".into(),
            Self::ExitCode { code } => Sentence::new(exit_code(*code)).with("code", code),
            Self::NoExitCode => "It ended without an exit code.".into(),
            Self::Signal { number } => signal_sentence(*number),
            Self::NoAnswer { seconds } => {
                Sentence::new("There was no whole answer within its limit of {seconds} s.")
                    .with("seconds", seconds)
            }
            Self::StoppedWaiting => "It was stopped while it waited for the answer.".into(),
            Self::NotSent { reason } => {
                Sentence::new("Not sent: {reason}.").with_sentence("reason", reason.clone())
            }
            Self::ExchangeBroken { error } => {
                Sentence::new("The exchange broke off: {error}.").with("error", error)
            }
            Self::HttpStatus { status, is_redirect } => {
                let pattern = if *is_redirect {
                    "The answer was {status}; redirects are not followed."
                } else {
                    "The answer was {status}."
                };
                Sentence::new(pattern).with("status", status)
            }
            Self::HostNotFound { name, error } => Sentence::new("{name} was not found: {error}.")
                .with("name", name)
                .with("error", error),
            Self::NoConnection { last } => {
                Sentence::new("No connection: {last}.").with_sentence("last", last.clone())
            }
            Self::CertificatesUnreadable => "The trusted certificates could not be read.".into(),
            Self::NoCertificates => {
                "This machine has no trusted certificates: install ca-certificates.".into()
            }
            Self::NameWithoutCertificate { name } => {
                Sentence::new("{name} is no name that a certificate can have.").with("name", name)
            }
            Self::NoHost => "The address has no host.".into(),
            Self::CertificateRefused { error } => Sentence::new(
                "Not sent: its certificate was refused ({error}). Name its issuer in ca_file, or trust it on this machine.",
            )
            .with("error", error),
            Self::TlsUnusable { error } => {
                Sentence::new("TLS is not to be had: {error}.").with("error", error)
            }
            Self::NoTls { error } => Sentence::new("No TLS: {error}.").with("error", error),
            Self::ContainerTimeLimit { seconds } => Sentence::new(
                "It took longer than its limit of {seconds} s; the container is as it was.",
            )
            .with("seconds", seconds),
            Self::ContainerStopped => "It was stopped; the container is as it was.".into(),
            Self::ContainerRemoved => "It was started to be removed when it stops (--rm), so it cannot be put back if the new one fails.".into(),
            Self::OtherRegistry { image, server } => Sentence::new(
                "{image} is not of the registry {server}, to which alone the entry logs in.",
            )
            .with("image", image)
            .with("server", server),
            Self::ImageNameless => {
                "It was made from an image without a name, which cannot be pulled.".into()
            }
            Self::NotPulled { error } => {
                Sentence::new("The image could not be pulled: {error}.").with("error", error)
            }
            Self::PutBack { because } => {
                Sentence::new("{why} The old one runs again.").with_sentence("why", because.sentence())
            }
            Self::NotPutBack { because, error } => {
                Sentence::new("{why} The old one could not be put back either: {error}")
                    .with_sentence("why", because.sentence())
                    .with_sentence("error", error.sentence())
            }
            Self::NoEngine { socket, error } => Sentence::new("No engine at {socket}: {error}.")
                .with("socket", socket)
                .with("error", error),
            Self::EngineSilent { seconds } => {
                Sentence::new("The engine did not answer within {seconds} s.")
                    .with("seconds", seconds)
            }
            Self::EngineEndless => "The engine's answer has no end.".into(),
            Self::EngineAddress => "The engine's own words make no address.".into(),
            Self::EngineBroken { error } => {
                Sentence::new("The engine broke off: {error}.").with("error", error)
            }
            Self::EngineRefused { status, message } => {
                let sentence =
                    Sentence::new("The engine refused ({status}): {message}.").with("status", status);
                match message {
                    Some(message) => sentence.with("message", message),
                    None => sentence.with_sentence("message", "no reason given"),
                }
            }
        }
    }
}

/// The same with another text for each that it holds; none if it cannot be read back.
pub(crate) fn with_changed_texts<T: Serialize + DeserializeOwned>(
    of: &T,
    change: &impl Fn(&str) -> String,
) -> Option<T> {
    let mut stored = serde_json::to_value(of).ok()?;
    change_texts(&mut stored, change);
    serde_json::from_value(stored).ok()
}

/// The most bytes of a text that came from elsewhere: an engine answers with megabytes if it likes.
const MOST_TEXT: usize = 2_048;

/// Also cuts what is too long, and replaces NUL: `jsonb` refuses it.
fn change_texts(value: &mut Value, change: &impl Fn(&str) -> String) {
    match value {
        Value::String(text) => {
            *text = change(text).replace('\0', "\u{FFFD}");
            if text.len() > MOST_TEXT {
                text.truncate(text.floor_char_boundary(MOST_TEXT));
                text.push('…');
            }
        }
        Value::Array(values) => values.iter_mut().for_each(|value| change_texts(value, change)),
        Value::Object(fields) => {
            let texts = fields.iter_mut().filter(|(key, _)| *key != "code" && *key != "pattern");
            texts.for_each(|(_, value)| change_texts(value, change));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Source: sysexits.h, `EX_TEMPFAIL`; the POSIX shell's "Exit Status for Commands".
fn exit_code(code: i32) -> &'static str {
    match code {
        75 => "It ended with exit code {code}: a temporary failure, by its own word.",
        126 => "It ended with exit code {code}: a shell's word for a file it may not run.",
        127 => "It ended with exit code {code}: a shell's word for a command it cannot find.",
        _ => "It ended with exit code {code}.",
    }
}

fn signal_sentence(number: i32) -> Sentence {
    let pattern = match signal_name(number) {
        Some("SIGXCPU") => {
            "It was ended by signal {signal} (SIGXCPU: it used up its processor time)."
        }
        Some(_) => "It was ended by signal {signal} ({name}).",
        None => "It was ended by signal {signal}.",
    };
    Sentence::new(pattern)
        .with("signal", number)
        .with("name", signal_name(number).unwrap_or_default())
}

/// Source: signal(7), the numbers that are the same on every architecture.
fn signal_name(signal: i32) -> Option<&'static str> {
    match signal {
        1 => Some("SIGHUP"),
        2 => Some("SIGINT"),
        3 => Some("SIGQUIT"),
        4 => Some("SIGILL"),
        6 => Some("SIGABRT"),
        8 => Some("SIGFPE"),
        9 => Some("SIGKILL"),
        11 => Some("SIGSEGV"),
        13 => Some("SIGPIPE"),
        14 => Some("SIGALRM"),
        15 => Some("SIGTERM"),
        24 => Some("SIGXCPU"),
        _ => None,
    }
}

/// In English.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.sentence().fmt(f)
    }
}

pub mod samples;

#[cfg(test)]
mod tests;
