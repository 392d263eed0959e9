//! Every reason: stored and read back.

use super::samples::{one_of_each, sample_check};
use super::*;

#[test]
fn a_reason_is_read_back_as_it_was_stored() {
    for reason in one_of_each() {
        let (code, args) = reason.to_stored();
        assert!(!code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '_'));
        assert_eq!(DeliveryReason::from_stored(&code, args.as_ref()), Some(reason));
    }
    assert_eq!(DeliveryReason::from_stored("of_another_version", None), None);
    let (code, args) = DeliveryReason::NoProject.to_stored();
    assert_eq!((code.as_str(), args), ("no_project", None));
}

#[test]
fn a_filter_is_named_with_what_it_asks_for_and_what_came() {
    let filtered = DeliveryReason::Filtered {
        webhook: "X".into(),
        check: sample_check(MatchField::RefFilter, "main\nrelease/*", "refs/heads/fix"),
    };
    let sentence =
        "Filtered: “X” runs only for branch or tag main, release/*; this event is for fix";
    assert_eq!(filtered.to_string(), sentence);
}
