//! The part of a record's form that is about its secrets: setting, replacing and ending them, and
//! which of them GitLab used last.

use crate::clock;
use crate::i18n::t;
use crate::records::{Draft, SecretChange};
use crate::say;
use crate::store::webhooks::Row;
use crate::web::admin::kit::field::{Choice, Field, Fieldset, Generate, Widget};
use crate::web::admin::kit::form::{FormErrors, Values};
use crate::web::admin::kit::resource::Loaded;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, Utc};

/// What signing tokens begin with.
const SIGNING_PREFIX: &str = "whsec_";

/// Facts about a record's secrets travel beside its fields under these names; no control has them.
const SEEN: &str = "seen.";
const UNTIL: &str = "until.";

pub(super) fn fieldset(object: Option<&Loaded>) -> Fieldset {
    let is_set =
        |name: &'static str| object.is_some_and(|object| object.secrets_set.contains(&name));
    let secret = |name, generate| Widget::Secret { is_set: is_set(name), generate: Some(generate) };
    let fact = |prefix: &str, name: &str| {
        object.map_or("", |object| object.values.get(&format!("{prefix}{name}"))).to_owned()
    };
    let seen = |name: &'static str| match fact(SEEN, name).as_str() {
        "" if is_set(name) => format!(" {}", t("No event has come with it yet.")),
        "" => String::new(),
        at => format!(" {}", say!("Last seen with it: {time}.", time = at)),
    };
    let plain = Generate { prefix: "", plain_base64: false };
    let signing = Generate { prefix: SIGNING_PREFIX, plain_base64: true };
    let mut fields = vec![
        Field::new("secret_token", "Secret token", secret("secret_token", plain)).help(format!(
            "{}{}",
            t("GitLab sends it with every event. It is stored as a digest and never shown again."),
            seen("secret_token")
        )),
        Field::new("signing_token", "Signing token", secret("signing_token", signing)).help(
            format!(
                "{}{}",
                t("GitLab signs every event with it, where your GitLab offers that. Stored encrypted."),
                seen("signing_token")
            ),
        ),
    ];
    if is_set("secret_token") || is_set("signing_token") {
        let days = [("", "Not at all"), ("1", "1 day"), ("7", "7 days"), ("30", "30 days")];
        let days = days.map(|(days, words)| Choice::new(days, words)).to_vec();
        fields.push(
            Field::new("keep_previous_days", "Keep a replaced one valid for", Widget::Select(days))
                .full()
                .help("When you enter a new secret above, the old one is accepted beside it for that long: time to change it in GitLab. With “Not at all” it ends at once."),
        );
    }
    for (name, field, what) in [
        ("secret_token", "end_previous_secret", "End the previous secret token now"),
        ("signing_token", "end_previous_signing", "End the previous signing token now"),
    ] {
        let until = fact(UNTIL, name);
        if !until.is_empty() {
            fields.push(
                Field::check(field, what)
                    .full()
                    .help(say!("It is still accepted, until {time}.", time = until)),
            );
        }
    }
    Fieldset {
        id: "security",
        legend: "Security",
        help: "How Signalbox knows that an event comes from GitLab. One of the two is needed for an enabled record; with both, either is enough.".into(),
        paired: true,
        fields,
    }
}

/// Notes what the form says of a record's secrets.
pub(super) fn fill(values: &mut Values, row: &Row) {
    let now = clock::now();
    for (name, seen, until) in [
        ("secret_token", row.last_token_at, row.previous_secret_until),
        ("signing_token", row.last_signature_at, row.previous_signing_until),
    ] {
        values.set(&format!("{SEEN}{name}"), seen.map(words).unwrap_or_default());
        let until = until.filter(|until| *until > now);
        values.set(&format!("{UNTIL}{name}"), until.map(words).unwrap_or_default());
    }
}

fn words(at: DateTime<Utc>) -> String {
    at.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// Takes what was typed; new secrets are noted for showing them once.
pub(super) fn take(
    values: &Values,
    draft: Draft,
    (reveal, errors): (&mut Vec<(String, String)>, &mut FormErrors),
) -> Draft {
    let keep_previous_days = match values.trimmed("keep_previous_days") {
        "" => None,
        days => {
            let days = days.parse().ok();
            if days.is_none() {
                errors.add("keep_previous_days", "Choose one of these.");
            }
            days
        }
    };
    Draft {
        secret_token: secret(values, ("secret_token", "Secret token"), reveal),
        signing_token: secret(values, ("signing_token", "Signing token"), reveal),
        keep_previous_days,
        end_previous_secret: values.is_on("end_previous_secret"),
        end_previous_signing: values.is_on("end_previous_signing"),
        ..draft
    }
}

/// What is to become of a secret; a new one is noted for showing it once.
fn secret(
    values: &Values,
    (name, label): (&str, &str),
    reveal: &mut Vec<(String, String)>,
) -> SecretChange {
    let typed = values.get(name);
    let text = if !typed.is_empty() {
        typed.to_owned()
    } else if values.is_on(&format!("{name}_generate")) {
        match name {
            "signing_token" => {
                format!("{SIGNING_PREFIX}{}", STANDARD.encode(clock::random::<32>()))
            }
            _ => clock::secret_text(),
        }
    } else if values.is_on(&format!("{name}_remove")) {
        return SecretChange::Remove;
    } else {
        return SecretChange::Keep;
    };
    reveal.push((label.to_owned(), text.clone()));
    SecretChange::Set(text.into())
}
