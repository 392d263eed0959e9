//! The part of a webhook's form that is about its secrets: setting, replacing and ending them, and
//! which of them GitLab used last.

use crate::clock;
use crate::control;
use crate::web::admin::context::AdminContext;
use crate::web::admin::help::{of_webhook, section_url};
use crate::web::admin::kit::at::At;
use crate::web::admin::kit::back::query_parameter;
use crate::web::admin::kit::field::{Choice, Field, Fieldset, Widget};
use crate::web::admin::kit::form::{FormErrors, Values};
use crate::web::admin::kit::frame::Level;
use crate::web::admin::kit::resource::Loaded;
use crate::web::admin::words::field_label;
use crate::web::urls;
use crate::webhooks::{Draft, SecretChange, find_sharers};
use secrecy::ExposeSecret;
use signalbox_core::ids::WebhookId;
use signalbox_i18n::say;
use signalbox_i18n::{self as i18n, t};
use signalbox_store::webhooks::{Row, find_webhook, list_token_holders};
use signalbox_store::{Conn, StoreError};

/// Facts about a webhook's secrets travel beside its fields under these names; no control has them.
const SEEN: &str = "seen.";
const UNTIL: &str = "until.";

/// The names of the webhooks with the same tokens, likewise.
const SHARERS: &str = "shared.names";
/// Most of them that are named.
const MOST_NAMED: usize = 10;

/// How long a replaced secret stays valid unless a person chooses otherwise: long enough to change
/// GitLab without losing a delivery.
const KEEP_DAYS: &str = "7";

pub(super) fn security_fieldset(
    public_address: &str,
    values: &Values,
    object: Option<&Loaded>,
) -> Fieldset {
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
    let mut fields = Vec::new();
    let holders = values.offered("share_with");
    if !holders.is_empty() {
        let none = Choice::new("", "No other webhook");
        let options = std::iter::once(none).chain(holders.iter().cloned()).collect();
        fields.push(
            Field::new("share_with", field_label("share_with"), Widget::Select(options))
                .full_width()
                .with_help("One GitLab webhook sends all its events with the same tokens. A token entered below counts instead."),
        );
    }
    fields.extend([
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
    ]);
    let sharers = object.map_or("", |object| object.values.get(SHARERS));
    if !sharers.is_empty() {
        fields.push(
            Field::checkbox_field("rotate_shared", "Set a new token in all webhooks that share it")
                .full_width()
                .with_help(say!("These have the same tokens: {names}.", names = sharers)),
        );
    }
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
        learn_more: Some(section_url(of_webhook::SECURITY)),
        paired: true,
        fields,
    }
}

/// Offers the tokens of other webhooks to a new one; those that the delivery which it is made for
/// came with are chosen.
pub(super) async fn offer_tokens(
    ctx: &AdminContext,
    conn: &mut Conn,
    values: &mut Values,
) -> Result<(), StoreError> {
    let asked = |name| query_parameter(ctx.query(), name).unwrap_or_default();
    let proved = control::find_token_holder(conn, &asked("from_delivery")).await?;
    if let Some(holder) = proved {
        values.set_field("share_with", holder.to_string());
    }
    let holders = list_token_holders(conn, proved, &asked("repo_name")).await?;
    values.offer_choices("share_with", holders.iter().map(token_choice).collect());
    Ok(())
}

fn token_choice(holder: &Row) -> Choice {
    let label = match holder.name.as_str() {
        "" => format!("“{}”", holder.label()),
        name => format!("“{name}”, {}", holder.repo_name),
    };
    Choice::new(holder.id.to_string(), label)
}

/// Whether the webhook whose tokens are to be taken over has a secret token and a signing token; it
/// needs one of them.
pub(super) async fn check_holder(
    conn: &mut Conn,
    holder: WebhookId,
    errors: &mut FormErrors,
) -> Result<(bool, bool), StoreError> {
    let has_tokens = match find_webhook(conn, holder).await {
        Ok(row) => (row.has_secret_token, row.has_signing_token),
        Err(StoreError::NotFound) => (false, false),
        Err(error) => return Err(error),
    };
    if has_tokens == (false, false) {
        errors.add_error("share_with", "This webhook has no token any more. Choose another.");
    }
    Ok(has_tokens)
}

/// Says which other webhooks got the new tokens of this one.
pub(super) fn tell_sharers(ctx: &AdminContext, row: &Row, sharers: &[Row]) {
    let who = &ctx.actor.username;
    for sharer in sharers {
        tracing::info!(webhook.id = sharer.id, user.name = %who, "Webhook {} got the new tokens of webhook {}, set by {who}", sharer.id, row.id);
    }
    if !sharers.is_empty() {
        let text = i18n::count_phrase(
            i64::try_from(sharers.len()).unwrap_or(i64::MAX),
            "{n} other webhook has the new token too.",
            "{n} other webhooks have the new token too.",
        );
        ctx.leave_message(Level::Success, text);
    }
}

/// Notes who shares this webhook's tokens, and offers those of others.
pub(super) async fn fill_sharers(
    ctx: &AdminContext,
    conn: &mut Conn,
    values: &mut Values,
    row: &Row,
) -> Result<(), StoreError> {
    let id = WebhookId(row.id);
    let sharers = find_sharers(conn, &ctx.deps().keys, id).await?;
    let mut names: Vec<String> =
        sharers.iter().take(MOST_NAMED).map(|sharer| format!("“{}”", sharer.label)).collect();
    if sharers.len() > MOST_NAMED {
        names.push("…".to_owned());
    }
    values.set_field(SHARERS, names.join(", "));
    values.tick_box("rotate_shared", !sharers.is_empty());
    let has_them = |other| other == id || sharers.iter().any(|sharer| sharer.id == other);
    let mut holders = list_token_holders(conn, None, &row.repo_name).await?;
    holders.retain(|holder| !has_them(WebhookId(holder.id)));
    values.offer_choices("share_with", holders.iter().map(token_choice).collect());
    Ok(())
}

/// Notes what the form says of a webhook's secrets.
pub(super) fn fill_secrets(values: &mut Values, row: &Row) {
    let now = clock::now();
    let minute_text = |at| At(at).minute();
    values.tick_box("require_signature", row.require_signature);
    values.set_field("keep_previous_days", KEEP_DAYS);
    for (name, seen, until) in [
        ("secret_token", row.last_token_at, row.previous_secret_until),
        ("signing_token", row.last_signature_at, row.previous_signing_until),
    ] {
        values.set_field(&format!("{SEEN}{name}"), seen.map(minute_text).unwrap_or_default());
        let until = until.filter(|until| *until > now);
        values.set_field(&format!("{UNTIL}{name}"), until.map(minute_text).unwrap_or_default());
    }
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
    let share_with = match values.get_trimmed("share_with") {
        "" => None,
        id => {
            let id = id.parse().map(WebhookId).ok();
            if id.is_none() {
                errors.add_error("share_with", "Choose one of these options.");
            }
            id
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
    let signing_token = secret_change(values, "signing_token");
    let is_entered = [&secret_token, &signing_token]
        .into_iter()
        .any(|change| matches!(change, SecretChange::Set(_)));
    let share_with = share_with.filter(|_| !is_entered);
    let of_its_own = |change| if share_with.is_some() { SecretChange::Keep } else { change };
    Draft {
        secret_token: of_its_own(secret_token),
        signing_token: of_its_own(signing_token),
        share_with,
        rotate_shared: values.is_on("rotate_shared"),
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
