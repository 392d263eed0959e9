//! The licences of all crates that are built in or tested with: none that asks more of users than
//! Signalbox' own two do. Which these are stands in `deny.toml`; `make audit` holds it to the same.

use serde_json::Value;
use std::process::Command;

/// What `deny.toml` lets in: everywhere, and from single crates.
struct Rules {
    everywhere: Vec<String>,
    exceptions: Vec<(String, Vec<String>)>,
}

impl Rules {
    fn read() -> Self {
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/deny.toml");
        let rules: toml::Value = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
        let rules = &rules["licenses"];
        let exceptions = rules["exceptions"].as_array().unwrap().iter();
        Self {
            everywhere: texts(&rules["allow"]),
            exceptions: exceptions
                .map(|one| (one["crate"].as_str().unwrap().to_owned(), texts(&one["allow"])))
                .collect(),
        }
    }

    fn of_crate(&self, name: &str) -> Vec<&str> {
        let exceptions = self.exceptions.iter().filter(|(named, _)| named == name);
        let more = exceptions.flat_map(|(_, licences)| licences);
        self.everywhere.iter().chain(more).map(String::as_str).collect()
    }
}

fn texts(list: &toml::Value) -> Vec<String> {
    list.as_array().unwrap().iter().map(|text| text.as_str().unwrap().to_owned()).collect()
}

/// Whether one of the alternatives is allowed in all its parts.
fn is_allowed(expression: &str, allowed: &[&str]) -> bool {
    let flat = expression.replace(['(', ')'], "").replace('/', " OR ");
    let is = |licence: &str| allowed.contains(&licence.trim());
    // `(A OR B) AND C` asks for C whatever is chosen of A and B.
    flat.split(" AND ").all(|part| part.split(" OR ").any(is))
}

#[test]
fn no_crate_asks_more_than_a_notice() {
    let told = Command::new(env!("CARGO"))
        .args(["metadata", "--locked", "--offline", "--format-version", "1", "--filter-platform"])
        .arg(format!("{}-unknown-linux-gnu", std::env::consts::ARCH))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
    let told: Value = serde_json::from_slice(&told.stdout).unwrap();
    let packages = told["packages"].as_array().unwrap();
    assert!(packages.len() > 100, "{} crates", packages.len());
    let rules = Rules::read();
    let mut faults = Vec::new();
    for package in packages {
        let name = package["name"].as_str().unwrap();
        let licence = package["license"].as_str().unwrap_or("none named");
        if !is_allowed(licence, &rules.of_crate(name)) {
            faults.push(format!("{name}: {licence}"));
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn copyleft_is_told_from_what_may_be_chosen() {
    let rules = Rules::read();
    for (expression, allowed) in [
        ("MIT/Apache-2.0", true),
        ("MIT OR Apache-2.0 OR LGPL-2.1-or-later", true),
        ("(MIT OR Apache-2.0) AND Unicode-3.0", true),
        ("GPL-3.0-only", false),
        ("MIT AND AGPL-3.0-only", false),
        ("MPL-2.0", false),
    ] {
        assert_eq!(is_allowed(expression, &rules.of_crate("any")), allowed, "{expression}");
    }
}
