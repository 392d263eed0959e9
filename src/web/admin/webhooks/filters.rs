//! The part of a webhook's form that says which of its events are wanted.

use crate::core::matching::condition;
use crate::say;
use crate::store::webhooks::Row;
use crate::web::admin::kit::field::{Field, Fieldset, Widget};
use crate::web::admin::kit::form::Values;
use crate::webhooks::Draft;

pub(super) fn fieldset() -> Fieldset {
    const EXAMPLE: &str = "branch = \"main\" and not draft; action in [\"open\", \"reopen\"] or title like \"*deploy*\"";
    let words = condition::field_words().collect::<Vec<_>>().join(", ");
    Fieldset {
        id: "filters",
        legend: "Filters",
        help: "Of the events that equal the five values, only those that pass all filters run. All may stay empty.".into(),
        paired: true,
        fields: vec![
            Field::new("ref_filter", "Branches and tags", Widget::Area { rows: 3 })
                .help("One pattern a line, of the short or the whole name: main, release/*, refs/tags/v*. A line that begins with ! leaves out: !wip/**. * stops at a slash, ** does not. Of a merge request, it is the source branch."),
            Field::new("path_filter", "Files", Widget::Area { rows: 3 })
                .help("One pattern a line, of the files that a push adds, changes or removes: docs/, src/**/*.rs, !**/*.md. Where GitLab does not list them all (over 20 commits, a new branch, other events), the action runs, and the delivery says why."),
            Field::new("condition", "Condition", Widget::Area { rows: 2 })
                .full()
                .help(say!("For example: {example}. There are =, !=, <, <=, >, >=, in [ ], contains, like, and, or, not, ( ). Fields: {fields}.", example = EXAMPLE, fields = words)),
            Field::check("obey_skip", "Obey “[skip ci]”")
                .full()
                .help("An event whose newest commit's message (of a merge request: the title) has [skip ci] or [ci skip] in it runs nothing; nor does a push with -o ci.skip."),
        ],
    }
}

/// Fills the form.
pub(super) fn fill(values: &mut Values, row: &Row) {
    values.set("ref_filter", row.ref_filter.as_str());
    values.set("path_filter", row.path_filter.as_str());
    values.set("condition", row.condition.as_str());
    values.tick("obey_skip", row.obey_skip);
}

/// Takes what was typed.
pub(super) fn take(values: &Values, draft: Draft) -> Draft {
    let lines = |name| values.get(name).replace("\r\n", "\n").trim_end().to_owned();
    Draft {
        ref_filter: lines("ref_filter"),
        path_filter: lines("path_filter"),
        condition: lines("condition"),
        obey_skip: values.is_on("obey_skip"),
        ..draft
    }
}
