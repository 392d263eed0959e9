//! What a new container must be told to be like the old one, but of the newer image. Pure.
//!
//! What an engine says of a container has the image's own defaults mixed in. They are taken out
//! again: else a newer image's command or variables would never take effect.

use serde_json::{Map, Value, json};

/// How a container is made anew.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Plan {
    /// The request that makes it.
    pub(super) create: Value,
    /// Networks that it is connected to afterwards, and how.
    pub(super) connect: Vec<(String, Value)>,
}

/// From what the engine says of the container, and of the image that it was made from.
pub(super) fn plan_container(old: &Value, image: &Value) -> Plan {
    let mut create = merge_config(old, image);
    let mut host = old["HostConfig"].clone();
    keep_volumes(&mut host, &old["Mounts"]);
    create.insert("HostConfig".to_owned(), host);
    let mut connect = Vec::new();
    let mode = old.pointer("/HostConfig/NetworkMode").and_then(Value::as_str).unwrap_or_default();
    let own_network = !matches!(mode, "host" | "none") && !mode.starts_with("container:");
    if own_network
        && let Some(networks) = old.pointer("/NetworkSettings/Networks").and_then(Value::as_object)
    {
        let id = old["Id"].as_str().unwrap_or_default();
        for (name, endpoint) in networks {
            let endpoint = endpoint_of(endpoint, id);
            if name == mode || (networks.len() == 1 && connect.is_empty()) {
                create.insert(
                    "NetworkingConfig".to_owned(),
                    json!({ "EndpointsConfig": { name: endpoint } }),
                );
            } else {
                connect.push((name.clone(), endpoint));
            }
        }
    }
    Plan { create: Value::Object(create), connect }
}

fn merge_config(old: &Value, image: &Value) -> Map<String, Value> {
    let mut config = old["Config"].as_object().cloned().unwrap_or_default();
    let same = |config: &Map<String, Value>, key: &str| {
        config.get(key).unwrap_or(&Value::Null) == &image[key]
    };
    for key in ["WorkingDir", "User", "StopSignal", "Healthcheck", "Shell", "OnBuild"] {
        if same(&config, key) {
            config.remove(key);
        }
    }
    // The image's own command only counts together with its own entry point.
    if same(&config, "Entrypoint") {
        config.remove("Entrypoint");
        if same(&config, "Cmd") {
            config.remove("Cmd");
        }
    }
    if let (Some(Value::Array(own)), Some(images)) =
        (config.get_mut("Env"), image["Env"].as_array())
    {
        own.retain(|variable| !images.contains(variable));
    }
    for key in ["Labels", "Volumes", "ExposedPorts"] {
        if let (Some(Value::Object(own)), Some(images)) =
            (config.get_mut(key), image[key].as_object())
        {
            own.retain(|name, value| images.get(name) != Some(value));
        }
    }
    // The engine's own choice, made anew for the new container.
    let id = old["Id"].as_str().unwrap_or_default();
    let hostname = config.get("Hostname").and_then(Value::as_str).unwrap_or_default();
    if hostname.is_empty() || id.starts_with(hostname) {
        config.remove("Hostname");
    }
    config.remove("MacAddress");
    config
}

/// Volumes without a name of the operator's are named, or the new container would get empty ones.
fn keep_volumes(host: &mut Value, mounts: &Value) {
    let mut binds: Vec<Value> = host["Binds"].as_array().cloned().unwrap_or_default();
    let bound = |destination: &str, binds: &[Value]| {
        let in_binds = binds
            .iter()
            .filter_map(Value::as_str)
            .any(|bind| bind.split(':').nth(1) == Some(destination));
        let in_mounts = host["Mounts"]
            .as_array()
            .into_iter()
            .flatten()
            .any(|mount| mount["Target"].as_str() == Some(destination));
        in_binds || in_mounts
    };
    for mount in mounts.as_array().into_iter().flatten() {
        let (Some("volume"), Some(name), Some(destination)) =
            (mount["Type"].as_str(), mount["Name"].as_str(), mount["Destination"].as_str())
        else {
            continue;
        };
        if !bound(destination, &binds) {
            let mode = if mount["RW"] == Value::Bool(false) { ":ro" } else { "" };
            binds.push(format!("{name}:{destination}{mode}").into());
        }
    }
    if !binds.is_empty()
        && let Some(host) = host.as_object_mut()
    {
        host.insert("Binds".to_owned(), Value::Array(binds));
    }
}

/// What was asked for about a network, without what the engine found for it.
fn endpoint_of(endpoint: &Value, id: &str) -> Value {
    let mut asked = Map::new();
    for key in ["IPAMConfig", "Links", "DriverOpts", "GwPriority"] {
        if let Some(value) = endpoint.get(key).filter(|value| !value.is_null()) {
            asked.insert(key.to_owned(), value.clone());
        }
    }
    let aliases: Vec<Value> = endpoint["Aliases"]
        .as_array()
        .into_iter()
        .flatten()
        .filter(|alias| alias.as_str().is_some_and(|alias| !id.starts_with(alias)))
        .cloned()
        .collect();
    if !aliases.is_empty() {
        asked.insert("Aliases".to_owned(), Value::Array(aliases));
    }
    Value::Object(asked)
}
