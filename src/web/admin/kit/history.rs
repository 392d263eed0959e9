//! What was done to an object, newest first, also after it was deleted; from here an entry can be
//! undone (`revert.rs`), or a deleted object's form filled in again.

use super::back::{absent_object, draw_subject, no_such, query_parameter};
use super::entry::{Entries, Entry, Kind, Labels};
use super::form::Values;
use super::pages::{Follow, HistoryPage};
use super::resource::{Answer, ContextOf, Editable, Loaded};
use super::site::{Failure, Site};
use super::{revert, urls};
use crate::clock;
use crate::web::answer::render_page;
use crate::web::problem::Problem;
use signalbox_i18n::say;
use signalbox_i18n::t;

/// Entries on one page.
const PAGE: i64 = 50;

/// GET an object's history; `?p=` leads to older pages.
///
/// # Errors
/// Nothing is known of it (404), the database (503).
pub async fn show_history<E: Editable>(ctx: ContextOf<E>) -> Answer<E> {
    let (meta, id) = (E::META, ctx.segment("id").to_owned());
    let number = query_parameter(ctx.query(), "p").and_then(|text| text.parse::<i64>().ok());
    let number = number.unwrap_or(1).clamp(1, 1_000_000);
    let mut conn = ctx.get_conn().await?;
    let skipped = (number - 1).saturating_mul(PAGE);
    let wanted = Entries::Some(skipped, PAGE + 1);
    let mut entries = E::Site::load_history(&mut conn, meta.name, &id, wanted).await?;
    let object = match E::load_object(&ctx, &mut conn, &id).await.map_err(E::Site::classify_error) {
        Ok(object) => Some(object),
        Err(Failure::Missing) if !entries.is_empty() => None,
        Err(Failure::Missing) => return Err(unknown_object::<E>(&ctx, &id).into()),
        Err(failure) => return Err(absent_object(&ctx, meta, &id, failure).into()),
    };
    let older = usize::try_from(PAGE).is_ok_and(|page| entries.len() > page);
    entries.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let name = object.as_ref().map(|object| object.name.clone());
    let name = name.or_else(|| entries.first().map(|entry| entry.name.clone()));
    let name = name.unwrap_or_else(|| format!("{} {id}", t(meta.label)));
    let mut frame = ctx
        .new_frame(say!("History of “{name}”", name = name))
        .with_crumb(t(meta.title), meta.list_url());
    if let Some(object) = &object {
        frame = frame.with_crumb(name, meta.page_url(&id));
        if meta.tabs.is_some() {
            frame = frame.about(draw_subject(&ctx, meta, object));
        }
    }
    let may_edit = meta.edit.is_some_and(|edit| ctx.has_permission(edit));
    let values = match &object {
        Some(object) => object.values.clone(),
        None => E::blank_values(&ctx, &mut conn).await?,
    };
    let follow = entries.iter().map(|entry| match (&object, may_edit) {
        (Some(object), true) => way_back::<E>(object, entry),
        (None, true) if entry.kind == Kind::Deleted => {
            Follow::AddAgain(revert::add_again::<E>(&ctx, &values, entry))
        }
        (None, true) | (_, false) => Follow::Nothing,
    });
    let follow = follow.collect();
    let labels = field_labels::<E>(&ctx, &values, object.as_ref());
    let mut history = HistoryPage::from_entries(
        frame,
        (entries, follow),
        &labels,
        (object.is_some(), clock::now()),
    );
    let here = |number: i64| match number {
        1 => meta.history_url(&id),
        number => urls::with_query(&meta.history_url(&id), &[("p", &number.to_string())]),
    };
    history.newer = (number > 1).then(|| here(number - 1));
    history.older = older.then(|| here(number + 1));
    render_page(&history)
}

/// Whether an entry can be undone, and where that is asked.
fn way_back<E: Editable>(object: &Loaded, entry: &Entry) -> Follow {
    let log = &E::META.log;
    let can_revert = entry.can_revert(log);
    if can_revert && revert::revert_values::<E>(object, entry) != object.values {
        return Follow::Revert(E::META.revert_url(&object.id, &entry.id.to_string()));
    }
    let has_secrets = entry.changes.iter().any(|change| !log.can_restore(change));
    match entry.kind {
        Kind::Changed if has_secrets => Follow::SecretsGone,
        _ if can_revert => Follow::HoldsNow,
        _ => Follow::Nothing,
    }
}

fn unknown_object<E: Editable>(ctx: &ContextOf<E>, id: &str) -> Problem {
    let meta = E::META;
    let all = say!("All {plural}", plural = t(meta.plural));
    let mut problem = no_such(ctx, t(meta.label), id, &all, meta.list_url());
    let id: String = id.chars().take(40).collect();
    problem.detail =
        say!("There is no {one} {id}, and there never was.", one = t(meta.label), id = id).into();
    problem
}

/// The labels of an object's fields: those of its form, then of what else entries hold.
pub fn field_labels<E: Editable>(
    ctx: &ContextOf<E>,
    values: &Values,
    object: Option<&Loaded>,
) -> Labels {
    let of_form = E::build_fieldsets(ctx, values, object)
        .into_iter()
        .flat_map(|set| set.fields)
        .map(|field| (field.name.into_owned(), field.label.into_owned()));
    let others = E::META.log.labels.iter();
    let others = others.map(|(name, label)| ((*name).to_owned(), (*label).to_owned()));
    Labels { fields: of_form.chain(others).collect(), translated: E::META.log.translated }
}
