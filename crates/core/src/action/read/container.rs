//! The kind `container`.

use super::Declared;
use crate::action::section::{Faults, Section};
use crate::action::{Container, Operation, Registry, Text};
use crate::sentence::Sentence;
use std::path::{Path, PathBuf};

/// Where the engine listens, if an entry does not say.
const SOCKET: &str = "/var/run/docker.sock";

pub(super) fn read_container(
    top: &mut Section<'_>,
    declared: &Declared,
    faults: &mut Faults<'_>,
) -> Option<Container> {
    let socket = top.take_text("socket", faults);
    if let Some((path, at)) = &socket
        && !Path::new(path).is_absolute()
    {
        faults.add_at(
            Some(*at),
            Sentence::new("socket = {path}: write an absolute path")
                .with("path", format!("{path:?}")),
        );
    }
    let operation = match top.take_text("operation", faults) {
        Some((word, at)) => match word.as_str() {
            "restart" => Some(Operation::Restart),
            "recreate" => Some(Operation::Recreate),
            _ => {
                let reason =
                    Sentence::new("operation = {word} is unknown: write restart or recreate")
                        .with("word", format!("{word:?}"));
                faults.add_at(Some(at), reason);
                None
            }
        },
        None if top.position_of("operation").is_none() => {
            faults.add_at(None, "operation is missing: write \"restart\" or \"recreate\"");
            None
        }
        None => None,
    };
    let registry = read_registry(top, declared, faults);
    if registry.is_some() && operation == Some(Operation::Restart) {
        faults.add_at(top.position_of("registry"), "registry: a restart pulls nothing");
    }
    let stop_timeout_s = top.take_integer("stop_timeout_s", 0..=3_600, faults);
    let name = match top.take_text("container", faults) {
        Some((name, at)) if !is_container_name(&name) => {
            faults.add_at(
                Some(at),
                Sentence::new("container = {name} is not the name of a container")
                    .with("name", format!("{name:?}")),
            );
            None
        }
        None if top.position_of("container").is_none() => {
            faults.add_at(None, "container is missing: write container = \"its-name\"");
            None
        }
        name => name,
    };
    Some(Container {
        socket: socket.map_or_else(|| PathBuf::from(SOCKET), |(path, _)| path.into()),
        name: name?.0,
        operation: operation?,
        stop_timeout_s: stop_timeout_s.and_then(|s| u32::try_from(s).ok()),
        registry,
    })
}

/// `[registry]`: the server, who logs in, and the secret that is their password.
fn read_registry(
    top: &mut Section<'_>,
    declared: &Declared,
    faults: &mut Faults<'_>,
) -> Option<Registry> {
    let (table, at) = top.take_table("registry", faults)?;
    let mut section = Section::new("registry.", table);
    let server = section.take_text("server", faults);
    let username = section.take_text("username", faults);
    let password = section.take_text("password", faults);
    for key in ["server", "username", "password"] {
        if section.position_of(key).is_none() {
            faults.add_at(Some(at), Sentence::new("registry.{key} is missing").with("key", key));
        }
    }
    if let Some((server, at)) = &server
        && (server.is_empty() || server.contains('/') || server.chars().any(char::is_whitespace))
    {
        let why = "write the name that the image begins with, as registry.example.com:5000";
        faults.add_at(Some(*at), section.sentence_about("server", why));
    }
    if let Some((password, at)) = &password
        && !(password.starts_with("{secret.") && password.ends_with('}'))
    {
        let why = "write \"{secret.NAME}\" and declare NAME under [secrets]";
        faults.add_at(Some(*at), section.sentence_about("password", why));
    }
    let mut text = |key: &str, found: Option<(String, usize)>| {
        let (text, at) = found?;
        let read = Text::parse_text(&text, declared.for_text(true));
        read.map_err(|why| {
            faults.add_at(
                Some(at),
                Sentence::new("registry.{key}: {why}").with("key", key).with_sentence("why", why),
            );
        })
        .ok()
    };
    let (username, password) = (text("username", username), text("password", password));
    section.reject_unknown(faults);
    Some(Registry { server: server?.0, username: username?, password: password? })
}

/// Source: the engine's own rule, `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
fn is_container_name(name: &str) -> bool {
    (2..=200).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}
