//! The kind `http`: a request to an address that the operator names.

use super::{Source, Text};
use serde_json::{Map, Number, Value};
use std::path::PathBuf;

/// A request: where to, and with what.
#[derive(Debug, Clone, PartialEq)]
pub struct Http {
    /// Where to. Nothing of an event or of a person is ever put into it.
    pub url: Text,
    /// How.
    pub method: Method,
    /// Headers beside those that Signalbox sends by itself.
    pub headers: Vec<(String, Text)>,
    /// What is sent.
    pub body: Body,
    /// Whether addresses of private networks and of this machine may be called.
    pub allow_private_network: bool,
    /// The certificates that are trusted instead of this machine's.
    pub ca_file: Option<PathBuf>,
}

/// How a request is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(missing_docs, reason = "HTTP's own words")]
pub enum Method {
    Get,
    Post,
    Put,
    Patch,
    Delete,
}

impl Method {
    /// Every method.
    pub const ALL: [Self; 5] = [Self::Get, Self::Post, Self::Put, Self::Patch, Self::Delete];

    /// HTTP's word.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    /// The method of a word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.as_str() == word)
    }
}

/// What is sent.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// The event, as it was received.
    Event,
    /// Nothing.
    Empty,
    /// JSON made for it.
    Json(Template),
}

/// JSON with values of the event put in.
#[derive(Debug, Clone, PartialEq)]
#[expect(missing_docs, reason = "JSON's own words")]
pub enum Template {
    Boolean(bool),
    Number(Number),
    Text(Text),
    List(Vec<Self>),
    Table(Vec<(String, Self)>),
}

impl Template {
    /// The JSON of one event.
    #[must_use]
    pub fn fill_template(&self, source: Source<'_>) -> Value {
        match self {
            Self::Boolean(truth) => Value::Bool(*truth),
            Self::Number(number) => Value::Number(number.clone()),
            Self::Text(text) => text.fill_json(source),
            Self::List(items) => items.iter().map(|item| item.fill_template(source)).collect(),
            Self::Table(fields) => {
                let filled =
                    fields.iter().map(|(key, value)| (key.clone(), value.fill_template(source)));
                Value::Object(filled.collect::<Map<_, _>>())
            }
        }
    }
}
