//! `[parameters.NAME]`.

use crate::action::parameter::{DEFAULT_LENGTH, MAX_LENGTH, Parameter, ParameterKind, Pattern};
use crate::action::section::{Faults, Section};
use crate::sentence::Sentence;
use toml::de::DeTable;

pub(super) fn read_parameters(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Vec<Parameter> {
    let Some((table, _)) = top.take_table("parameters", faults) else { return Vec::new() };
    let mut all = Section::new("parameters.", table);
    let mut parameters = Vec::new();
    for name in all.keys() {
        let Some((table, at)) = all.take_table(&name, faults) else { continue };
        if !is_parameter_name(&name) {
            let reason = Sentence::new("the parameter {name}: a name is a lower-case letter, then letters, digits and _, at most 32").with("name", format!("{name:?}"));
            faults.add_at(Some(at), reason);
        }
        parameters.extend(read_parameter(&name, at, table, faults));
    }
    parameters
}

fn read_parameter(
    name: &str,
    at: usize,
    table: DeTable<'_>,
    faults: &mut Faults<'_>,
) -> Option<Parameter> {
    let mut section = Section::new(&format!("parameters.{name}."), table);
    let kind = parameter_kind(&mut section, at, faults);
    let default = section.take_scalar("default", faults);
    let required = section.take_boolean("required", faults);
    let help = section.take_text("help", faults).map_or_else(String::new, |(text, _)| text);
    let kind = kind?;
    section.reject_unknown(faults);
    if let Some((text, at)) = &default
        && let Err(reason) = kind.check_text(text)
    {
        faults.add_at(
            Some(*at),
            Sentence::new("parameters.{name}.default = {text}: {reason}")
                .with("name", name)
                .with("text", format!("{text:?}"))
                .with_sentence("reason", reason),
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
    let Some((word, word_at)) = section.take_text("type", faults) else {
        if section.position_of("type").is_none() {
            let name = section.name();
            let reason = Sentence::new("{name} has no type: write string, enum, integer, boolean, git-ref, git-sha or project-path").with("name", name);
            faults.add_at(Some(at), reason);
        }
        return None;
    };
    match word.as_str() {
        "string" => {
            let longest = i64::try_from(MAX_LENGTH).unwrap_or(i64::MAX);
            let max_length = section
                .take_integer("max_length", 1..=longest, faults)
                .and_then(|length| usize::try_from(length).ok())
                .unwrap_or(DEFAULT_LENGTH);
            let pattern = section.take_text("pattern", faults).and_then(|(source, at)| {
                Pattern::new(&source)
                    .map_err(|why| faults.add_at(Some(at), section.sentence_about("pattern", why)))
                    .ok()
            });
            Some(ParameterKind::Text { pattern, max_length })
        }
        "enum" => {
            let values = section.take_texts("values", faults).unwrap_or_default();
            if values.is_empty() {
                faults.add_at(
                    Some(word_at),
                    section.sentence_about("values", "list what may be chosen"),
                );
            }
            for (value, at) in &values {
                if value.is_empty() || value.chars().any(char::is_control) {
                    let why = Sentence::new(
                        "{value} cannot be chosen: it is empty or has control characters",
                    )
                    .with("value", format!("{value:?}"));
                    faults.add_at(Some(*at), section.sentence_about("values", why));
                }
            }
            Some(ParameterKind::Choice(values.into_iter().map(|(value, _)| value).collect()))
        }
        "integer" => {
            let min = section.take_integer("min", i64::MIN..=i64::MAX, faults).unwrap_or(0);
            let max = section.take_integer("max", i64::MIN..=i64::MAX, faults).unwrap_or(i64::MAX);
            if min > max {
                faults.add_at(Some(word_at), section.sentence_about("min", "is greater than max"));
            }
            Some(ParameterKind::Integer { min, max })
        }
        "boolean" => Some(ParameterKind::Boolean),
        "git-ref" => Some(ParameterKind::GitRef),
        "git-sha" => Some(ParameterKind::GitSha),
        "project-path" => Some(ParameterKind::ProjectPath),
        other => {
            let why = Sentence::new("{other} is unknown: write string, enum, integer, boolean, git-ref, git-sha or project-path").with("other", format!("{other:?}"));
            faults.add_at(Some(word_at), section.sentence_about("type", why));
            None
        }
    }
}

fn is_parameter_name(name: &str) -> bool {
    name.len() <= 32
        && name.starts_with(|c: char| c.is_ascii_lowercase())
        && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}
