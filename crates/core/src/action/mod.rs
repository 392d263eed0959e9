//! Actions: what an operator's catalogue entry says, and what exactly is run for an event.
//!
//! `read.rs` (on `section.rs`) turns an entry's TOML into an [`ActionSpec`], naming every fault;
//! `parameter.rs` and `secret.rs` know what it declares; `placeholder.rs` the closed list of event
//! facts it may ask for; `invocation.rs` makes a command's arguments and environment, `text.rs` and
//! `request.rs` what is sent elsewhere. Pure: whether a program exists and who
//! may write to it is `signalbox_actions::catalogue`'s to find out.

mod git;
mod invocation;
mod parameter;
mod placeholder;
mod read;
mod registry;
mod request;
mod secret;
mod section;
mod text;

pub use invocation::{MAX_VALUE_BYTES, PATH, Refused};
pub use parameter::{Parameter, ParameterKind, Pattern};
pub use placeholder::{EventFacts, Fact};
pub use registry::{Login, Registry};
pub use request::{Body, Http, Method, Template};
pub use secret::{Secret, SecretSource, Secrets};
pub use text::{Source, Text};

use crate::retry::Policy;
use crate::sentence::Sentence;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;

/// One entry of the catalogue: a file `NAME.toml` of the operator's.
#[derive(Debug, Clone, PartialEq)]
pub struct ActionSpec {
    /// The file's name without `.toml`; what a webhook refers to.
    pub name: String,
    /// One line for the person choosing it.
    pub description: String,
    /// Tells this text of the entry from another.
    pub fingerprint: String,
    /// What is done.
    pub kind: ActionKind,
    /// What the person choosing it may fill in, in the order of their names.
    pub parameters: Vec<Parameter>,
    /// What it is told that nobody else may see, in the order of their names.
    pub secrets: Vec<Secret>,
    /// The longest it may run, in seconds; a webhook may ask for less, never for more.
    pub timeout_s: u32,
    /// Whether an ordinary failure is worth another try (exit 75 always is).
    pub retry_on_failure: bool,
    /// How long a failed job waits for its next try.
    pub retry: Policy,
    /// The resource of the host that it uses: of all entries that name it, one runs at a time.
    pub lane: Option<String>,
}

/// What an action does.
#[derive(Debug, Clone, PartialEq)]
pub enum ActionKind {
    /// Runs a program of this machine.
    Command(Command),
    /// Sends a request to an address of the operator's.
    Http(Http),
    /// Restarts or renews a container.
    Container(Container),
}

impl ActionKind {
    /// The word in an entry.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Command(_) => "command",
            Self::Http(_) => "http",
            Self::Container(_) => "container",
        }
    }
}

/// A container and what is done to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The socket on which the engine listens.
    pub socket: PathBuf,
    /// The container's name.
    pub name: String,
    /// What is done.
    pub operation: Operation,
    /// Seconds it is given to stop by itself; `None` = as long as the container says.
    pub stop_timeout_s: Option<u32>,
    /// The login at the registry of its image.
    pub registry: Option<Registry>,
}

/// What is done to a container.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operation {
    /// Stop and start.
    Restart,
    /// Pull its image; if that brought a newer one, make the container anew from it.
    Recreate,
}

impl Operation {
    /// The word in an entry.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Restart => "restart",
            Self::Recreate => "recreate",
        }
    }
}

/// What a command may use at most; `None` = as much as Signalbox may.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ResourceLimits {
    /// Seconds of processor time, of each process.
    pub cpu_s: Option<u64>,
    /// MiB of address space, of each process.
    pub memory_mib: Option<u64>,
    /// Open files, of each process.
    pub open_files: Option<u64>,
    /// Processes and threads of its user.
    pub processes: Option<u64>,
}

/// A program and how it is run.
#[derive(Debug, Clone, PartialEq)]
pub struct Command {
    /// The program: absolute, or `./…` beside the entry until the catalogue has made it absolute.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<Argument>,
    /// Its working directory.
    pub cwd: PathBuf,
    /// Variables of Signalbox's own environment that it gets too.
    pub env: Vec<String>,
    /// Whom it runs as, by name or number; `None` = as Signalbox does.
    pub user: Option<String>,
    /// With which group; `None` = the user's own.
    pub group: Option<String>,
    /// Which rights the files that it makes do not give.
    pub umask: Option<u32>,
    /// Whether it may gain rights by running sudo and the like.
    pub allow_new_privileges: bool,
    /// Whether processes that it leaves behind live on when it has ended by itself.
    pub may_leave_processes: bool,
    /// Whether what it writes to standard error is told apart from its other output.
    pub separate_stderr: bool,
    /// What it may use.
    pub limits: ResourceLimits,
}

/// One argument: either fixed or one whole value, never a mixture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// As written in the entry.
    Literal(String),
    /// A fact of the event.
    Fact(Fact),
    /// The value of a declared parameter.
    Parameter(String),
}

/// Something wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line it is on, from 1, where there is one.
    pub line: Option<usize>,
    /// What is wrong.
    pub reason: Sentence,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "line {line}: {}", self.reason),
            None => self.reason.fmt(f),
        }
    }
}

/// Something wrong with what was filled in for a parameter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParameterFault {
    /// The parameter.
    pub name: String,
    /// What to say beside its field.
    pub reason: Sentence,
}

impl ParameterFault {
    /// The parameter and what is wrong.
    pub fn sentence(self) -> Sentence {
        Sentence::new("{name}: {reason}")
            .with("name", self.name)
            .with_sentence("reason", self.reason)
    }
}

/// The longest limit an entry may set: a day.
pub const MAX_TIMEOUT_S: u32 = 86_400;

/// The limit of an entry that sets none.
pub const DEFAULT_TIMEOUT_S: u32 = 300;

/// Parameter values by name, checked and complete: made by [`ActionSpec::resolve_values`] alone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// The value of a parameter, absent where it is optional and was left out.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

/// Reads the address of a request, once its secrets are in it.
///
/// # Errors
/// What is wrong with it, without the address itself.
pub fn read_url(text: &str) -> Result<url::Url, Sentence> {
    read::check_url(text)
}

impl ActionSpec {
    /// Reads the entry called `name`.
    ///
    /// # Errors
    /// Every fault found, in the order of the lines.
    pub fn from_toml(name: &str, text: &str) -> Result<Self, Vec<Fault>> {
        read::read_action(name, text)
    }

    /// Checks what a person filled in for the parameters. An empty text counts as left out.
    ///
    /// # Errors
    /// Every parameter that is wrong, missing or unknown, with what to say beside it.
    pub fn check_params(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<(), Vec<ParameterFault>> {
        self.resolve_values(given).map(|_| ())
    }

    /// The value of every parameter: what was given, else the default.
    ///
    /// # Errors
    /// As for [`ActionSpec::check_params`].
    pub fn resolve_values(
        &self,
        given: &BTreeMap<String, String>,
    ) -> Result<Values, Vec<ParameterFault>> {
        let mut faults = Vec::new();
        let mut values = BTreeMap::new();
        for parameter in &self.parameters {
            match parameter.resolve_value(given.get(&parameter.name).map(String::as_str)) {
                Ok(Some(value)) => drop(values.insert(parameter.name.clone(), value)),
                Ok(None) => {}
                Err(reason) => {
                    faults.push(ParameterFault { name: parameter.name.clone(), reason });
                }
            }
        }
        let declared = |name: &str| self.parameters.iter().any(|known| known.name == name);
        let unknown = given.iter().filter(|(name, text)| !text.is_empty() && !declared(name));
        let reason = Sentence::new("The action {action} has no parameter of this name.")
            .with("action", &self.name);
        faults.extend(
            unknown.map(|(name, _)| ParameterFault { name: name.clone(), reason: reason.clone() }),
        );
        if faults.is_empty() { Ok(Values(values)) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests;
