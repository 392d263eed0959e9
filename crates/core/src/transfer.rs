//! Webhooks as a file that people keep, compare and carry to another installation. A secret is
//! only ever named: by the environment variable that holds it where the file is imported.
//!
//! Pure: what is in the file, which webhook here a webhook of the file is, and what differs.
//! Reading and writing the table is `signalbox::webhooks::transfer`.

use crate::event::repository::{same_repository, without_page};
use crate::sentence::Sentence;
use crate::webhook::{Concurrency, ProjectId, webhook_label};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The version of the file's form.
pub const VERSION: u32 = 1;

/// The file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Document {
    /// [`VERSION`].
    pub signalbox: u32,
    /// The webhooks.
    pub webhooks: Vec<PortableWebhook>,
}

/// A secret by reference.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The environment variable that holds it.
    pub env: String,
}

/// A webhook in the file: the fields of the table `webhooks` that a person sets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the webhook's fields, explained by the migration")]
#[expect(clippy::struct_excessive_bools, reason = "the fields are what they are")]
pub struct PortableWebhook {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(default)]
    pub repo_name: String,
    #[serde(default)]
    pub repo_url: String,
    pub object_kind: String,
    #[serde(default = "default_project_id")]
    pub project_id: i64,
    pub http_x_gitlab_event: String,
    #[serde(default = "default_enabled")]
    pub enabled: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_token: Option<Reference>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signing_token: Option<Reference>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub ref_filter: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub path_filter: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub condition: String,
    #[serde(default, skip_serializing_if = "is_no")]
    pub obey_skip: bool,
    #[serde(default, skip_serializing_if = "is_no")]
    pub require_signature: bool,
    /// Where a file says nothing, a webhook that is here keeps what it has; a new one does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub register_on_first_event: Option<bool>,
    pub action: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub action_params: BTreeMap<String, String>,
    #[serde(default = "default_concurrency")]
    pub concurrency: String,
    #[serde(default, skip_serializing_if = "is_zero")]
    pub debounce_s: i32,
    #[serde(default, skip_serializing_if = "is_no")]
    pub cancel_running: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub max_concurrent_jobs: Option<i32>,
    #[serde(default = "default_attempts")]
    pub max_attempts: i32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timeout_s: Option<i32>,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub notes: String,
}

fn default_project_id() -> i64 {
    ProjectId::PENDING
}

fn default_enabled() -> bool {
    true
}

fn default_concurrency() -> String {
    Concurrency::Parallel.as_str().to_owned()
}

fn default_attempts() -> i32 {
    3
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_no(value: &bool) -> bool {
    !value
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(value: &i32) -> bool {
    *value == 0
}

/// Why a file cannot be read or written, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unreadable {
    /// What the reader of YAML says, in its own words: line, column and what is wrong there.
    Yaml(String),
    /// What is wrong otherwise.
    Wrong(Sentence),
}

impl std::error::Error for Unreadable {}

impl std::fmt::Display for Unreadable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Yaml(text) => f.write_str(text),
            Self::Wrong(sentence) => sentence.fmt(f),
        }
    }
}

/// Reads a file.
///
/// # Errors
/// It is not YAML, has unknown or missing fields, is of another version, or names a variable that
/// cannot be one.
pub fn read_document(text: &str) -> Result<Document, Unreadable> {
    let mut document: Document =
        serde_saphyr::from_str(text).map_err(|error| Unreadable::Yaml(error.to_string()))?;
    if document.signalbox != VERSION {
        let sentence =
            Sentence::new("the file is of version {version}; this Signalbox reads version {own}");
        let sentence = sentence.with("version", document.signalbox).with("own", VERSION);
        return Err(Unreadable::Wrong(sentence));
    }
    for webhook in &mut document.webhooks {
        let repo_url = without_page(&webhook.repo_url).to_owned();
        webhook.repo_url = repo_url;
        for reference in webhook.secret_token.iter().chain(&webhook.signing_token) {
            if !is_variable(&reference.env) {
                let sentence = Sentence::new(
                    "{label}: “{name}” is not a valid name of an environment variable. Use \
                     letters, digits and _; never put the secret itself into the file.",
                );
                let sentence = sentence.with("label", webhook.label()).with("name", &reference.env);
                return Err(Unreadable::Wrong(sentence));
            }
        }
    }
    Ok(document)
}

/// Writes a file; each secret that a webhook has is given a variable's name of its own.
///
/// # Errors
/// A webhook that YAML cannot hold.
pub fn write_document(webhooks: Vec<PortableWebhook>) -> Result<String, Unreadable> {
    let document = Document { signalbox: VERSION, webhooks: name_secrets(webhooks) };
    serde_saphyr::to_string(&document).map_err(|error| Unreadable::Yaml(error.to_string()))
}

fn is_variable(name: &str) -> bool {
    let mut letters = name.chars();
    letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_')
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && name.len() <= 100
}

fn name_secrets(mut webhooks: Vec<PortableWebhook>) -> Vec<PortableWebhook> {
    let mut taken = BTreeSet::new();
    for webhook in &mut webhooks {
        let label = webhook.label();
        for (kind, reference) in
            [("TOKEN", &mut webhook.secret_token), ("SIGNING", &mut webhook.signing_token)]
        {
            if let Some(reference) = reference {
                reference.env = find_free_name(
                    &format!("SIGNALBOX_{kind}_{}", slug_of_label(&label)),
                    &mut taken,
                );
            }
        }
    }
    webhooks
}

fn slug_of_label(label: &str) -> String {
    let letters = label.chars().take(60);
    let letters =
        letters.map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
    letters.collect()
}

fn find_free_name(wanted: &str, taken: &mut BTreeSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{wanted}_{number}"));
    let mut names = std::iter::once(wanted.to_owned()).chain(numbered);
    let name = names.find(|name| !taken.contains(name)).unwrap_or_default();
    taken.insert(name.clone());
    name
}

impl PortableWebhook {
    /// What the webhook is called.
    #[must_use]
    pub fn label(&self) -> String {
        webhook_label(&self.name, &self.repo_name, &self.object_kind)
    }

    fn is_of_same_events(&self, other: &Self) -> bool {
        self.object_kind == other.object_kind
            && self.http_x_gitlab_event == other.http_x_gitlab_event
            && self.repo_name == other.repo_name
            && (self.repo_url == other.repo_url || same_repository(&self.repo_url, &other.repo_url))
    }

    /// The webhook with the project's id that is known here, where it does not say one itself: a
    /// registration is not undone by a file. Likewise with where it registers.
    #[must_use]
    pub fn registered_as(mut self, project_id: i64, on_first_event: Option<bool>) -> Self {
        if self.project_id == ProjectId::PENDING {
            self.project_id = project_id;
        }
        self.register_on_first_event = self.register_on_first_event.or(on_first_event);
        self
    }
}

/// Which webhook here each webhook of the file is; none = it is new. Webhooks are the same when they
/// are of the same events (repository, kind and header), and the closest by name and action are
/// taken first, so that a second import of one file finds each webhook again.
#[must_use]
pub fn pair_webhooks(file: &[PortableWebhook], here: &[PortableWebhook]) -> Vec<Option<usize>> {
    let closeness: [fn(&PortableWebhook, &PortableWebhook) -> bool; 4] = [
        |one, other| one.name == other.name && one.action == other.action,
        |one, other| one.name == other.name,
        |one, other| one.action == other.action,
        |_, _| true,
    ];
    let mut pairs = vec![None; file.len()];
    let mut taken = BTreeSet::new();
    for is_close in closeness {
        for (webhook, pair) in file.iter().zip(&mut pairs).filter(|(_, pair)| pair.is_none()) {
            let found = here.iter().enumerate().find(|(index, known)| {
                !taken.contains(index)
                    && webhook.is_of_same_events(known)
                    && is_close(webhook, known)
            });
            if let Some((index, _)) = found {
                taken.insert(index);
                *pair = Some(index);
            }
        }
    }
    pairs
}

/// A field that differs: its name, the value here and the value in the file, as JSON.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The field.
    pub field: String,
    /// What it is here.
    pub here: Value,
    /// What the file says.
    pub file: Value,
}

/// What differs between a webhook here and in the file, secrets left out.
#[must_use]
pub fn find_differences(here: &PortableWebhook, file: &PortableWebhook) -> Vec<Difference> {
    let fields = |webhook: &PortableWebhook| match serde_json::to_value(webhook) {
        Ok(Value::Object(fields)) => fields,
        _ => serde_json::Map::new(),
    };
    let file = file.clone().registered_as(here.project_id, here.register_on_first_event);
    let (here, file) = (fields(here), fields(&file));
    let names: BTreeSet<&String> = here.keys().chain(file.keys()).collect();
    let secret = |name: &str| matches!(name, "secret_token" | "signing_token");
    let value = |fields: &serde_json::Map<String, Value>, name: &str| {
        fields.get(name).cloned().unwrap_or_default()
    };
    names
        .into_iter()
        .filter(|name| !secret(name) && here.get(*name) != file.get(*name))
        .map(|name| Difference {
            field: name.clone(),
            here: value(&here, name),
            file: value(&file, name),
        })
        .collect()
}

#[cfg(test)]
mod tests;
