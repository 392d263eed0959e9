//! The form's three fields on how a webhook's jobs share time.

use crate::web::admin::kit::field::{Choice, Field, Widget};
use crate::web::admin::kit::form::{FormErrors, Values};
use crate::web::admin::words::label;
use signalbox_core::webhook::Concurrency;

pub(super) fn concurrency_field() -> Field {
    let words = |choice| match choice {
        Concurrency::Parallel => "Parallel",
        Concurrency::Serial => "One at a time",
        Concurrency::Latest => "Latest per ref",
    };
    let choices = Concurrency::ALL.map(|choice| Choice::new(choice.as_str(), words(choice)));
    Field::new("concurrency", label("concurrency"), Widget::Select(choices.into()))
        .help("Whether jobs of this webhook run together, in turn, or only the latest of each ref.")
}

pub(super) fn debounce_field() -> Field {
    let widget = Widget::Number { min: 0, max: 3_600 };
    Field::new("debounce_s", label("debounce_s"), widget)
        .help("With “Latest per ref”: how long a job waits for a newer one. 0 turns it off.")
}

pub(super) fn cancel_field() -> Field {
    Field::check("cancel_running", label("cancel_running"))
        .full()
        .help("With “Latest per ref”: applies to jobs of the same ref.")
}

/// What was typed into them.
pub(super) fn read(values: &Values, errors: &mut FormErrors) -> (Concurrency, i32) {
    let concurrency = match values.trimmed("concurrency") {
        "" => Concurrency::default(),
        word => Concurrency::parse(word).unwrap_or_else(|| {
            errors.add("concurrency", "Choose one from the list.");
            Concurrency::default()
        }),
    };
    let debounce_s = match values.trimmed("debounce_s") {
        "" => 0,
        text => text.parse().unwrap_or_else(|_| {
            errors.add("debounce_s", "Enter a whole number.");
            0
        }),
    };
    (concurrency, debounce_s)
}
