//! The kind `http`.

use super::Declared;
use crate::action::section::{Faults, Section};
use crate::action::{Body, Http, Method, Template, Text};
use crate::sentence::Sentence;
use serde_json::Number;
use std::path::{Path, PathBuf};
use toml::Spanned;
use toml::de::DeValue;
use url::Url;

/// Headers that only Signalbox sets: they say where a message begins, ends and goes.
const OURS: [&str; 8] = [
    "host",
    "content-length",
    "transfer-encoding",
    "connection",
    "upgrade",
    "te",
    "trailer",
    "expect",
];

pub(super) fn read_http(
    top: &mut Section<'_>,
    declared: &Declared,
    faults: &mut Faults<'_>,
) -> Option<Http> {
    let method = read_method(top, faults);
    let headers = read_headers(top, declared, faults);
    let body = read_body(top, declared, faults);
    let allow_private_network = top.take_boolean("allow_private_network", faults).unwrap_or(false);
    let ca_file = ca_file(top, faults);
    let Some((text, at)) = top.take_text("url", faults) else {
        if top.position_of("url").is_none() {
            faults.add_at(None, "url is missing: write url = \"https://…\"");
        }
        return None;
    };
    let url = match Text::parse_text(&text, declared.for_text(true)) {
        Ok(url) => url,
        Err(reason) => {
            faults.add_at(Some(at), Sentence::new("url: {reason}").with_sentence("reason", reason));
            return None;
        }
    };
    if ca_file.is_some() && text.starts_with("http:") {
        faults.add_at(top.position_of("ca_file"), "ca_file: only https:// has certificates");
    }
    // One with a secret in it is looked at when it is known: at each run.
    if let Some(Err(reason)) = url.as_fixed().map(check_url) {
        faults.add_at(Some(at), Sentence::new("url: {reason}").with_sentence("reason", reason));
    }
    if method == Method::Get && body != Body::Empty && top.position_of("body").is_some() {
        faults.add_at(top.position_of("body"), "body: a GET has none; write method = \"POST\"");
    }
    let body = if method == Method::Get { Body::Empty } else { body };
    Some(Http { url, method, headers, body, allow_private_network, ca_file })
}

/// Whether this is an address to call.
///
/// # Errors
/// What is wrong with it; the address itself, which may hold a secret, is not in the words.
pub(in crate::action) fn check_url(text: &str) -> Result<Url, Sentence> {
    let url = Url::parse(text)
        .map_err(|error| Sentence::new("it is no address: {error}").with("error", error))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("it begins with neither https:// nor http://".into());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("it holds a user or a password: send them in a header".into());
    }
    match url.host_str() {
        Some(host) if !host.is_empty() => Ok(url),
        _ => Err("it names no host".into()),
    }
}

fn ca_file(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Option<PathBuf> {
    let (path, at) = top.take_text("ca_file", faults)?;
    if !Path::new(&path).is_absolute() {
        faults.add_at(
            Some(at),
            Sentence::new("ca_file = {path}: write an absolute path")
                .with("path", format!("{path:?}")),
        );
    }
    Some(path.into())
}

fn read_method(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Method {
    let Some((word, at)) = top.take_text("method", faults) else { return Method::Post };
    Method::parse(&word).unwrap_or_else(|| {
        let known = Method::ALL.map(Method::as_str).join(", ");
        faults.add_at(
            Some(at),
            Sentence::new("method = {word} is unknown: write one of {known}")
                .with("word", format!("{word:?}"))
                .with("known", known),
        );
        Method::Post
    })
}

fn read_headers(
    top: &mut Section<'_>,
    declared: &Declared,
    faults: &mut Faults<'_>,
) -> Vec<(String, Text)> {
    let Some((table, _)) = top.take_table("headers", faults) else { return Vec::new() };
    let mut section = Section::new("headers.", table);
    let mut headers = Vec::new();
    for name in section.keys() {
        let Some((text, at)) = section.take_text(&name, faults) else { continue };
        let token = |c: char| c.is_ascii_alphanumeric() || "-_".contains(c);
        if name.is_empty() || !name.chars().all(token) {
            faults.add_at(
                Some(at),
                Sentence::new("headers: {name} is not the name of a header")
                    .with("name", format!("{name:?}")),
            );
        }
        if OURS.contains(&name.to_ascii_lowercase().as_str()) {
            faults.add_at(
                Some(at),
                Sentence::new("headers.{name}: this one is Signalbox's to set").with("name", &name),
            );
        }
        if text.chars().any(char::is_control) {
            faults.add_at(
                Some(at),
                Sentence::new("headers.{name}: it has control characters").with("name", &name),
            );
        }
        match Text::parse_text(&text, declared.for_text(true)) {
            Ok(text) => headers.push((name, text)),
            Err(reason) => faults.add_at(
                Some(at),
                Sentence::new("headers.{name}: {reason}")
                    .with("name", name)
                    .with_sentence("reason", reason),
            ),
        }
    }
    headers
}

fn read_body(top: &mut Section<'_>, declared: &Declared, faults: &mut Faults<'_>) -> Body {
    let Some(value) = top.take_value("body") else { return Body::Event };
    match value.get_ref() {
        DeValue::String(word) if word == "event" => Body::Event,
        DeValue::String(word) if word == "none" => Body::Empty,
        DeValue::Table(_) | DeValue::Array(_) => {
            read_template(&value, declared, faults).map_or(Body::Empty, Body::Json)
        }
        _ => {
            let reason = "body: write \"event\", \"none\", or a table that becomes JSON";
            faults.add_at(Some(value.span().start), reason);
            Body::Empty
        }
    }
}

fn read_template(
    value: &Spanned<DeValue<'_>>,
    declared: &Declared,
    faults: &mut Faults<'_>,
) -> Option<Template> {
    let at = Some(value.span().start);
    match value.get_ref() {
        DeValue::Boolean(truth) => Some(Template::Boolean(*truth)),
        DeValue::Integer(number) => {
            let whole = i64::from_str_radix(number.as_str(), number.radix());
            whole.ok().map(|whole| Template::Number(whole.into()))
        }
        DeValue::Float(number) => {
            let finite = number.as_str().parse().ok().and_then(Number::from_f64);
            if finite.is_none() {
                faults.add_at(at, "body: JSON has no such number");
            }
            finite.map(Template::Number)
        }
        DeValue::String(text) => Text::parse_text(text, declared.for_text(false))
            .map_err(|reason| {
                faults.add_at(at, Sentence::new("body: {reason}").with_sentence("reason", reason));
            })
            .ok()
            .map(Template::Text),
        DeValue::Array(items) => {
            let items = items.iter().filter_map(|item| read_template(item, declared, faults));
            Some(Template::List(items.collect()))
        }
        DeValue::Table(fields) => {
            let fields = fields.iter().filter_map(|(key, value)| {
                let value = read_template(value, declared, faults)?;
                Some((key.get_ref().clone().into_owned(), value))
            });
            Some(Template::Table(fields.collect()))
        }
        DeValue::Datetime(_) => {
            faults.add_at(at, "body: JSON has no dates: put it into quotes");
            None
        }
    }
}
