//! Two people changed one object: what each of them left, side by side, and the two ways on.

use super::back::preserved_on;
use super::field::Widget;
use super::form::{BoundField, FormErrors, FormView, Values};
use super::pages::{ConflictPage, ConflictRow};
use super::resource::{Editable, Loaded};
use crate::web::admin::context::AdminContext;
use crate::web::human::{HumanError, page_with};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// The page with status 409: nothing was saved; `object` is as it is now, `values` what was typed.
///
/// # Errors
/// The template cannot be written (500).
pub fn page<E: Editable>(
    ctx: &AdminContext,
    object: &Loaded,
    values: &Values,
) -> Result<HttpResponse, HumanError> {
    let meta = E::meta();
    let none = FormErrors::default();
    let shown = |values: &Values| {
        FormView::of(E::fieldsets(ctx, values, Some(object)), values, &none)
            .fieldsets
            .into_iter()
            .flat_map(|set| set.fields)
    };
    let theirs: Vec<_> = shown(&object.values).collect();
    let rows = shown(values)
        .filter(|field| !matches!(field.field.widget, Widget::Secret { .. } | Widget::Fixed(_)))
        .map(|mine| {
            let theirs = theirs.iter().find(|theirs| theirs.field.name == mine.field.name);
            ConflictRow {
                label: mine.field.label.to_string(),
                yours: mine.shown(),
                theirs: theirs.map(BoundField::shown).unwrap_or_default(),
            }
        })
        .filter(|row| row.yours != row.theirs)
        .collect();
    let repeat = values.pairs().filter(|(name, _)| {
        let secret = ["secret", "signing"].iter().any(|word| name.starts_with(word));
        !secret && !name.starts_with('_') && *name != "version" && *name != "csrf_token"
    });
    let frame = ctx
        .frame("Changed by someone else")
        .crumb(meta.title, meta.list_url())
        .crumb(object.name.clone(), meta.change_url(&object.id));
    page_with(
        StatusCode::CONFLICT,
        &ConflictPage {
            frame,
            one: meta.label,
            rows,
            version: object.version,
            repeat: repeat.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
            action: preserved_on(ctx, ctx.path()),
            reload: preserved_on(ctx, &meta.change_url(&object.id)),
            history: meta.history_url(&object.id),
        },
    )
}
