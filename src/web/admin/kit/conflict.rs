//! Two people changed one object: what each of them left, field by field, to pick from.

use super::back::{back_to_list, preserved_on};
use super::field::Widget;
use super::form::{BoundField, FormErrors, FormView, Values};
use super::frame::Level;
use super::pages::{ConflictPage, ConflictRow, Side};
use super::resource::{Answer, ContextOf, Editable, Loaded};
use crate::web::answer::{page_with, see_other};
use actix_web::http::StatusCode;
use signalbox_i18n::say;
use signalbox_i18n::t;

/// The form's field that says what its fields were when it was opened.
pub const WAS: &str = "_was";

/// What an object's fields were when its form was first opened; nothing for a new one.
pub(super) fn initial_values(object: Option<&Loaded>, values: &Values) -> String {
    let Some(object) = object else { return String::new() };
    match values.get(WAS) {
        "" => object.values.to_text(),
        kept => kept.to_owned(),
    }
}

/// The page with status 409: nothing was saved; `object` is as it is now, `values` what was typed.
/// Where the two are the same there is nothing to pick: back to the list.
///
/// # Errors
/// The template cannot be written (500).
pub fn conflict_page<E: Editable>(
    ctx: &ContextOf<E>,
    object: &Loaded,
    values: &Values,
) -> Answer<E> {
    let meta = E::META;
    let now: Vec<_> = bound_fields::<E>(ctx, &object.values, object);
    let was = Values::from_text(values.get(WAS));
    let was: Vec<_> = bound_fields::<E>(ctx, &was, object);
    let mut mine: Vec<_> = bound_fields::<E>(ctx, values, object);
    // Another action has other parameters: what only they have is shown too.
    let known = |field: &BoundField| mine.iter().any(|mine| mine.field.name == field.field.name);
    let theirs_alone: Vec<_> = now.iter().filter(|field| !known(field)).cloned().collect();
    mine.extend(theirs_alone.into_iter().map(|field| BoundField {
        value: String::new(),
        other: String::new(),
        ticked: false,
        ..field
    }));
    let rows: Vec<ConflictRow> = mine
        .iter()
        .filter(|field| !matches!(field.field.widget, Widget::Secret { .. } | Widget::Fixed(_)))
        .filter_map(|mine| {
            let same = |field: &&BoundField| field.field.name == mine.field.name;
            let theirs = now.iter().find(same).map(draw_side).unwrap_or_default();
            let base = was.iter().find(same).map(draw_side);
            let yours = draw_side(mine);
            // What only they changed stays as they left it, unless you say otherwise.
            let keep_yours = base.as_ref().is_none_or(|base| base.value != yours.value);
            (yours.value != theirs.value).then(|| ConflictRow {
                name: mine.field.name.to_string(),
                label: mine.field.label.to_string(),
                before: base.map(|base| base.shown),
                yours,
                theirs,
                keep_yours,
            })
        })
        .collect();
    // With what stands beside a secret: the boxes that remove it and make a new one.
    let secrets: Vec<_> = mine
        .iter()
        .filter(|field| matches!(field.field.widget, Widget::Secret { .. }))
        .map(|field| field.field.name.clone())
        .collect();
    let is_secret = |name: &str| secrets.iter().any(|secret| name.starts_with(secret.as_ref()));
    if rows.is_empty()
        && !values.iter_pairs().any(|(name, value)| is_secret(name) && !value.is_empty())
    {
        // Saved by another just so, or by the same button a moment ago.
        let text = say!("“{name}” already has these values.", name = object.name);
        ctx.leave_message(Level::Info, text);
        return Ok(see_other(back_to_list(ctx, meta)));
    }
    let repeat = values.iter_pairs().filter(|(name, _)| {
        let chosen = |name: &str| rows.iter().any(|row| row.name == name);
        let other = name.strip_suffix("_other").is_some_and(chosen);
        let own = name.starts_with('_') || ["version", "csrf_token"].contains(name);
        !is_secret(name) && !own && !other && !chosen(name)
    });
    let repeat = repeat.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
    let frame = ctx
        .new_frame(t("Changed by someone else"))
        .with_crumb(meta.title, meta.list_url())
        .with_crumb(object.name.clone(), meta.page_url(&object.id));
    page_with(
        StatusCode::CONFLICT,
        &ConflictPage {
            frame,
            one: meta.label,
            rows,
            version: object.version,
            repeat,
            was: object.values.to_text(),
            action: preserved_on(ctx, ctx.path()),
            reload: preserved_on(ctx, &meta.change_url(&object.id)),
            history: meta.history_url(&object.id),
        },
    )
}

/// The form's fields with these values.
fn bound_fields<E: Editable>(
    ctx: &ContextOf<E>,
    values: &Values,
    object: &Loaded,
) -> Vec<BoundField> {
    let fieldsets = E::build_fieldsets(ctx, values, Some(object));
    let form = FormView::bind_form(fieldsets, values, &FormErrors::default());
    form.fieldsets.into_iter().flat_map(|set| set.fields).collect()
}

/// What one person left in a field.
fn draw_side(field: &BoundField) -> Side {
    let value = match &field.field.widget {
        Widget::Check { .. } => if field.ticked { "on" } else { "" }.to_owned(),
        Widget::SelectOr { .. } if field.is_other() => field.other.clone(),
        _ => field.value.clone(),
    };
    Side { shown: field.shown(), value }
}
