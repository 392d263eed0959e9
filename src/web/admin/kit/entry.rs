//! An entry of the log as a page shows it, field by field, in the order of the object's form.

use super::at::At;
use super::pages::Follow;
use signalbox_core::change::{Change, Value};
use signalbox_i18n::t;
use signalbox_store::audit::{self, Verb};

/// One thing that was done.
pub struct EntryView {
    /// When.
    pub at: At,
    /// By whom.
    pub actor: String,
    /// From where.
    pub remote_addr: String,
    /// What, in a word.
    pub verb: &'static str,
    /// Which sides its changes have.
    pub sides: Sides,
    /// Field by field.
    pub changes: Vec<ChangeView>,
    /// What can follow from it.
    pub follow: Follow,
}

/// Which values the changes of an entry have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sides {
    /// What it was, and what it became.
    Both,
    /// Something came into being: what it was made with.
    After,
    /// Something is gone: what it was at last.
    Before,
}

/// One field's change.
pub struct ChangeView {
    /// Its label.
    pub label: String,
    /// The value before; none = it did not exist.
    pub before: Option<String>,
    /// The value after; none = it does not exist any more.
    pub after: Option<String>,
    /// A secret of which nothing is kept but that it changed.
    pub secret: bool,
}

impl EntryView {
    /// Draws an audit entry; `labels` gives the fields' words, in the order of the form. What came
    /// into being or is gone is told by its values alone, empty ones left out.
    pub fn of(entry: audit::Row, follow: Follow, labels: &[(String, String)]) -> Self {
        let sides = match entry.verb {
            Verb::Add => Sides::After,
            Verb::Delete => Sides::Before,
            _ => Sides::Both,
        };
        let mut changes: Vec<&Change> =
            entry.changes.iter().filter(|change| says_something(change, sides)).collect();
        let place = |change: &Change| labels.iter().position(|(name, _)| *name == change.field);
        changes.sort_by_key(|change| place(change).unwrap_or(usize::MAX));
        Self {
            at: At(entry.at),
            actor: entry.actor_name,
            remote_addr: entry.remote_addr,
            verb: entry.verb.label(),
            sides,
            changes: changes.into_iter().map(|change| change_view(change, labels)).collect(),
            follow,
        }
    }
}

fn says_something(change: &Change, sides: Sides) -> bool {
    let side = match sides {
        Sides::Both => return true,
        Sides::After => &change.after,
        Sides::Before => &change.before,
    };
    let is_blank = match side {
        None | Some(Value::None) => true,
        Some(Value::Text(text)) => text.is_empty(),
        Some(Value::Bool(_) | Value::Number(_)) => false,
    };
    change.secret || !is_blank
}

/// A changed field's label.
pub fn change_label(change: &Change, labels: &[(String, String)]) -> String {
    let label = labels.iter().find(|(name, _)| *name == change.field);
    let label = label.map_or_else(|| spaced(&change.field), |(_, label)| label.clone());
    t(&label).to_owned()
}

fn change_view(change: &Change, labels: &[(String, String)]) -> ChangeView {
    ChangeView {
        label: change_label(change, labels),
        before: change.before.as_ref().map(|before| value(&change.field, before)),
        after: change.after.as_ref().map(|after| value(&change.field, after)),
        secret: change.secret,
    }
}

/// A field's name as words, for fields the form no longer has.
fn spaced(field: &str) -> String {
    let mut letters = field.chars().map(|c| if c == '_' { ' ' } else { c });
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// Fields whose values are words of ours.
const IN_OUR_WORDS: [&str; 3] = ["state", "concurrency", "role"];

/// A field's value as a person reads it.
pub fn value(field: &str, value: &Value) -> String {
    match value {
        Value::Text(word) if IN_OUR_WORDS.contains(&field) && !word.is_empty() => {
            t(word).to_owned()
        }
        Value::Bool(true) => t("Yes").to_owned(),
        Value::Bool(false) => t("No").to_owned(),
        Value::Number(number) => number.to_string(),
        Value::Text(text) if text.is_empty() => t("empty").to_owned(),
        Value::Text(text) => text.clone(),
        Value::None => t("none").to_owned(),
    }
}
