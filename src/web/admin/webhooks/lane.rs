//! The form's three fields on how a webhook's jobs share time.

use crate::core::webhook::Concurrency;
use crate::web::admin::kit::field::{Choice, Field, Widget};
use crate::web::admin::kit::form::{FormErrors, Values};

pub(super) fn concurrency_field() -> Field {
    let words = |choice| match choice {
        Concurrency::Parallel => "All at once",
        Concurrency::Serial => "One after another, in order",
        Concurrency::Latest => "One after another, of each ref only the newest",
    };
    let choices = Concurrency::ALL.map(|choice| Choice::new(choice.as_str(), words(choice)));
    Field::new("concurrency", "Jobs at once", Widget::Select(choices.into()))
        .help("How the jobs of this record share time.")
}

pub(super) fn debounce_field() -> Field {
    let widget = Widget::Number { min: 0, max: 3_600 };
    Field::new("debounce_s", "Wait for a newer one, in seconds", widget)
        .help("Only with “newest”: so long a job waits for a newer one of its ref. 0 = not at all.")
}

pub(super) fn cancel_field() -> Field {
    Field::check("cancel_running", "The newest also stops the one that runs").full().help(
        "Only with “newest”: a running job of the same ref is cancelled when a newer one comes.",
    )
}

/// What was typed into them.
pub(super) fn read(values: &Values, errors: &mut FormErrors) -> (Concurrency, i32) {
    let concurrency = match values.trimmed("concurrency") {
        "" => Concurrency::default(),
        word => Concurrency::parse(word).unwrap_or_else(|| {
            errors.add("concurrency", "Choose one of the list.");
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
