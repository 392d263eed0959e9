//! The part of a webhook's form that is about its secrets: setting, replacing and ending them, and
//! which of them GitLab used last.

use crate::clock;
use crate::web::admin::kit::field::{Choice, Field, Fieldset, Widget};
use crate::web::admin::kit::form::{FormErrors, Values};
use crate::web::admin::kit::resource::Loaded;
use crate::web::admin::words::field_label;
use crate::web::urls;
use crate::webhooks::{Draft, SecretChange};
use chrono::{DateTime, Utc};
use secrecy::ExposeSecret;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::webhooks::Row;

/// Facts about a webhook's secrets travel beside its fields under these names; no control has them.
const SEEN: &str = "seen.";
const UNTIL: &str = "until.";

/// How long a replaced secret stays valid unless a person chooses otherwise: long enough to change
/// GitLab without losing a delivery.
const KEEP_DAYS: &str = "7";

pub(super) fn security_fieldset(public_address: &str, object: Option<&Loaded>) -> Fieldset {
    let is_set =
        |name: &'static str| object.is_some_and(|object| object.secrets_set.contains(&name));
    let secret = |name, generates| Widget::Secret { is_set: is_set(name), generates };
    let fact = |prefix: &str, name: &str| {
        object.map_or("", |object| object.values.get(&format!("{prefix}{name}"))).to_owned()
    };
    let seen = |name: &'static str| match fact(SEEN, name).as_str() {
        "" if is_set(name) => format!(" {}", t("No event has used it yet.")),
        "" => String::new(),
        at => format!(" {}", say!("Last used {time}.", time = at)),
    };
    let url = format!("{public_address}{}", urls::gitlab());
    let mut fields = vec![
        Field::new("signing_token", field_label("signing_token"), secret("signing_token", false)).with_help(format!(
            "{}{}",
            say!(
                "GitLab 19 or later: add a webhook with the URL {url}, press “Generate signing token”, and paste the token here.",
                url = url
            ),
            seen("signing_token")
        )),
        Field::new("secret_token", field_label("secret_token"), secret("secret_token", true)).with_help(format!(
            "{}{}",
            t("GitLab before 19: generate a token here and enter it in GitLab. It is shown once."),
            seen("secret_token")
        )),
    ];
    let signs = is_set("signing_token") && !fact(SEEN, "signing_token").is_empty();
    if signs || object.is_some_and(|object| object.values.is_on("require_signature")) {
        fields.push(
            Field::checkbox_field("require_signature", field_label("require_signature"))
                .full_width()
                .with_help("Rejects deliveries that carry only the secret token."),
        );
    }
    if is_set("secret_token") || is_set("signing_token") {
        let days = [("", "Revoke at once"), ("1", "1 day"), ("7", "7 days"), ("30", "30 days")];
        let days = days.map(|(days, words)| Choice::new(days, words)).to_vec();
        fields.push(
            Field::new("keep_previous_days", "Keep replaced tokens valid for", Widget::Select(days))
                .full_width()
                .with_help("When you enter a new token above, the old one stays valid this long. Revoke a leaked token at once."),
        );
    }
    for (name, field, what) in [
        ("secret_token", "end_previous_secret", "Revoke the previous secret token now"),
        ("signing_token", "end_previous_signing", "Revoke the previous signing token now"),
    ] {
        let until = fact(UNTIL, name);
        if !until.is_empty() {
            fields.push(
                Field::checkbox_field(field, what)
                    .full_width()
                    .with_help(say!("Still valid until {time}.", time = until)),
            );
        }
    }
    Fieldset {
        id: "security",
        legend: "Security",
        help: "Proves that an event comes from GitLab. An enabled webhook needs one of the two tokens."
            .into(),
        paired: true,
        fields,
    }
}

/// Notes what the form says of a webhook's secrets.
pub(super) fn fill_secrets(values: &mut Values, row: &Row) {
    let now = clock::now();
    values.tick_box("require_signature", row.require_signature);
    values.set_field("keep_previous_days", KEEP_DAYS);
    for (name, seen, until) in [
        ("secret_token", row.last_token_at, row.previous_secret_until),
        ("signing_token", row.last_signature_at, row.previous_signing_until),
    ] {
        values.set_field(&format!("{SEEN}{name}"), seen.map(until_text).unwrap_or_default());
        let until = until.filter(|until| *until > now);
        values.set_field(&format!("{UNTIL}{name}"), until.map(until_text).unwrap_or_default());
    }
}

fn until_text(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// Takes what was typed; a new secret token is noted for showing it once. A signing token is GitLab's:
/// that shows it.
pub(super) fn take_secrets(
    values: &Values,
    draft: Draft,
    reveal: &mut Vec<(String, String)>,
    errors: &mut FormErrors,
) -> Draft {
    let keep_previous_days = match values.get_trimmed("keep_previous_days") {
        "" => None,
        days => {
            let days = days.parse().ok();
            if days.is_none() {
                errors.add_error("keep_previous_days", "Choose one of these options.");
            }
            days
        }
    };
    let secret_token =
        if values.get("secret_token").is_empty() && values.is_on("secret_token_generate") {
            SecretChange::Set(clock::secret_text().into())
        } else {
            secret_change(values, "secret_token")
        };
    if let SecretChange::Set(text) = &secret_token {
        reveal.push(("Secret token".to_owned(), text.expose_secret().to_owned()));
    }
    Draft {
        secret_token,
        signing_token: secret_change(values, "signing_token"),
        keep_previous_days,
        end_previous_secret: values.is_on("end_previous_secret"),
        end_previous_signing: values.is_on("end_previous_signing"),
        require_signature: values.is_on("require_signature"),
        ..draft
    }
}

/// What is to become of a secret.
fn secret_change(values: &Values, name: &str) -> SecretChange {
    let typed = values.get(name);
    if !typed.is_empty() {
        SecretChange::Set(typed.into())
    } else if values.is_on(&format!("{name}_remove")) {
        SecretChange::Remove
    } else {
        SecretChange::Keep
    }
}
