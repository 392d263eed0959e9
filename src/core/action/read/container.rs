//! The kind `container`.

use crate::core::action::section::{Faults, Section};
use crate::core::action::{Container, Operation};
use std::path::{Path, PathBuf};

/// Where the engine listens, if an entry does not say.
const SOCKET: &str = "/var/run/docker.sock";

pub(super) fn read(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Option<Container> {
    let socket = top.text("socket", faults);
    if let Some((path, at)) = &socket
        && !Path::new(path).is_absolute()
    {
        faults.add(Some(*at), format!("socket = {path:?}: write an absolute path"));
    }
    let operation = match top.text("operation", faults) {
        Some((word, at)) => match word.as_str() {
            "restart" => Some(Operation::Restart),
            "recreate" => Some(Operation::Recreate),
            _ => {
                let reason = format!("operation = {word:?} is unknown: write restart or recreate");
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
    let stop_timeout_s = top.integer("stop_timeout_s", 0..=3_600, faults);
    let name = match top.text("container", faults) {
        Some((name, at)) if !is_container_name(&name) => {
            faults.add(Some(at), format!("container = {name:?} is not the name of a container"));
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
    })
}

/// Source: the engine's own rule, `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
fn is_container_name(name: &str) -> bool {
    (2..=200).contains(&name.len())
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c))
}
