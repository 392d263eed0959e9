//! An entry of the log as a page shows it, field by field, in the order of the object's form.

use super::at::At;
use super::pages::Follow;
use super::resource::LogWords;
use chrono::{DateTime, Utc};
use signalbox_core::change::{Change, Value};
use signalbox_i18n::t;

/// What was done to an object once, as the site's log keeps it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its number.
    pub id: i64,
    /// When.
    pub at: DateTime<Utc>,
    /// By whom.
    pub actor: String,
    /// From where; empty = not from a request.
    pub remote_addr: String,
    /// What, in a word.
    pub verb: &'static str,
    /// What that does to an object.
    pub kind: Kind,
    /// The object's name at that time.
    pub name: String,
    /// Field by field.
    pub changes: Vec<Change>,
}

/// What is done to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It came into being.
    Added,
    /// Fields of it changed.
    Changed,
    /// It went.
    Deleted,
    /// Nothing that can be undone.
    Other,
}

impl Entry {
    /// Whether it changed fields that can go back.
    pub fn can_revert(&self, log: &LogWords) -> bool {
        self.kind == Kind::Changed && self.changes.iter().any(|change| log.can_restore(change))
    }
}

/// Which entries of an object's history are asked for.
#[derive(Debug, Clone, Copy)]
pub enum Entries {
    /// So many are skipped, so many are wanted.
    Some(i64, i64),
    /// The one of this number.
    One(i64),
}

/// The words for what stands in entries.
pub struct Labels {
    /// Fields and their labels, in the order of the form.
    pub fields: Vec<(String, String)>,
    /// Fields whose values are words to translate.
    pub translated: &'static [&'static str],
}

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
    pub fn from_entry(entry: Entry, follow: Follow, labels: &Labels) -> Self {
        let sides = match entry.kind {
            Kind::Added => Sides::After,
            Kind::Deleted => Sides::Before,
            Kind::Changed | Kind::Other => Sides::Both,
        };
        let mut changes: Vec<&Change> =
            entry.changes.iter().filter(|change| says_something(change, sides)).collect();
        let place =
            |change: &Change| labels.fields.iter().position(|(name, _)| *name == change.field);
        changes.sort_by_key(|change| place(change).unwrap_or(usize::MAX));
        Self {
            at: At(entry.at),
            actor: entry.actor,
            remote_addr: entry.remote_addr,
            verb: entry.verb,
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
pub fn change_label(change: &Change, labels: &Labels) -> String {
    let label = labels.fields.iter().find(|(name, _)| *name == change.field);
    let label = label.map_or_else(|| space_out(&change.field), |(_, label)| label.clone());
    t(&label).to_owned()
}

fn change_view(change: &Change, labels: &Labels) -> ChangeView {
    ChangeView {
        label: change_label(change, labels),
        before: change.before.as_ref().map(|before| value_text(labels, &change.field, before)),
        after: change.after.as_ref().map(|after| value_text(labels, &change.field, after)),
        secret: change.secret,
    }
}

/// A field's name as words, for fields the form no longer has.
fn space_out(field: &str) -> String {
    let mut letters = field.chars().map(|c| if c == '_' { ' ' } else { c });
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}

/// A field's value as a person reads it.
pub fn value_text(labels: &Labels, field: &str, value: &Value) -> String {
    match value {
        Value::Text(word) if labels.translated.contains(&field) && !word.is_empty() => {
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
