//! Secrets that an entry declares: by reference, so that neither the entry nor the panel holds one.

use super::read::is_variable_name;
use super::section::{Faults, Section};
use crate::sentence::Sentence;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A declared secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Secret {
    /// Its name: a command finds it in the variable of this name.
    pub name: String,
    /// Where its value is.
    pub source: SecretSource,
}

/// Where a secret's value is read at each run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SecretSource {
    /// A variable of Signalbox's own environment.
    Env(String),
    /// A file; the line end at its end does not count.
    File(PathBuf),
}

/// The values for one run, by name. Has no `Debug`: it would show them.
#[derive(Clone, Default)]
pub struct Secrets(BTreeMap<String, String>);

impl Secrets {
    /// Adds a value.
    pub fn insert(&mut self, name: impl Into<String>, value: impl Into<String>) {
        self.0.insert(name.into(), value.into());
    }

    /// The value of a name.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }

    /// Names and values.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

impl std::fmt::Debug for Secrets {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}

/// `[secrets]`: `NAME = { env = "…" }` or `NAME = { file = "…" }`.
pub(super) fn read_secret_table(top: &mut Section<'_>, faults: &mut Faults<'_>) -> Vec<Secret> {
    let Some((table, _)) = top.take_table("secrets", faults) else { return Vec::new() };
    let mut all = Section::new("secrets.", table);
    let mut secrets = Vec::new();
    for name in all.keys() {
        let Some((table, at)) = all.take_table(&name, faults) else { continue };
        let reserved = matches!(name.as_str(), "PATH" | "HOME" | "LANG");
        if !is_variable_name(&name) || name.starts_with("SIGNALBOX_") || reserved {
            let reason = Sentence::new("the secret {name}: its name cannot be that of a variable")
                .with("name", format!("{name:?}"));
            faults.add_at(Some(at), reason);
        }
        let mut section = Section::new(&format!("secrets.{name}."), table);
        let (env, file) = (section.take_text("env", faults), section.take_text("file", faults));
        section.reject_unknown(faults);
        let source = match (env, file) {
            (Some((variable, _)), None) if is_variable_name(&variable) => {
                SecretSource::Env(variable)
            }
            (None, Some((path, _))) if Path::new(&path).is_absolute() => {
                SecretSource::File(path.into())
            }
            (Some(_) | None, Some(_) | None) => {
                let reason = Sentence::new(
                    "secrets.{name}: write either env = \"VARIABLE\" or file = \"/absolute/path\"",
                )
                .with("name", name);
                faults.add_at(Some(at), reason);
                continue;
            }
        };
        secrets.push(Secret { name, source });
    }
    secrets
}
