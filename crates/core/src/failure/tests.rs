//! Every failure: stored and read back.

use super::samples::one_of_each;
use super::*;

#[test]
fn every_failure_is_read_back_as_it_was_stored() {
    for failure in one_of_each() {
        let stored = failure.to_stored();
        assert!(stored["code"].is_string(), "{stored}");
        assert_eq!(Failure::from_stored(&stored), Some(failure), "{stored}");
    }
    let later = serde_json::json!({ "code": "of_a_later_version" });
    assert_eq!(Failure::from_stored(&later), None);
}

#[test]
fn its_texts_are_changed_and_its_words_are_not() {
    let refused =
        Failure::EngineRefused { status: "500".into(), message: Some("code \0 pattern".into()) };
    let because = Box::new(Failure::NotSent {
        reason: Sentence::new("{address} is an address that is never called")
            .with("address", "code"),
    });
    let failure = Failure::NotPutBack { because, error: Box::new(refused) };
    let masked = failure.with_texts(&|text| text.replace("code", "••••"));
    assert_eq!(
        masked.to_string(),
        "Not sent: •••• is an address that is never called. The old one could not be put back \
         either: The engine refused (500): •••• \u{FFFD} pattern."
    );
}

#[test]
fn what_came_from_elsewhere_is_kept_as_far_as_it_can_be_shown() {
    let long = "é".repeat(1_000_000);
    let refused = Failure::EngineRefused { status: "500".into(), message: Some(long) };
    let Failure::EngineRefused { message, .. } = refused.with_texts(&str::to_owned) else {
        panic!()
    };
    let message = message.unwrap();
    assert!(
        message.ends_with("é…") && (2_000..2_100).contains(&message.len()),
        "{}",
        message.len()
    );
}
