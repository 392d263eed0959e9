//! What a change changed: field by field, before and after, for the audit log.
//!
//! A secret's values never get here: a secret field carries only "set" or "not set" and shows
//! as "changed".

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A field's value as the audit log keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Value {
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(i64),
    /// Text.
    Text(String),
    /// Nothing.
    None,
}

/// One field's change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Change {
    /// The field's name.
    pub field: String,
    /// Its value before; absent for a secret or a new object.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub before: Option<Value>,
    /// Its value after; absent for a secret or a deleted object.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub after: Option<Value>,
    /// Whether this is a secret, of which nothing is kept but that it changed.
    #[serde(skip_serializing_if = "is_false", default)]
    pub secret: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes references")]
fn is_false(value: &bool) -> bool {
    !*value
}

impl Change {
    /// A secret that changed.
    #[must_use]
    pub fn of_secret(field: &str) -> Self {
        Self { field: field.to_owned(), before: None, after: None, secret: true }
    }
}

/// An object's fields as they are kept: in a fixed order, secrets left out.
pub type Snapshot = BTreeMap<&'static str, Value>;

/// The fields that differ; `None` stands for "did not exist".
#[must_use]
pub fn diff_snapshots(before: Option<&Snapshot>, after: Option<&Snapshot>) -> Vec<Change> {
    let empty = Snapshot::new();
    let (old, new) = (before.unwrap_or(&empty), after.unwrap_or(&empty));
    let fields: std::collections::BTreeSet<_> = old.keys().chain(new.keys()).collect();
    fields
        .into_iter()
        .filter(|field| old.get(*field) != new.get(*field))
        .map(|field| Change {
            field: (*field).to_owned(),
            before: old.get(field).cloned(),
            after: new.get(field).cloned(),
            secret: false,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_differs_is_kept() {
        let before =
            Snapshot::from([("enabled", Value::Bool(true)), ("name", Value::Text("a".into()))]);
        let after =
            Snapshot::from([("enabled", Value::Bool(false)), ("name", Value::Text("a".into()))]);
        let changes = diff_snapshots(Some(&before), Some(&after));
        assert_eq!(
            serde_json::to_string(&changes).unwrap(),
            r#"[{"field":"enabled","before":true,"after":false}]"#
        );
        assert_eq!(diff_snapshots(None, Some(&after)).len(), 2);
        assert!(diff_snapshots(Some(&after), Some(&after)).is_empty());
    }
}
