//! What a file of webhooks would do, as its page draws it.

use crate::web::admin::deliveries::badges::equal_badge;
use crate::web::admin::kit::badge::Badge;
use crate::web::admin::webhooks::badges::{
    import_changed_badge, import_faulty_badge, import_new_badge,
};
use crate::web::admin::words::field_label;
use crate::webhooks::transfer::Kind;
use crate::webhooks::transfer::preview::{Line, Preview};
use signalbox_i18n as i18n;

/// The most webhooks that are drawn one by one.
const DRAWN: usize = 200;

/// What a file would do.
pub struct PlanView {
    /// Its webhooks: new ones, those that differ, and those with faults; of more than are drawn,
    /// those with faults first.
    pub lines: Vec<LineView>,
    /// How many more there are.
    pub more: usize,
    /// How many webhooks have no secret.
    pub lacking: usize,
    /// The names of those that are the same.
    pub same: Vec<String>,
    /// How many are new, changed, the same and faulty.
    pub counts: [usize; 4],
    /// How many webhooks here the file does not have.
    pub only_here: usize,
    /// What the import must find again.
    pub mark: String,
}

/// A webhook of a file.
pub struct LineView {
    /// Its place in the file, from 1 on.
    pub number: usize,
    /// What it is called.
    pub label: String,
    /// What is to become of it.
    pub badge: Badge,
    /// Its address, event and action.
    pub facts: [String; 3],
    /// What changes: field, before and after.
    pub changes: Vec<(String, String, String)>,
    /// What is wrong: field and sentence.
    pub faults: Vec<(String, String)>,
    /// Whether it has no secret and is switched off.
    pub lacks_secret: bool,
}

impl PlanView {
    pub(super) fn from_preview(preview: &Preview) -> Self {
        let mut view = Self {
            lines: Vec::new(),
            more: 0,
            lacking: 0,
            same: Vec::new(),
            counts: [0; 4],
            only_here: preview.only_here,
            mark: preview.mark.clone(),
        };
        for (number, line) in (1..).zip(&preview.lines) {
            let place = match (&line.kind, line.faults.is_empty()) {
                (_, false) => 3,
                (Kind::New, true) => 0,
                (Kind::Different(_), true) => 1,
                (Kind::Same, true) => 2,
            };
            if let Some(count) = view.counts.get_mut(place) {
                *count += 1;
            }
            if place == 2 {
                view.same.push(line.label.clone());
            } else {
                view.lacking += usize::from(line.lacks_secret);
                view.lines.push(LineView::from_line(number, line));
            }
        }
        if view.lines.len() > DRAWN {
            view.lines.sort_by_key(|line| line.faults.is_empty());
            view.more = view.lines.len() - DRAWN;
            view.lines.truncate(DRAWN);
        }
        view
    }

    /// Whether there is anything to do, and nothing in the way.
    pub(super) fn can_start(&self) -> bool {
        let [new, changed, _, faulty] = self.counts;
        faulty == 0 && new + changed > 0
    }

    /// Whether a webhook breaks a rule.
    pub(super) fn is_faulty(&self) -> bool {
        self.counts[3] > 0
    }

    pub(super) fn same_words(&self) -> String {
        let (one, many) = ("{n} unchanged webhook", "{n} unchanged webhooks");
        count_text(self.same.len(), one, many)
    }

    pub(super) fn only_here_words(&self) -> String {
        let one = "{n} webhook here is not in the file. It stays as it is.";
        count_text(
            self.only_here,
            one,
            "{n} webhooks here are not in the file. They stay as they are.",
        )
    }

    /// The button's words.
    pub(super) fn button(&self) -> String {
        let [new, changed, ..] = self.counts;
        count_text(new + changed, "Import {n} webhook", "Import {n} webhooks")
    }

    pub(super) fn more_words(&self) -> String {
        let many = "{n} more are not listed, but counted above.";
        count_text(self.more, "{n} more is not listed, but counted above.", many)
    }
}

impl LineView {
    pub(super) fn from_line(number: usize, line: &Line) -> Self {
        let webhook = &line.webhook;
        let changes = match &line.kind {
            Kind::Different(differences) => differences.as_slice(),
            Kind::New | Kind::Same => &[],
        };
        let badge = match (&line.kind, line.faults.is_empty()) {
            (_, false) => import_faulty_badge(),
            (Kind::New, true) => import_new_badge(),
            (Kind::Different(_), true) => import_changed_badge(),
            (Kind::Same, true) => equal_badge(true),
        };
        Self {
            number,
            label: line.label.clone(),
            badge,
            facts: [
                webhook.repo_url.clone(),
                webhook.http_x_gitlab_event.clone(),
                webhook.action.clone(),
            ],
            changes: changes
                .iter()
                .map(|change| {
                    (
                        field_label(&change.field).to_owned(),
                        value_text(&change.here),
                        value_text(&change.file),
                    )
                })
                .collect(),
            faults: line
                .faults
                .iter()
                .map(|fault| (fault.field.clone(), i18n::say(&fault.message)))
                .collect(),
            lacks_secret: line.lacks_secret,
        }
    }
}

/// A value as a person writes it: text without quotes.
fn value_text(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::Null => String::new(),
        serde_json::Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn count_text(n: usize, one: &'static str, many: &'static str) -> String {
    i18n::count_phrase(i64::try_from(n).unwrap_or(i64::MAX), one, many)
}
