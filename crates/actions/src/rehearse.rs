//! What exactly would be run or sent, without running or sending anything: for a person to look at
//! before. Read from the same places as a run, so that what is refused there is refused here.
//!
//! Secrets are left out, and so are the values of variables that an entry passes on from
//! Signalbox's own environment: they are the operator's, not the panel's.

use super::{RunRequest, Told, command, http};
use signalbox_core::action::{ActionKind, Body, Command, Container, Http, Secrets};
use signalbox_core::failure::Failure;

/// What stands in a secret's place.
const MASK: &str = "••••••";
/// Variables of our own making, whose values may be seen.
const OWN: [&str; 3] = ["PATH", "HOME", "LANG"];

/// What would be done, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rehearsal {
    /// The kind of action.
    pub kind: &'static str,
    /// The program or the address, and each argument by itself.
    pub argv: Vec<String>,
    /// Further facts: a name, a value.
    pub facts: Vec<(&'static str, String)>,
    /// The environment of a program, the headers of a request: a name, a value; none = not shown.
    pub environment: Vec<(String, Option<String>)>,
    /// What it is given: the payload, if that is not the event's body.
    pub payload: Payload,
}

/// What an action is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Payload {
    /// The event, exactly as it came.
    Event,
    /// Nothing.
    Nothing,
    /// This text.
    Text(String),
}

/// Says what a run would be.
///
/// # Errors
/// Why it would not be started, as a sentence.
pub fn dry_run_action(request: &RunRequest) -> Result<Rehearsal, Failure> {
    let told = request.read_told()?;
    let mut rehearsal = match &request.spec.kind {
        ActionKind::Command(entry) => dry_run_command(entry, request, &told)?,
        ActionKind::Http(entry) => dry_run_request(entry, request, &told)?,
        ActionKind::Container(entry) => dry_run_container(entry),
    };
    rehearsal.kind = request.spec.kind.as_str();
    let limit = format!("{} s", request.time_limit().as_secs_f64());
    rehearsal.facts.push(("Timeout", limit));
    Ok(rehearsal)
}

fn dry_run_command(
    entry: &Command,
    request: &RunRequest,
    told: &Told,
) -> Result<Rehearsal, Failure> {
    let prepared = command::prepare_command(entry, request, told)?;
    let mut facts = vec![("Directory", entry.cwd.display().to_string())];
    if let Some(user) = &entry.user {
        facts.push(("Runs as", user.clone()));
    }
    let is_ours = |name: &str| {
        (OWN.contains(&name) && !entry.env.iter().any(|passed| passed == name))
            || (name.starts_with("SIGNALBOX_") && !entry.env.iter().any(|passed| passed == name))
    };
    let environment = prepared.env.into_iter().map(|(name, value)| {
        let value = if told.secrets.get(&name).is_some() {
            Some(MASK.to_owned())
        } else {
            Some(value).filter(|_| is_ours(&name))
        };
        (name, value)
    });
    let program = prepared.program.display().to_string();
    Ok(Rehearsal {
        kind: "",
        argv: std::iter::once(program).chain(prepared.args).collect(),
        facts,
        environment: environment.collect(),
        payload: Payload::Event,
    })
}

fn dry_run_request(entry: &Http, request: &RunRequest, told: &Told) -> Result<Rehearsal, Failure> {
    let mut secrets = Secrets::default();
    for (name, _) in told.secrets.iter() {
        secrets.insert(name, MASK);
    }
    let masked = Told { values: told.values.clone(), secrets };
    let source = request.fill_source(&masked);
    let headers = http::build_headers(entry, request, told, &masked)?;
    let headers = headers.into_iter().map(|(name, value)| (name, Some(value)));
    let payload = match &entry.body {
        Body::Event => Payload::Event,
        Body::Empty => Payload::Nothing,
        Body::Json(template) => Payload::Text(
            serde_json::to_string_pretty(&template.fill_template(source)).unwrap_or_default(),
        ),
    };
    let network = if entry.allow_private_network { "yes" } else { "no" };
    Ok(Rehearsal {
        kind: "",
        argv: vec![entry.method.as_str().to_owned(), entry.url.fill_text(source)],
        facts: vec![("Private networks", network.to_owned())],
        environment: headers.collect(),
        payload,
    })
}

fn dry_run_container(entry: &Container) -> Rehearsal {
    Rehearsal {
        kind: "",
        argv: vec![entry.operation.as_str().to_owned(), entry.name.clone()],
        facts: vec![("Engine", entry.socket.display().to_string())],
        environment: Vec::new(),
        payload: Payload::Nothing,
    }
}
