//! The kit's page structs, one a template: what each shows, and samples of it.

use super::at::At;
use super::bulk::Question;
use super::entry::{Entry, EntryView, Labels};
use super::form::{BoundField, FormView};
use super::frame::Frame;
use super::list_view::{Chip, ListView};
use super::resource::{DeletePlan, Loaded};
use super::reveal::Shown;
use crate::web::filters;
use askama::Template;
use chrono::{DateTime, Utc};

/// A list.
#[derive(Template)]
#[template(path = "admin/changelist.html")]
pub struct ChangelistPage {
    /// The page's frame.
    pub frame: Frame,
    /// New secrets.
    pub reveal: Vec<Shown>,
    /// Links at the top right: words and address.
    pub tools: &'static [(&'static str, &'static str)],
    /// Where a file of rows is taken, for those who may.
    pub import: Option<&'static str>,
    /// A sentence under the list.
    pub note: Option<String>,
    /// The list.
    pub list: ListView,
    /// The form for a new one, for those who may.
    pub add: Option<String>,
    /// One of them, in a sentence.
    pub one: &'static str,
}

/// A form for adding, changing or just reading.
#[derive(Template)]
#[template(path = "admin/change_form.html")]
pub struct ChangeFormPage {
    /// The page's frame.
    pub frame: Frame,
    /// The form.
    pub form: FormView,
    /// Whether this person may change anything.
    pub may_edit: bool,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// New secrets.
    pub reveal: Vec<Shown>,
    /// Where the form is sent.
    pub action: String,
    /// What is not copied by "Save as new", where there is that button.
    pub copies: Option<&'static str>,
    /// What is changed; none when one is added.
    pub object: Option<Loaded>,
    /// Links above the form of a new one: words and address.
    pub add_tools: &'static [(&'static str, &'static str)],
    /// Its history, where no tab leads there.
    pub history: Option<String>,
    /// Its deletion, for those who may.
    pub delete: Option<String>,
    /// Back to the list.
    pub close: String,
    /// One of them, in a sentence.
    pub one: &'static str,
    /// What the fields are as the form opens, to tell apart who changed what.
    pub was: String,
    /// What makes it add one thing, however often it is sent.
    pub once: String,
}

/// The question before a deletion.
#[derive(Template)]
#[template(path = "admin/confirm.html")]
pub struct ConfirmPage {
    /// The page's frame.
    pub frame: Frame,
    /// What goes and what stays.
    pub plan: DeletePlan,
    /// One's own password, where it is asked for.
    pub ask: Option<BoundField>,
    /// The way out.
    pub cancel: String,
    /// The button's words.
    pub button: String,
}

/// The question before a bulk action.
#[derive(Template)]
#[template(path = "admin/bulk.html")]
pub struct BulkPage {
    /// The page's frame.
    pub frame: Frame,
    /// What is to be done.
    pub action: Question,
    /// One's own password, where it is asked for.
    pub ask: Option<BoundField>,
    /// The filters that choose the rows.
    pub narrowed: Vec<Chip>,
    /// The search that chooses them.
    pub search: String,
    /// Whether it is for every row there is.
    pub everything: bool,
    /// How many.
    pub count: String,
    /// Several of them, in a sentence.
    pub plural: &'static str,
    /// Some of them by name.
    pub chosen: Vec<ChosenRow>,
    /// Whether there are more than those.
    pub more: bool,
    /// Whether it is for all that match.
    pub across: bool,
    /// The ticked ones, if it is not.
    pub ids: Vec<String>,
    /// The newest that it is for.
    pub up_to: String,
    /// The list, where the form is sent too.
    pub here: String,
    /// The button's words.
    pub button: String,
}

/// A row that a bulk action is for.
#[derive(Debug, Clone)]
pub struct ChosenRow {
    /// What tells it from the others.
    pub name: String,
    /// Its page.
    pub href: String,
}

/// Two people changed one object.
#[derive(Template)]
#[template(path = "admin/conflict.html")]
pub struct ConflictPage {
    /// The page's frame.
    pub frame: Frame,
    /// One of them, in a sentence.
    pub one: &'static str,
    /// The fields that differ.
    pub rows: Vec<ConflictRow>,
    /// What the fields are now, for the next conflict.
    pub was: String,
    /// The version there is now.
    pub version: i32,
    /// The form again, secrets left out.
    pub repeat: Vec<(String, String)>,
    /// Where the form is sent.
    pub action: String,
    /// The form as it is now.
    pub reload: String,
    /// Who changed it.
    pub history: String,
}

/// A field that two people left differently.
#[derive(Debug, Clone)]
pub struct ConflictRow {
    /// The control's name.
    pub name: String,
    /// Its label.
    pub label: String,
    /// What it was when the form was opened, if that is known.
    pub before: Option<String>,
    /// What this person entered.
    pub yours: Side,
    /// What is stored now.
    pub theirs: Side,
    /// Whether this person's is picked at first.
    pub keep_yours: bool,
}

/// What one person left in a field.
#[derive(Debug, Clone, Default)]
pub struct Side {
    /// The words.
    pub shown: String,
    /// What the form sends for it.
    pub value: String,
}

/// What was done to an object.
#[derive(Template)]
#[template(path = "admin/history.html")]
pub struct HistoryPage {
    /// The page's frame.
    pub frame: Frame,
    /// Whether the object still is there.
    pub exists: bool,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// Newest first.
    pub entries: Vec<EntryView>,
    /// Entries after these.
    pub newer: Option<String>,
    /// Entries before these.
    pub older: Option<String>,
}

/// What can follow from an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Follow {
    /// Nothing.
    Nothing,
    /// It can be undone: where that is asked.
    Revert(String),
    /// Undoing it would change nothing.
    HoldsNow,
    /// Undoing it would change nothing but secrets, which are not kept.
    SecretsGone,
    /// What it deleted can be added again: the form, filled in.
    AddAgain(String),
}

/// The question whether to undo an entry.
#[derive(Template)]
#[template(path = "admin/revert.html")]
pub struct RevertPage {
    /// The page's frame.
    pub frame: Frame,
    /// One of them, in a sentence.
    pub one: &'static str,
    /// Its name.
    pub name: String,
    /// Who made the change.
    pub by: String,
    /// When.
    pub at: At,
    /// Now, for relative times.
    pub now: DateTime<Utc>,
    /// Why nothing was put back.
    pub wrong: Vec<String>,
    /// The fields that would change.
    pub rows: Vec<RevertRow>,
    /// The secrets that it changed.
    pub secrets: Vec<String>,
    /// The version there is now.
    pub version: i32,
    /// One's own password, where it is asked for.
    pub ask: Option<BoundField>,
    /// The way out.
    pub cancel: String,
}

/// A field that would be put back.
#[derive(Debug, Clone)]
pub struct RevertRow {
    /// Its label.
    pub label: String,
    /// Its value.
    pub now: String,
    /// The value it would have.
    pub then: String,
}

impl HistoryPage {
    /// Draws audit entries; `labels` gives the fields' words.
    pub fn from_entries(
        frame: Frame,
        (entries, follow): (Vec<Entry>, Vec<Follow>),
        labels: &Labels,
        (exists, now): (bool, DateTime<Utc>),
    ) -> Self {
        let entries = entries.into_iter().zip(follow);
        let entries = entries.map(|(entry, follow)| EntryView::from_entry(entry, follow, labels));
        Self { entries: entries.collect(), frame, exists, now, newer: None, older: None }
    }
}
