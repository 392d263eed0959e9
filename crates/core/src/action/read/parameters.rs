//! `[parameters.NAME]`.

use crate::action::parameter::{DEFAULT_LENGTH, MAX_LENGTH, Parameter, ParameterKind, Pattern};
use crate::action::section::{Faults, Section};
use crate::sentence::Sentence;
use toml::de::DeTable;

pub(super) fn read(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Vec<Parameter> {
    let Some((table, _)) = top.table("parameters", faults) else { return Vec::new() };
    let mut all = Section::new("parameters.", table);
    let mut parameters = Vec::new();
    for name in all.keys() {
        let Some((table, at)) = all.table(&name, faults) else { continue };
        if !is_parameter_name(&name) {
            let reason = Sentence::new("the parameter {name}: a name is a lower-case letter, then letters, digits and _, at most 32").with("name", format!("{name:?}"));
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
        faults.add(
            Some(*at),
            Sentence::new("parameters.{name}.default = {text}: {reason}")
                .with("name", name)
                .with("text", format!("{text:?}"))
                .saying("reason", reason),
        );
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
            let name = section.name();
            let reason = Sentence::new("{name} has no type: write string, enum, integer, boolean, git-ref, git-sha or project-path").with("name", name);
            faults.add(Some(at), reason);
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
                    .map_err(|why| faults.add(Some(at), section.says("pattern", why)))
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
                    let why = Sentence::new(
                        "{value} cannot be chosen: it is empty or has control characters",
                    )
                    .with("value", format!("{value:?}"));
                    faults.add(Some(*at), section.says("values", why));
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
        "git-ref" => Some(ParameterKind::GitRef),
        "git-sha" => Some(ParameterKind::GitSha),
        "project-path" => Some(ParameterKind::ProjectPath),
        other => {
            let why = Sentence::new("{other} is unknown: write string, enum, integer, boolean, git-ref, git-sha or project-path").with("other", format!("{other:?}"));
            faults.add(Some(word_at), section.says("type", why));
            None
        }
    }
}

fn is_parameter_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
