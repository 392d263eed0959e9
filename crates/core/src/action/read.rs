//! An entry's TOML, read by hand so that every fault is found at once, each with its line. What
//! every entry has is read here, the rest by its kind.

mod command;
mod container;
mod http;
mod parameters;
mod retry;

pub(super) use http::check_url;

use super::section::{Faults, Section};
use super::{ActionKind, ActionSpec, DEFAULT_TIMEOUT_S, Fault, MAX_TIMEOUT_S, Parameter, Secret};
use super::{secret, text};
use crate::idempotency::to_hex;
use crate::lane::is_name;
use crate::sentence::Sentence;
use sha2::{Digest, Sha256};
use toml::de::DeTable;

pub(super) fn read_action(name: &str, text: &str) -> Result<ActionSpec, Vec<Fault>> {
    let mut faults = Faults::for_text(text);
    if !is_entry_name(name) {
        faults.add_at(
            None,
            "a file's name is lower-case letters, digits, “-” and “_”, at most 64, then .toml",
        );
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        faults.add_at(error.span().map(|span| span.start), error.message().to_owned());
    }
    if !errors.is_empty() {
        return Err(faults.into_sorted());
    }
    let spec = read_spec_table(name, document.into_inner(), &mut faults);
    match spec {
        Some(spec) if faults.is_empty() => {
            Ok(ActionSpec { fingerprint: fingerprint(text), ..spec })
        }
        _ => Err(faults.into_sorted()),
    }
}

fn fingerprint(text: &str) -> String {
    let mut digits = to_hex(&Sha256::digest(text.as_bytes()));
    digits.truncate(32);
    digits
}

/// What the part of a kind may refer to.
struct Declared {
    parameters: Vec<Parameter>,
    secrets: Vec<Secret>,
}

impl Declared {
    fn for_text(&self, secrets_only: bool) -> text::Declared<'_> {
        text::Declared { parameters: &self.parameters, secrets: &self.secrets, secrets_only }
    }
}

fn read_spec_table(
    name: &str,
    document: DeTable<'_>,
    faults: &mut Faults<'_>,
) -> Option<ActionSpec> {
    let mut top = Section::new("", document);
    let kind = top.take_text("kind", faults).unwrap_or_else(|| ("command".to_owned(), 0));
    let description =
        top.take_text("description", faults).map_or_else(String::new, |(text, _)| text);
    let declared = Declared {
        parameters: parameters::read_parameters(&mut top, faults),
        secrets: secret::read_secret_table(&mut top, faults),
    };
    let timeout_s = top.take_integer("timeout_s", 1..=i64::from(MAX_TIMEOUT_S), faults);
    let retry_on_failure = top.take_boolean("retry_on_failure", faults).unwrap_or(false);
    let retry = retry::read_retry(&mut top, faults);
    let lane = read_lane(&mut top, faults);
    let kind = match kind.0.as_str() {
        "command" => command::read_command(&mut top, &declared, faults).map(ActionKind::Command),
        "http" => http::read_http(&mut top, &declared, faults).map(ActionKind::Http),
        "container" => {
            container::read_container(&mut top, &declared, faults).map(ActionKind::Container)
        }
        other => {
            let reason =
                Sentence::new("kind = {other} is unknown: write command, http or container")
                    .with("other", format!("{other:?}"));
            faults.add_at(Some(kind.1), reason);
            return None;
        }
    };
    top.reject_unknown(faults);
    let Declared { parameters, secrets } = declared;
    Some(ActionSpec {
        name: name.to_owned(),
        description,
        fingerprint: String::new(),
        kind: kind?,
        parameters,
        secrets,
        timeout_s: timeout_s.and_then(|s| u32::try_from(s).ok()).unwrap_or(DEFAULT_TIMEOUT_S),
        retry_on_failure,
        retry,
        lane,
    })
}

fn read_lane(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Option<String> {
    let (name, at) = top.take_text("lane", faults)?;
    if !is_name(&name) {
        let reason = "a lane's name is lower-case letters, digits, “-” and “_”, at most 64";
        faults.add_at(
            Some(at),
            Sentence::new("lane = {name}: {reason}")
                .with("name", format!("{name:?}"))
                .with_sentence("reason", reason),
        );
    }
    Some(name)
}

/// Whether this may be an entry's name, and so a file's and an address's part.
fn is_entry_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 64
        && name.starts_with(plain)
        && name.chars().all(|c| plain(c) || c == '-' || c == '_')
}

pub(super) fn is_variable_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
