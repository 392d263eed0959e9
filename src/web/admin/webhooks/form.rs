//! The form of a webhook: its fields, how a webhook fills them, and how what was typed becomes a
//! draft for `crate::webhooks` to judge.

use super::parameters::{self, PARAM};
use super::{act_from, filters, lane, security, set_up};
use crate::web::admin::context::{AdminContext, Unsaved, to_unsaved};
use crate::web::admin::help::{of_webhook, section_url};
use crate::web::admin::kit::field::{Choice, Field, Fieldset, Widget};
use crate::web::admin::kit::form::{FormErrors, Values};
use crate::web::admin::kit::resource::{Loaded, Saved};
use crate::web::admin::words::field_label;
use crate::webhooks::{self, Draft, Rules, Target, WebhookInput};
use signalbox_actions::Catalogue;
use signalbox_core::event::kind::{self, KINDS};
use signalbox_core::ids::WebhookId;
use signalbox_core::webhook::{Concurrency, ProjectId};
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::webhooks::Row;
use signalbox_store::{Conn, StoreError};
use std::collections::BTreeMap;

/// The choices of `register_on_first_event`: a box in the table, a sentence in the form.
const AT_MAIN: &str = "on";
const REGISTER_ONLY: &str = "off";

/// How many attempts a job gets unless a person chooses otherwise.
const MAX_ATTEMPTS: &str = "3";

/// The form for these values.
pub(in crate::web::admin) fn form_fieldsets(
    catalogue: &Catalogue,
    public_address: &str,
    values: &Values,
    object: Option<&Loaded>,
) -> Vec<Fieldset> {
    let mut sets = vec![
        match_fields(values),
        filters::filter_fieldset(object.is_none()),
        security::security_fieldset(public_address, values, object),
        action_fields(catalogue, values),
        parameters::parameter_fieldset(catalogue, values),
    ];
    sets.extend(object.is_none().then(|| set_up::set_up_fieldset(values)).flatten());
    sets.push(note_fields());
    sets
}

fn match_fields(values: &Values) -> Fieldset {
    let has_repository = !kind::may_lack_repository(values.get_choice("object_kind"));
    let repository = |field: Field| if has_repository { field.as_required() } else { field };
    let kinds = KINDS.iter().map(|known| {
        let header = known.headers.first().copied().unwrap_or_default();
        Choice::new(known.object_kind, known.object_kind).with_pair(header)
    });
    let headers = kind::known_headers().into_iter().map(|header| {
        let usual = KINDS.iter().find(|known| known.headers.first() == Some(&header));
        Choice::new(header, header).with_pair(usual.map_or("", |known| known.object_kind))
    });
    let places = vec![
        Choice::new(AT_MAIN, "Yes, and run the first event"),
        Choice::new(REGISTER_ONLY, "No, at the registration endpoint only"),
    ];
    let pair = |options: Vec<Choice>, other| Widget::SelectOr { options, pairs: Some(other) };
    Fieldset {
        id: "match",
        legend: "Match",
        help: "Runs when an event matches all five fields.".into(),
        learn_more: Some(section_url(of_webhook::MATCH)),
        paired: true,
        fields: vec![
            repository(Field::text_field("repo_name", field_label("repo_name")))
                .with_help("repository.name in the body, for example Diaspora. Leave empty for events without a repository."),
            repository(Field::text_field("repo_url", field_label("repo_url")))
                .with_help("The SSH or the HTTP URL: either matches. Leave empty for events without a repository."),
            Field::new("object_kind", field_label("object_kind"), pair(kinds.collect(), "http_x_gitlab_event"))
                .as_required()
                .with_help("object_kind in the body, or event_name if there is none."),
            Field::new("http_x_gitlab_event", field_label("http_x_gitlab_event"), pair(headers.collect(), "object_kind"))
                .as_required()
                .with_help("The X-Gitlab-Event header."),
            Field::new("pending", "Register on first Test (project ID -1)", Widget::Check { fills: Some(("project_id", "-1")) })
                .with_help("Takes the project ID from GitLab's Test, or from the first event."),
            Field::new("project_id", field_label("project_id"), Widget::Number { min: ProjectId::PENDING, max: i64::MAX })
                .with_help("The project's number in GitLab. -1 means pending registration."),
            Field::new("register_on_first_event", field_label("register_on_first_event"), Widget::Select(places))
                .full_width()
                .with_help("With “Yes”, the URL in GitLab never changes.")
                .folded_at(AT_MAIN),
        ],
    }
}

fn action_fields(catalogue: &Catalogue, values: &Values) -> Fieldset {
    let chosen = values.get_trimmed("action");
    let installed = catalogue.entries().map(|spec| {
        let words = match spec.description.as_str() {
            "" => spec.name.clone(),
            description => format!("{}: {description}", spec.name),
        };
        Choice::new(spec.name.clone(), words)
    });
    let mut options: Vec<Choice> =
        std::iter::once(Choice::new("", "Choose…")).chain(installed).collect();
    if !options.iter().any(|option| option.value == chosen) {
        options.push(Choice::new(chosen, say!("{action} (not installed)", action = chosen)));
    }
    let limit = catalogue.get(chosen).map(|spec| spec.timeout_s);
    let limit =
        limit.map(|seconds| format!(" {}", say!("The action allows up to {n} s.", n = seconds)));
    Fieldset {
        id: "action",
        legend: "Action",
        help: "Choose what to run. Actions are files that the host's operator installs.".into(),
        learn_more: Some(section_url(of_webhook::ACTION)),
        paired: true,
        fields: vec![
            Field::new(
                "action",
                field_label("action"),
                Widget::Choose { options, refetches: "parameters", button: "Show parameters" },
            )
            .as_required()
            .full_width(),
            Field::new(
                "max_attempts",
                field_label("max_attempts"),
                Widget::Number { min: 1, max: 100 },
            )
            .with_help("How many attempts a job gets before it counts as failed.")
            .folded_at(MAX_ATTEMPTS),
            Field::new(
                "timeout_s",
                field_label("timeout_s"),
                Widget::Number { min: 1, max: 86_400 },
            )
            .with_help(format!(
                "{}{}",
                t("For one attempt. Leave empty for the action's own timeout."),
                limit.unwrap_or_default()
            ))
            .folded_at(""),
            lane::concurrency_field(),
            lane::max_concurrent_field(),
            lane::debounce_field(),
            lane::cancel_field(),
            Field::checkbox_field("enabled", field_label("enabled")).full_width().with_help(
                "A disabled webhook runs nothing. Deliveries that match it are listed as disabled.",
            ),
        ],
    }
}

fn note_fields() -> Fieldset {
    Fieldset {
        id: "notes",
        legend: "Notes",
        fields: vec![
            Field::text_field("name", field_label("name"))
                .with_help("Shown in lists and on jobs. Leave empty to show repository and kind."),
            Field::new("notes", field_label("notes"), Widget::Area { rows: 3 }),
        ],
        ..Fieldset::default()
    }
}

/// What a form for a new webhook begins with.
pub(super) fn blank_form(catalogue: &Catalogue) -> Values {
    let mut values = Values::default();
    values.set_field("object_kind", "push");
    values.set_field("http_x_gitlab_event", "Push Hook");
    values.set_field("project_id", ProjectId::PENDING.to_string());
    values.tick_box("pending", true);
    set_registers(&mut values, true);
    values.tick_box("enabled", true);
    values.set_field("max_attempts", MAX_ATTEMPTS);
    values.set_field("concurrency", Concurrency::Parallel.as_str());
    values.set_field("debounce_s", "0");
    if catalogue.get("print").is_some() {
        values.set_field("action", "print");
    }
    values
}

/// A webhook's fields, secrets left out.
pub(super) fn form_values(row: &Row) -> Values {
    let mut values = Values::default();
    values.set_field("name", row.name.as_str());
    values.set_field("repo_name", row.repo_name.as_str());
    values.set_field("repo_url", row.repo_url.as_str());
    values.set_field("object_kind", row.object_kind.as_str());
    values.set_field("http_x_gitlab_event", row.http_x_gitlab_event.as_str());
    values.set_field("project_id", row.project_id.to_string());
    values.tick_box("pending", row.is_pending());
    set_registers(&mut values, row.register_on_first_event);
    values.tick_box("enabled", row.enabled);
    values.set_field("action", row.action.as_str());
    values.set_field("max_attempts", row.max_attempts.to_string());
    values.set_field("concurrency", row.concurrency.as_str());
    values.set_field("debounce_s", row.debounce_s.to_string());
    values.tick_box("cancel_running", row.cancel_running);
    values.set_field("max_concurrent_jobs", optional_number(row.max_concurrent_jobs));
    values.set_field("timeout_s", optional_number(row.timeout_s));
    values.set_field("notes", row.notes.as_str());
    filters::fill_filters(&mut values, row);
    security::fill_secrets(&mut values, row);
    parameters::fill_parameters(&mut values, &row.action_params);
    values
}

fn optional_number(number: Option<i32>) -> String {
    number.map(|number| number.to_string()).unwrap_or_default()
}

/// Fills in where it registers.
pub(super) fn set_registers(values: &mut Values, at_main: bool) {
    values.set_field("register_on_first_event", if at_main { AT_MAIN } else { REGISTER_ONLY });
}

/// Whether a new webhook is to wait for its Test.
pub(super) fn is_pending(values: &Values) -> bool {
    project_id(values, None) == Ok(ProjectId::PENDING)
}

/// Saves what was typed.
pub(super) async fn save_form(
    ctx: &AdminContext,
    conn: &mut Conn,
    object: Option<&Loaded>,
    values: &Values,
) -> Result<Saved, Unsaved> {
    let mut reveal = Vec::new();
    let (mut draft, mut errors) = read_draft(values, object, &mut reveal);
    if let Some(connection) = set_up::chosen_connection(values, &mut errors)
        && object.is_none()
    {
        set_up::fill_tokens(ctx, conn, connection, &mut draft).await?;
    }
    let deps = ctx.deps();
    let spec = deps.catalogue.get(&draft.action);
    let is_set = |name| object.is_some_and(|object| object.secrets_set.contains(&name));
    let has_tokens = match draft.share_with {
        Some(holder) => security::check_holder(conn, holder, &mut errors).await?,
        None => (is_set("secret_token"), is_set("signing_token")),
    };
    let rules = Rules {
        action: spec.as_deref(),
        allow_no_secret: deps.settings.allow_no_secret,
        has_secret_token: has_tokens.0,
        has_signing_token: has_tokens.1,
    };
    let input = match WebhookInput::check_draft(draft, &rules) {
        Ok(input) if errors.is_empty() => input,
        Ok(_) => return Err(Unsaved::Invalid(errors)),
        Err(faults) => {
            for fault in faults {
                errors.add_error(&fault.field, fault.message);
            }
            return Err(Unsaved::Invalid(errors));
        }
    };
    let target = match object {
        None => Target::Add,
        Some(object) => Target::Change {
            id: object.id.parse().map(WebhookId).map_err(|_| StoreError::NotFound)?,
            version: object.version,
        },
    };
    let remote_addr = ctx.remote_addr();
    let saved = webhooks::save_webhook(conn, &act_from(ctx, &remote_addr), target, &input).await;
    let webhooks::Saved { row, sharers } = saved.map_err(to_unsaved)?;
    tracing::info!(webhook.id = row.id, user.name = %ctx.actor.username, "Webhook {} was saved by {}", row.id, ctx.actor.username);
    security::tell_sharers(ctx, &row, &sharers);
    Ok(Saved {
        id: row.id.to_string(),
        name: row.label(),
        reveal,
        next: None,
        hint: row
            .is_pending()
            .then_some("It waits for GitLab's Test. Its setup page shows what to enter in GitLab."),
        opens: false,
    })
}

/// What was typed, as a draft. What is not even a number is an error here.
fn read_draft(
    values: &Values,
    object: Option<&Loaded>,
    reveal: &mut Vec<(String, String)>,
) -> (Draft, FormErrors) {
    let mut errors = FormErrors::default();
    let project_id = project_id(values, object).unwrap_or_else(|message| {
        errors.add_error("project_id", message);
        0
    });
    let max_attempts = match values.get_trimmed("max_attempts") {
        "" => Some(3),
        text => text.parse().ok(),
    };
    let optional = |field| match values.get_trimmed(field) {
        "" => Some(None),
        text => text.parse().ok().map(Some),
    };
    let (timeout_s, max_concurrent_jobs) = (optional("timeout_s"), optional("max_concurrent_jobs"));
    for (field, is_number) in [
        ("max_attempts", max_attempts.is_some()),
        ("timeout_s", timeout_s.is_some()),
        ("max_concurrent_jobs", max_concurrent_jobs.is_some()),
    ] {
        if !is_number {
            errors.add_error(field, "Enter a whole number.");
        }
    }
    let (concurrency, debounce_s) = lane::read_lane_fields(values, &mut errors);
    let action_params: BTreeMap<String, String> = values
        .iter_pairs()
        .filter_map(|(name, value)| Some((name.strip_prefix(PARAM)?, value.trim())))
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    // Who sends no such field leaves it as it is.
    let chosen = if values.has_field("register_on_first_event") {
        Some(values)
    } else {
        object.map(|object| &object.values)
    };
    let registers_at_main = chosen.is_none_or(|values| values.is_on("register_on_first_event"));
    let draft = Draft {
        name: values.get_trimmed("name").to_owned(),
        repo_name: values.get_trimmed("repo_name").to_owned(),
        repo_url: values.get_trimmed("repo_url").to_owned(),
        object_kind: values.get_choice("object_kind").to_owned(),
        project_id,
        http_x_gitlab_event: values.get_choice("http_x_gitlab_event").to_owned(),
        enabled: values.is_on("enabled"),
        register_on_first_event: registers_at_main,
        action: values.get_trimmed("action").to_owned(),
        action_params,
        max_attempts: max_attempts.unwrap_or(3),
        timeout_s: timeout_s.unwrap_or(None),
        concurrency,
        debounce_s,
        cancel_running: values.is_on("cancel_running"),
        max_concurrent_jobs: max_concurrent_jobs.unwrap_or(None),
        notes: values.get("notes").trim_end().replace("\r\n", "\n"),
        ..Draft::default()
    };
    let draft =
        security::take_secrets(values, filters::take_filters(values, draft), reveal, &mut errors);
    (draft, errors)
}

/// The number counts; the box counts where it was switched without the number following it, as
/// happens without JavaScript.
fn project_id(values: &Values, object: Option<&Loaded>) -> Result<i64, &'static str> {
    let was_ticked = object.is_none_or(|object| object.values.is_on("pending"));
    let ticked = values.is_on("pending");
    match values.get_trimmed("project_id") {
        _ if ticked && !was_ticked => Ok(ProjectId::PENDING),
        "" if ticked => Ok(ProjectId::PENDING),
        // The contract's default, for those who send no such field at all.
        "" if values.iter_pairs().all(|(name, _)| name != "project_id") => Ok(0),
        "" => Err("Enter the project ID, or tick the box to wait for GitLab's Test."),
        text => text.parse().map_err(|_| "Enter a whole number: the project ID in GitLab, or -1."),
    }
}
