//! The kind `container`.

use super::Declared;
use crate::action::section::{Faults, Section};
use crate::action::{Container, Operation, Registry, Text};
use crate::sentence::Sentence;
use std::path::{Path, PathBuf};

/// Where the engine listens, if an entry does not say.
const SOCKET: &str = "/var/run/docker.sock";

pub(super) fn read(
    top: &mut Section<'_>,
    declared: &Declared,
    faults: &mut Faults<'_>,
) -> Option<Container> {
    let socket = top.text("socket", faults);
    if let Some((path, at)) = &socket
        && !Path::new(path).is_absolute()
    {
        faults.add(
            Some(*at),
            Sentence::new("socket = {path}: write an absolute path")
                .with("path", format!("{path:?}")),
        );
    }
    let operation = match top.text("operation", faults) {
        Some((word, at)) => match word.as_str() {
            "restart" => Some(Operation::Restart),
            "recreate" => Some(Operation::Recreate),
            _ => {
                let reason =
                    Sentence::new("operation = {word} is unknown: write restart or recreate")
                        .with("word", format!("{word:?}"));
                faults.add(Some(at), reason);
                None
            }
        },
        None if top.at("operation").is_none() => {
            faults.add(None, "operation is missing: write \"restart\" or \"recreate\"");
            None
        }
        None => None,
    };
    let registry = registry(top, declared, faults);
    if registry.is_some() && operation == Some(Operation::Restart) {
        faults.add(top.at("registry"), "registry: a restart pulls nothing");
    }
    let stop_timeout_s = top.integer("stop_timeout_s", 0..=3_600, faults);
    let name = match top.text("container", faults) {
        Some((name, at)) if !is_container_name(&name) => {
            faults.add(
                Some(at),
                Sentence::new("container = {name} is not the name of a container")
                    .with("name", format!("{name:?}")),
            );
            None
        }
        None if top.at("container").is_none() => {
            faults.add(None, "container is missing: write container = \"its-name\"");
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
fn registry(
    top: &mut Section<'_>,
    declared: &Declared,
    faults: &mut Faults<'_>,
) -> Option<Registry> {
    let (table, at) = top.table("registry", faults)?;
    let mut section = Section::new("registry.", table);
    let server = section.text("server", faults);
    let username = section.text("username", faults);
    let password = section.text("password", faults);
    for key in ["server", "username", "password"] {
        if section.at(key).is_none() {
            faults.add(Some(at), Sentence::new("registry.{key} is missing").with("key", key));
        }
    }
    if let Some((server, at)) = &server
        && (server.is_empty() || server.contains('/') || server.chars().any(char::is_whitespace))
    {
        let why = "write the name that the image begins with, as registry.example.com:5000";
        faults.add(Some(*at), section.says("server", why));
    }
    if let Some((password, at)) = &password
        && !(password.starts_with("{secret.") && password.ends_with('}'))
    {
        let why = "write \"{secret.NAME}\" and declare NAME under [secrets]";
        faults.add(Some(*at), section.says("password", why));
    }
    let mut text = |key: &str, found: Option<(String, usize)>| {
        let (text, at) = found?;
        let read = Text::read(&text, declared.for_text(true));
        read.map_err(|why| {
            faults.add(
                Some(at),
                Sentence::new("registry.{key}: {why}").with("key", key).saying("why", why),
            );
        })
        .ok()
    };
    let (username, password) = (text("username", username), text("password", password));
    section.finish(faults);
    Some(Registry { server: server?.0, username: username?, password: password? })
}

/// Source: the engine's own rule, `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
fn is_container_name(name: &str) -> bool {
    (2..=200).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}
