//! Text of an entry with values in it: an address, a header, a string of a JSON body.
//!
//! Unlike an argument's, this text may mix. It stays one string of its place: JSON is written with
//! its quoting, a header may hold no line end, and an address takes secrets alone.

use super::{EventFacts, Fact, Parameter, ParameterKind, Secrets, Values};
use crate::sentence::Sentence;
use serde_json::Value;

/// Text, and what is put into it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Text(Vec<Part>);

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Literal(String),
    Slot(Slot),
}

/// What is put into a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Slot {
    /// A fact of the event.
    Fact(Fact),
    /// A parameter.
    Parameter(String),
    /// A declared secret.
    Secret(String),
}

/// What a text's values come from.
#[derive(Debug, Clone, Copy)]
pub struct Source<'a> {
    /// The parameters.
    pub values: &'a Values,
    /// The event.
    pub facts: &'a EventFacts,
    /// The secrets.
    pub secrets: &'a Secrets,
    /// How the parameters are declared.
    pub parameters: &'a [Parameter],
}

/// What an entry declares, to check its texts against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Declared<'a> {
    pub(super) parameters: &'a [Parameter],
    pub(super) secrets: &'a [super::Secret],
    /// Whether only secrets may be put in.
    pub(super) secrets_only: bool,
}

impl Text {
    /// Reads a text of an entry.
    ///
    /// # Errors
    /// What is wrong with a placeholder, as a sentence.
    pub(super) fn parse_text(text: &str, declared: Declared<'_>) -> Result<Self, Sentence> {
        let mut parts = Vec::new();
        let mut literal = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('{') {
            literal.push_str(before);
            if let Some((word, behind)) = after.split_once('}').filter(|(word, _)| is_word(word)) {
                if !literal.is_empty() {
                    parts.push(Part::Literal(std::mem::take(&mut literal)));
                }
                parts.push(Part::Slot(parse_slot(word, declared)?));
                rest = behind;
            } else {
                literal.push('{');
                rest = after;
            }
        }
        literal.push_str(rest);
        if !literal.is_empty() {
            parts.push(Part::Literal(literal));
        }
        Ok(Self(parts))
    }

    /// The text, if nothing is put into it.
    #[must_use]
    pub fn as_fixed(&self) -> Option<&str> {
        match self.0.as_slice() {
            [] => Some(""),
            [Part::Literal(text)] => Some(text),
            _ => None,
        }
    }

    /// The text as the entry writes it: secrets by their names.
    #[must_use]
    pub fn as_written(&self) -> String {
        self.0.iter().map(Part::as_written).collect()
    }

    /// The text with its values in place.
    #[must_use]
    pub fn fill_text(&self, source: Source<'_>) -> String {
        self.0.iter().map(|part| part.fill_part(source)).collect()
    }

    /// The text as a value of JSON. One placeholder alone keeps its type: a number stays a number,
    /// a boolean a boolean, and what there is not is null.
    #[must_use]
    pub fn fill_json(&self, source: Source<'_>) -> Value {
        match self.0.as_slice() {
            [Part::Slot(slot)] => slot.fill_slot(source),
            _ => Value::String(self.fill_text(source)),
        }
    }
}

impl Part {
    fn as_written(&self) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Slot(Slot::Fact(fact)) => format!("{{{}}}", fact.as_str()),
            Self::Slot(Slot::Parameter(name)) => format!("{{param.{name}}}"),
            Self::Slot(Slot::Secret(name)) => format!("{{secret.{name}}}"),
        }
    }

    fn fill_part(&self, source: Source<'_>) -> String {
        match self {
            Self::Literal(text) => text.clone(),
            Self::Slot(Slot::Fact(fact)) => fact.value_for(source.facts).into_owned(),
            Self::Slot(Slot::Parameter(name)) => {
                source.values.get(name).unwrap_or_default().to_owned()
            }
            Self::Slot(Slot::Secret(name)) => {
                source.secrets.get(name).unwrap_or_default().to_owned()
            }
        }
    }
}

impl Slot {
    fn fill_slot(&self, source: Source<'_>) -> Value {
        let part = Part::Slot(self.clone());
        match self {
            Self::Fact(Fact::ProjectId) => source.facts.project_id.map_or(Value::Null, Value::from),
            Self::Fact(Fact::Attempt) => source.facts.attempt.into(),
            Self::Fact(_) | Self::Secret(_) => Value::String(part.fill_part(source)),
            Self::Parameter(name) => {
                let Some(value) = source.values.get(name) else { return Value::Null };
                let declared = source.parameters.iter().find(|known| known.name == *name);
                match declared.map(|parameter| &parameter.kind) {
                    Some(ParameterKind::Integer { .. }) => {
                        value.parse::<i64>().map_or(Value::Null, Value::from)
                    }
                    Some(ParameterKind::Boolean) => Value::Bool(value == "true"),
                    _ => Value::String(value.to_owned()),
                }
            }
        }
    }
}

fn is_word(word: &str) -> bool {
    !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "_.".contains(c))
}

fn parse_slot(word: &str, declared: Declared<'_>) -> Result<Slot, Sentence> {
    if let Some(name) = word.strip_prefix("secret.") {
        return if declared.secrets.iter().any(|secret| secret.name == name) {
            Ok(Slot::Secret(name.to_owned()))
        } else {
            Err(Sentence::new("{{word}}: no {name} is declared under [secrets]")
                .with("word", word)
                .with("name", name))
        };
    }
    let known = if let Some(name) = word.strip_prefix("param.") {
        if !declared.parameters.iter().any(|parameter| parameter.name == name) {
            return Err(Sentence::new("{{word}}: no [parameters.{name}] is declared")
                .with("word", word)
                .with("name", name));
        }
        Slot::Parameter(name.to_owned())
    } else if let Some(fact) = Fact::parse(word) {
        Slot::Fact(fact)
    } else {
        return Err(Sentence::new("{{word}} is unknown: {known}")
            .with("word", word)
            .with_sentence("known", Fact::list_known()));
    };
    if declared.secrets_only {
        return Err(Sentence::new(
            "{{word}} has no place here: only the operator says where a request goes, so only {secret.NAME} is put in",
        ).with("word", word));
    }
    Ok(known)
}
