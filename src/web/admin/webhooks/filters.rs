//! The part of a webhook's form that says which of its events are wanted.

use crate::web::admin::help::{of_webhook, section_url};
use crate::web::admin::kit::field::{Field, Fieldset, Widget};
use crate::web::admin::kit::form::Values;
use crate::web::admin::words::field_label;
use crate::webhooks::Draft;
use signalbox_core::matching::condition;
use signalbox_i18n::say;
use signalbox_store::webhooks::Row;

/// The box of a new webhook: pushes that delete a branch surprise whoever deploys.
const NO_DELETIONS: &str = "exclude_deletions";

pub(super) fn filter_fieldset(is_new: bool) -> Fieldset {
    const EXAMPLE: &str = "branch = \"main\" and not draft; action in [\"open\", \"reopen\"] or title like \"*deploy*\"";
    let words = condition::field_words().collect::<Vec<_>>().join(", ");
    let no_deletions = is_new.then(|| {
        Field::checkbox_field(NO_DELETIONS, "Exclude branch and tag deletions")
            .full_width()
            .with_help(
                "Deleting a branch or tag sends a push too, which runs the action unless excluded. Adds “not deleted” to the condition.",
            )
    });
    let mut fieldset = Fieldset {
        id: "filters",
        legend: "Filters",
        help: "Optional. A matching event must also pass every filter.".into(),
        learn_more: Some(section_url(of_webhook::FILTERS)),
        paired: true,
        fields: vec![
            Field::new("ref_filter", field_label("ref_filter"), Widget::Area { rows: 3 })
                .with_help("One pattern a line: main, release/*, refs/tags/v*. ! excludes, ** crosses slashes. Merge requests use their source branch."),
            Field::new("path_filter", field_label("path_filter"), Widget::Area { rows: 3 })
                .with_help("One pattern a line: docs/, src/**/*.rs, !**/*.md. A push must change such a file. It also passes if GitLab omits files.")
                .folded_at(""),
            Field::new("condition", field_label("condition"), Widget::Area { rows: 2 })
                .full_width()
                .with_help(say!("For example: {example}. Operators: =, !=, <, <=, >, >=, in [ ], contains, like, and, or, not, ( ). Fields: {fields}.", example = EXAMPLE, fields = words))
                .folded_at(""),
            Field::checkbox_field("obey_skip", field_label("obey_skip"))
                .full_width()
                .with_help("Skips events with [skip ci] or [ci skip] in the newest commit or merge request title, and pushes with -o ci.skip.")
                .folded_at(""),
        ],
    };
    fieldset.fields.extend(no_deletions);
    fieldset
}

/// Fills the form.
pub(super) fn fill_filters(values: &mut Values, row: &Row) {
    values.set_field("ref_filter", row.ref_filter.as_str());
    values.set_field("path_filter", row.path_filter.as_str());
    values.set_field("condition", row.condition.as_str());
    values.tick_box("obey_skip", row.obey_skip);
}

/// Takes what was typed.
pub(super) fn take_filters(values: &Values, draft: Draft) -> Draft {
    let lines = |name| values.get(name).replace("\r\n", "\n").trim_end().to_owned();
    Draft {
        ref_filter: lines("ref_filter"),
        path_filter: lines("path_filter"),
        condition: condition_of(values, lines("condition")),
        obey_skip: values.is_on("obey_skip"),
        ..draft
    }
}

/// The condition with what the box adds; a faulty one stays as it was typed, so that its fault is found there.
fn condition_of(values: &Values, typed: String) -> String {
    if !values.is_on(NO_DELETIONS) {
        return typed;
    }
    match condition::parse_condition(&typed) {
        Ok(None) => "not deleted".to_owned(),
        // What was typed says itself what becomes of deletions.
        Ok(Some(condition)) if condition.looks_at("deleted") => typed,
        Ok(Some(_)) => format!("not deleted and ({typed})"),
        Err(_) => typed,
    }
}
