//! What a change of a webhook's form means beyond its fields: whether it asks for the password
//! again, and how an entry of the history is taken back.

use super::form::set_registers;
use super::parameters::{PARAM, fill_parameters};
use crate::web::admin::kit::form::Values;
use crate::web::admin::kit::resource::Loaded;
use crate::web::admin::kit::revert;
use signalbox_core::change::{Change, Value};
use signalbox_core::webhook::ProjectId;
use std::collections::BTreeMap;

/// Whether what was typed sets a secret, or what is run: both ask for the password again.
pub(super) fn is_sensitive(object: Option<&Loaded>, values: &Values) -> bool {
    let Some(object) = object else { return true };
    let words = ["secret", "signing", "end_previous", "share_with"];
    let is_secret = |name: &str| words.iter().any(|word| name.starts_with(word));
    let sets_secret = values.iter_pairs().any(|(name, value)| is_secret(name) && !value.is_empty());
    let requires = |values: &Values| values.is_on("require_signature");
    sets_secret
        || requires(&object.values) != requires(values)
        || is_run(&object.values) != is_run(values)
}

/// The action and its parameters.
fn is_run(values: &Values) -> (&str, BTreeMap<&str, &str>) {
    let parameters = values
        .iter_pairs()
        .filter(|(name, value)| name.starts_with(PARAM) && !value.trim().is_empty());
    (values.get_trimmed("action"), parameters.map(|(name, value)| (name, value.trim())).collect())
}

/// Puts a field back to what it was before a change.
pub(super) fn restore_field(values: &mut Values, change: &Change) {
    let before = change.before.as_ref();
    match (change.field.as_str(), before) {
        ("action_params", Some(Value::Text(json))) => {
            let old: Vec<String> = values
                .iter_pairs()
                .filter(|(name, _)| name.starts_with(PARAM))
                .map(|(name, _)| name.to_owned())
                .collect();
            for name in old {
                values.tick_box(&name, false);
            }
            fill_parameters(values, &serde_json::from_str(json).unwrap_or_default());
        }
        (field, _) => {
            revert::restore_field(values, change);
            match field {
                "project_id" => {
                    values.tick_box(
                        "pending",
                        values.get_trimmed(field) == ProjectId::PENDING.to_string(),
                    );
                }
                "register_on_first_event" => {
                    let at_main = values.is_on(field);
                    set_registers(values, at_main);
                }
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample_values(pairs: &[(&str, &str)]) -> Values {
        Values::from_pairs(pairs.iter().map(|(name, value)| ((*name).into(), (*value).into())))
    }

    #[test]
    fn secrets_and_what_is_run_are_sensitive_and_the_rest_is_not() {
        let stored = [("action", "print"), ("param.branch", "main"), ("notes", "a")];
        let object = Loaded { values: sample_values(&stored), ..Loaded::default() };
        let asked = |more: &[(&str, &str)]| {
            is_sensitive(Some(&object), &sample_values(&[&stored[..], more].concat()))
        };
        assert!(!asked(&[]));
        assert!(!asked(&[("notes", "b"), ("secret_token", ""), ("param.none", " ")]));
        assert!(asked(&[("action", "deploy")]));
        assert!(asked(&[("param.branch", "other")]));
        for name in ["secret_token", "signing_token_remove", "end_previous_secret", "share_with"] {
            assert!(asked(&[(name, "on")]), "{name}");
        }
        assert!(is_sensitive(None, &sample_values(&stored)));
    }

    #[test]
    fn fields_parameters_and_the_box_of_a_pending_webhook_go_back() {
        let mut now =
            sample_values(&[("param.branch", "x"), ("param.new", "y"), ("project_id", "7")]);
        let change = |field: &str, before: Value| Change {
            field: field.to_owned(),
            before: Some(before),
            after: None,
            secret: false,
        };
        restore_field(
            &mut now,
            &change("action_params", Value::Text(r#"{"branch":"main"}"#.into())),
        );
        restore_field(&mut now, &change("project_id", Value::Number(-1)));
        let then = [("param.branch", "main"), ("pending", "on"), ("project_id", "-1")];
        assert_eq!(now, sample_values(&then));
    }
}
