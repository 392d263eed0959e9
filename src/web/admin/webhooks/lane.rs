//! The form's fields on how a webhook's jobs share time.

use crate::web::admin::kit::field::{Choice, Field, Widget};
use crate::web::admin::kit::form::{FormErrors, Values};
use crate::web::admin::words::field_label;
use signalbox_core::webhook::Concurrency;

pub(super) fn concurrency_field() -> Field {
    let words = |choice| match choice {
        Concurrency::Parallel => "Parallel",
        Concurrency::Serial => "One at a time",
        Concurrency::Latest => "Latest per ref",
    };
    let choices = Concurrency::ALL.map(|choice| Choice::new(choice.as_str(), words(choice)));
    Field::new("concurrency", field_label("concurrency"), Widget::Select(choices.into()))
        .with_help(
            "Whether jobs of this webhook run together, in turn, or only the latest of each ref.",
        )
        .folded_at(Concurrency::Parallel.as_str())
}

pub(super) fn max_concurrent_field() -> Field {
    let widget = Widget::Number { min: 1, max: 1_000 };
    Field::new("max_concurrent_jobs", field_label("max_concurrent_jobs"), widget)
        .with_help(
            "With “Parallel”: how many run at once over all workers. Leave empty for no limit.",
        )
        .folded_at("")
}

pub(super) fn debounce_field() -> Field {
    let widget = Widget::Number { min: 0, max: 3_600 };
    Field::new("debounce_s", field_label("debounce_s"), widget)
        .with_help("With “Latest per ref”: how long a job waits for a newer one. 0 turns it off.")
        .folded_at("0")
}

pub(super) fn cancel_field() -> Field {
    Field::checkbox_field("cancel_running", field_label("cancel_running"))
        .full_width()
        .with_help("With “Latest per ref”: applies to jobs of the same ref.")
        .folded_at("")
}

/// What was typed into them.
pub(super) fn read_lane_fields(values: &Values, errors: &mut FormErrors) -> (Concurrency, i32) {
    let concurrency = match values.get_trimmed("concurrency") {
        "" => Concurrency::default(),
        word => Concurrency::parse(word).unwrap_or_else(|| {
            errors.add_error("concurrency", "Choose one from the list.");
            Concurrency::default()
        }),
    };
    let debounce_s = match values.get_trimmed("debounce_s") {
        "" => 0,
        text => text.parse().unwrap_or_else(|_| {
            errors.add_error("debounce_s", "Enter a whole number.");
            0
        }),
    };
    (concurrency, debounce_s)
}
