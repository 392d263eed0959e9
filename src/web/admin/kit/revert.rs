//! Undoing an entry of an object's history: the fields it changed go back to what they were, and
//! nothing else. It is a change like any other: checked, saved and logged by the resource.
//!
//! Secrets cannot go back, since they are not kept; the page says so.

use super::back::{missing_object, to_failure, unsaved_problem};
use super::entry::{Entries, Entry, change_label};
use super::field::{Field, Widget};
use super::form::{BoundField, FormErrors, Values};
use super::frame::{Frame, Level};
use super::history::field_labels;
use super::pages::{RevertPage, RevertRow};
use super::resource::{Answer, ConnOf, ContextOf, Editable, Loaded, Unsaved};
use super::site::{Failure, Site};
use super::views::Posted;
use super::{form::FormView, reauth, urls};
use crate::web::answer::{page_with, see_other};
use crate::web::problem::Problem;
use actix_web::http::StatusCode;
use signalbox_core::change::{Change, Value};
use signalbox_i18n::say;
use signalbox_i18n::t;

/// Longest value that an address fills in, in bytes.
const PREFILL: usize = 2_000;

/// Puts a field back to what it was before a change.
pub fn restore_field(values: &mut Values, change: &Change) {
    let field = &change.field;
    match &change.before {
        Some(Value::Bool(ticked)) => values.tick_box(field, *ticked),
        Some(Value::Number(number)) => values.set_field(field, number.to_string()),
        Some(Value::Text(text)) => values.set_field(field, text.as_str()),
        Some(Value::None) | None => values.set_field(field, ""),
    }
}

/// An object's values, with an entry undone. What an entry only tells (who sent a Test) is no
/// field, and had no value before.
pub fn revert_values<E: Editable>(object: &Loaded, entry: &Entry) -> Values {
    let mut values = object.values.clone();
    for change in entry.changes.iter().filter(|change| E::META.log.can_restore(change)) {
        if change.before.is_some() || object.values.has_field(&change.field) {
            (E::META.log.restore)(&mut values, change);
        }
    }
    values
}

/// The form for a new object, filled in with what a deleted one was.
pub fn add_again<E: Editable>(ctx: &ContextOf<E>, blank: &Values, entry: &Entry) -> String {
    let mut values = blank.clone();
    for change in entry.changes.iter().filter(|change| !change.secret) {
        (E::META.log.restore)(&mut values, change);
    }
    let fields: Vec<Field> =
        E::build_fieldsets(ctx, &values, None).into_iter().flat_map(|set| set.fields).collect();
    let pairs: Vec<(&str, &str)> = fields
        .iter()
        .filter_map(|field| match &field.widget {
            Widget::Secret { .. } | Widget::Password(_) | Widget::Fixed(_) => None,
            Widget::Check { .. } => {
                Some((field.name.as_ref(), if values.is_on(&field.name) { "1" } else { "0" }))
            }
            _ => Some((field.name.as_ref(), values.get(&field.name))),
        })
        .filter(|(_, value)| value.len() <= PREFILL)
        .collect();
    urls::with_query(&E::META.add_url(), &pairs)
}

/// GET the question whether to undo an entry.
///
/// # Errors
/// No such object or entry (404), an entry that cannot be undone (409), the database (503).
pub async fn ask_revert<E: Editable>(ctx: ContextOf<E>) -> Answer<E> {
    let mut conn = ctx.get_conn().await?;
    let found = find_entry::<E>(&ctx, &mut conn).await?;
    draw_revert::<E>(&ctx, &found, StatusCode::OK, &FormErrors::default())
}

/// POST: undoes an entry.
///
/// # Errors
/// As [`ask_revert`]; no version in the form (400).
pub async fn carry_out<E: Editable>(ctx: ContextOf<E>, posted: Posted) -> Answer<E> {
    let meta = E::META;
    let posted = Values::from_pairs(posted.into_inner());
    let mut conn = ctx.get_conn().await?;
    let mut found = find_entry::<E>(&ctx, &mut conn).await?;
    let current = found.object.version;
    found.object.version = posted
        .get_trimmed("version")
        .parse()
        .map_err(|_| Problem::bad_request("The form is incomplete. Reload the page."))?;
    let mut values = revert_values::<E>(&found.object, &found.entry);
    values.set_field(reauth::FIELD, posted.get(reauth::FIELD));
    if let Some(errors) = reauth::form_errors::<E>(&ctx, Some(&found.object), &values).await? {
        return draw_revert::<E>(&ctx, &found, StatusCode::OK, &errors);
    }
    match E::save_object(&ctx, &mut conn, Some(&found.object), &values)
        .await
        .map_err(to_failure::<E::Site>)
    {
        Ok(saved) => {
            let words =
                say!("The {one} “{name}” was reverted.", one = t(meta.label), name = saved.name);
            ctx.flash_link(Level::Success, words, t("Open it"), meta.page_url(&saved.id));
            Ok(see_other(meta.history_url(&saved.id)))
        }
        Err(Unsaved::Invalid(errors)) => draw_revert::<E>(&ctx, &found, StatusCode::OK, &errors),
        Err(Unsaved::Failed(Failure::Stale)) => {
            found.object.version = current;
            let mut errors = FormErrors::default();
            let words = "Nothing was reverted: someone else changed it in the meantime. The \
                         column “Now” is up to date.";
            errors.add_error("", t(words).to_owned());
            draw_revert::<E>(&ctx, &found, StatusCode::CONFLICT, &errors)
        }
        Err(unsaved) => Err(unsaved_problem(&ctx, meta, &found.object.id, unsaved).into()),
    }
}

struct Found {
    object: Loaded,
    entry: Entry,
}

async fn find_entry<E: Editable>(
    ctx: &ContextOf<E>,
    conn: &mut ConnOf<E>,
) -> Result<Found, <E::Site as Site>::Refusal> {
    let (meta, id) = (E::META, ctx.segment("id").to_owned());
    let object = E::load_object(ctx, conn, &id).await;
    let object = object.map_err(|error| missing_object(ctx, meta, &id, error))?;
    let number = ctx.segment("entry").parse::<i64>();
    let no_entry = || {
        Problem::no_such(t("entry of this number in its history"))
            .with_link(t("Its history"), meta.history_url(&id))
    };
    let entry = match number {
        Ok(number) => {
            E::Site::load_history(conn, meta.name, &id, Entries::One(number)).await?.pop()
        }
        Err(_) => None,
    };
    let Some(entry) = entry else { return Err(no_entry().into()) };
    if !entry.can_revert(&meta.log) {
        let words = "This entry changed no field that can be reverted. Old secrets are not \
                     stored.";
        let problem =
            Problem::new(StatusCode::CONFLICT, "irrevertible", t("Nothing to revert"), t(words));
        return Err(problem.with_link(t("Its history"), meta.history_url(&id)).into());
    }
    Ok(Found { object, entry })
}

fn draw_revert<E: Editable>(
    ctx: &ContextOf<E>,
    Found { object, entry }: &Found,
    status: StatusCode,
    errors: &FormErrors,
) -> Answer<E> {
    let meta = E::META;
    let none = FormErrors::default();
    let fields = |values: &Values| -> Vec<BoundField> {
        let sets = E::build_fieldsets(ctx, values, Some(object));
        FormView::bind_form(sets, values, &none)
            .fieldsets
            .into_iter()
            .flat_map(|set| set.fields)
            .collect()
    };
    let wanted = revert_values::<E>(object, entry);
    let (now, then) = (fields(&object.values), fields(&wanted));
    let shown = |fields: &[BoundField], name: &str| {
        let field = fields.iter().find(|field| field.field.name == name);
        field.map(BoundField::shown).unwrap_or_default()
    };
    let mut names: Vec<&BoundField> = then.iter().collect();
    names.extend(
        now.iter().filter(|field| !then.iter().any(|known| known.field.name == field.field.name)),
    );
    let rows: Vec<RevertRow> = names
        .into_iter()
        .map(|field| RevertRow {
            label: field.field.label.to_string(),
            now: shown(&now, &field.field.name),
            then: shown(&then, &field.field.name),
        })
        .filter(|row| row.now != row.then)
        .collect();
    let labels = field_labels::<E>(ctx, &object.values, Some(object));
    let secrets = entry.changes.iter().filter(|change| !meta.log.can_restore(change));
    let secrets = secrets.map(|change| change_label(change, &labels)).collect();
    let summary =
        FormView::bind_form(E::build_fieldsets(ctx, &wanted, Some(object)), &wanted, errors)
            .summary;
    let password = errors.errors_of(reauth::FIELD).into_iter().next();
    let frame: Frame = ctx
        .new_frame(t("Revert this change?"))
        .with_crumb(t(meta.title), meta.list_url())
        .with_crumb(object.name.clone(), meta.page_url(&object.id))
        .with_crumb(t("History"), meta.history_url(&object.id))
        .with_errors(!errors.is_empty());
    let needs_password = reauth::is_wanted::<E>(Some(object), &wanted);
    page_with(
        status,
        &RevertPage {
            frame,
            one: meta.label,
            name: object.name.clone(),
            by: entry.actor.clone(),
            at: super::at::At(entry.at),
            now: crate::clock::now(),
            wrong: summary
                .into_iter()
                .filter(|line| line.id != format!("id_{}", reauth::FIELD))
                .map(|line| {
                    if line.label.is_empty() {
                        line.message
                    } else {
                        format!("{}: {}", line.label, line.message)
                    }
                })
                .filter(|line| Some(line) != password.as_ref())
                .collect(),
            rows,
            secrets,
            version: object.version,
            ask: if needs_password { reauth::ask_password(ctx, password) } else { None },
            cancel: meta.history_url(&object.id),
        },
    )
}
