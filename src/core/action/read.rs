//! An entry's TOML, read by hand so that every fault is found at once, each with its line.

use super::parameter::{DEFAULT_LENGTH, MAX_LENGTH, Parameter, ParameterKind, Pattern};
use super::section::{Faults, Section};
use super::{ActionKind, ActionSpec, Argument, Command, DEFAULT_TIMEOUT_S, Fault, MAX_TIMEOUT_S};
use crate::core::lane::is_name;
use std::path::{Path, PathBuf};
use toml::de::DeTable;

pub(super) fn read(name: &str, text: &str) -> Result<ActionSpec, Vec<Fault>> {
    let mut faults = Faults::of(text);
    if !is_entry_name(name) {
        faults.add(
            None,
            "a file's name is lower-case letters, digits, “-” and “_”, at most 64, then .toml",
        );
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    for error in &errors {
        faults.add(error.span().map(|span| span.start), error.message());
    }
    if !errors.is_empty() {
        return Err(faults.sorted());
    }
    let spec = spec(name, document.into_inner(), &mut faults);
    match spec {
        Some(spec) if faults.is_empty() => Ok(spec),
        _ => Err(faults.sorted()),
    }
}

fn spec(name: &str, document: DeTable<'_>, faults: &mut Faults<'_>) -> Option<ActionSpec> {
    let mut top = Section::new("", document);
    let kind = top.text("kind", faults).unwrap_or_else(|| ("command".to_owned(), 0));
    match kind.0.as_str() {
        "command" => {}
        "http" | "container" => {
            let reason = format!("kind = {:?}: this version runs only kind = \"command\"", kind.0);
            faults.add(Some(kind.1), reason);
            return None;
        }
        other => {
            faults.add(Some(kind.1), format!("kind = {other:?} is unknown: write \"command\""));
            return None;
        }
    }
    let description = top.text("description", faults).map_or_else(String::new, |(text, _)| text);
    let parameters = parameters(&mut top, faults);
    let command = command(&mut top, &parameters, faults);
    let timeout_s = top.integer("timeout_s", 1..=i64::from(MAX_TIMEOUT_S), faults);
    let retry_on_failure = top.boolean("retry_on_failure", faults).unwrap_or(false);
    let lane = lane(&mut top, faults);
    top.finish(faults);
    Some(ActionSpec {
        name: name.to_owned(),
        description,
        kind: ActionKind::Command(command?),
        parameters,
        timeout_s: timeout_s.and_then(|s| u32::try_from(s).ok()).unwrap_or(DEFAULT_TIMEOUT_S),
        retry_on_failure,
        lane,
    })
}

fn lane(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Option<String> {
    let (name, at) = top.text("lane", faults)?;
    if !is_name(&name) {
        let reason = "a lane's name is lower-case letters, digits, “-” and “_”, at most 64";
        faults.add(Some(at), format!("lane = {name:?}: {reason}"));
    }
    Some(name)
}

fn command(
    top: &mut Section<'_>,
    parameters: &[Parameter],
    faults: &mut Faults<'_>,
) -> Option<Command> {
    let cwd = top.text("cwd", faults);
    if let Some((path, at)) = &cwd
        && !Path::new(path).is_absolute()
    {
        faults.add(Some(*at), format!("cwd = {path:?}: write an absolute path"));
    }
    let env = top.texts("env", faults).unwrap_or_default();
    for (variable, at) in &env {
        if variable.starts_with("SIGNALBOX_") || !is_variable_name(variable) {
            let reason = format!("env: {variable:?} is not the name of a variable to pass on");
            faults.add(Some(*at), reason);
        }
    }
    let Some(elements) = top.texts("command", faults) else {
        if top.at("command").is_none() {
            faults.add(None, "command is missing: write command = [\"/path/of/program\", …]");
        }
        return None;
    };
    let mut elements = elements.into_iter();
    let Some((program, at)) = elements.next() else {
        faults.add(top.at("command"), "command is empty: write the program's path first");
        return None;
    };
    if !(program.starts_with('/') || program.starts_with("./")) || program.contains('\0') {
        let reason = format!(
            "command: {program:?} is not a path: write it from / on, or ./ for a file beside this one"
        );
        faults.add(Some(at), reason);
    }
    let mut args = Vec::new();
    for (element, at) in elements {
        match Argument::read(&element, args.last(), parameters) {
            Ok(argument) => args.push(argument),
            Err(reason) => faults.add(Some(at), format!("command: {reason}")),
        }
    }
    Some(Command {
        program: program.into(),
        args,
        cwd: cwd.map_or_else(|| PathBuf::from("/"), |(path, _)| path.into()),
        env: env.into_iter().map(|(variable, _)| variable).collect(),
    })
}

fn parameters(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Vec<Parameter> {
    let Some((table, _)) = top.table("parameters", faults) else { return Vec::new() };
    let mut all = Section::new("parameters.", table);
    let mut parameters = Vec::new();
    for name in all.keys() {
        let Some((table, at)) = all.table(&name, faults) else { continue };
        if !is_parameter_name(&name) {
            let reason = format!(
                "the parameter {name:?}: a name is a lower-case letter, then letters, digits and _, at most 32"
            );
            faults.add(Some(at), reason);
        }
        parameters.extend(parameter(&name, at, table, faults));
    }
    parameters
}

fn parameter(
    name: &str,
    at: usize,
    table: DeTable<'_>,
    faults: &mut Faults<'_>,
) -> Option<Parameter> {
    let mut section = Section::new(&format!("parameters.{name}."), table);
    let kind = parameter_kind(&mut section, at, faults);
    let default = section.scalar("default", faults);
    let required = section.boolean("required", faults);
    let help = section.text("help", faults).map_or_else(String::new, |(text, _)| text);
    let kind = kind?;
    section.finish(faults);
    if let Some((text, at)) = &default
        && let Err(reason) = kind.check(text)
    {
        faults.add(Some(*at), format!("parameters.{name}.default = {text:?}: {reason}"));
    }
    let required = default.is_none() && required.unwrap_or(kind != ParameterKind::Boolean);
    Some(Parameter {
        name: name.to_owned(),
        kind,
        required,
        default: default.map(|(text, _)| text),
        help,
    })
}

fn parameter_kind(
    section: &mut Section<'_>,
    at: usize,
    faults: &mut Faults<'_>,
) -> Option<ParameterKind> {
    let Some((word, word_at)) = section.text("type", faults) else {
        if section.at("type").is_none() {
            let reason = "has no type: write string, enum, integer or boolean";
            faults.add(Some(at), format!("{} {reason}", section.name()));
        }
        return None;
    };
    match word.as_str() {
        "string" => {
            let longest = i64::try_from(MAX_LENGTH).unwrap_or(i64::MAX);
            let max_length = section
                .integer("max_length", 1..=longest, faults)
                .and_then(|length| usize::try_from(length).ok())
                .unwrap_or(DEFAULT_LENGTH);
            let pattern = section.text("pattern", faults).and_then(|(source, at)| {
                Pattern::new(&source)
                    .map_err(|why| faults.add(Some(at), section.says("pattern", &why)))
                    .ok()
            });
            Some(ParameterKind::Text { pattern, max_length })
        }
        "enum" => {
            let values = section.texts("values", faults).unwrap_or_default();
            if values.is_empty() {
                faults.add(Some(word_at), section.says("values", "list what may be chosen"));
            }
            for (value, at) in &values {
                if value.is_empty() || value.chars().any(char::is_control) {
                    let why = format!(
                        "{value:?} cannot be chosen: it is empty or has control characters"
                    );
                    faults.add(Some(*at), section.says("values", &why));
                }
            }
            Some(ParameterKind::Choice(values.into_iter().map(|(value, _)| value).collect()))
        }
        "integer" => {
            let min = section.integer("min", i64::MIN..=i64::MAX, faults).unwrap_or(0);
            let max = section.integer("max", i64::MIN..=i64::MAX, faults).unwrap_or(i64::MAX);
            if min > max {
                faults.add(Some(word_at), section.says("min", "is greater than max"));
            }
            Some(ParameterKind::Integer { min, max })
        }
        "boolean" => Some(ParameterKind::Boolean),
        other => {
            let why = format!("{other:?} is unknown: write string, enum, integer or boolean");
            faults.add(Some(word_at), section.says("type", &why));
            None
        }
    }
}

/// Whether this may be an entry's name, and so a file's and an address's part.
fn is_entry_name(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    name.len() <= 64
        && name.starts_with(plain)
        && name.chars().all(|c| plain(c) || c == '-' || c == '_')
}

fn is_parameter_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn is_variable_name(name: &str) -> bool {
    !name.starts_with(|c: char| c.is_ascii_digit())
        && !name.is_empty()
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}
