//! What was done to an object, newest first, also after it was deleted; from here an entry can be
//! undone (`revert.rs`), or a deleted object's form filled in again.

use super::back::{missing, no_such, parameter};
use super::form::Values;
use super::pages::{Follow, HistoryPage};
use super::resource::{Editable, Loaded};
use super::revert;
use crate::clock;
use crate::web::admin::context::AdminContext;
use crate::web::admin::words;
use crate::web::human::{HumanError, page};
use crate::web::problem::Problem;
use crate::web::urls;
use actix_web::HttpResponse;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::StoreError;
use signalbox_store::audit::{self, Verb};

/// Entries on one page.
const PAGE: i64 = 50;

/// GET an object's history; `?p=` leads to older pages.
///
/// # Errors
/// Nothing is known of it (404), the database (503).
pub async fn show<E: Editable>(ctx: AdminContext) -> Result<HttpResponse, HumanError> {
    let (meta, id) = (E::meta(), ctx.segment("id").to_owned());
    let number = parameter(ctx.query(), "p").and_then(|text| text.parse::<i64>().ok());
    let number = number.unwrap_or(1).clamp(1, 1_000_000);
    let mut conn = ctx.conn().await?;
    let skipped = (number - 1).saturating_mul(PAGE);
    let mut entries = audit::history(&mut conn, meta.name, &id, (skipped, PAGE + 1)).await?;
    let object = match E::load(&ctx, &mut conn, &id).await {
        Ok(object) => Some(object),
        Err(StoreError::NotFound) if !entries.is_empty() => None,
        Err(StoreError::NotFound) => return Err(unknown::<E>(&ctx, &id).into()),
        Err(error) => return Err(missing(&ctx, meta, &id, error).into()),
    };
    let older = usize::try_from(PAGE).is_ok_and(|page| entries.len() > page);
    entries.truncate(usize::try_from(PAGE).unwrap_or(usize::MAX));
    let name = object.as_ref().map(|object| object.name.clone());
    let name = name.or_else(|| entries.first().map(|entry| entry.object_name.clone()));
    let name = name.unwrap_or_else(|| format!("{} {id}", t(meta.label)));
    let mut frame =
        ctx.frame(say!("History of “{name}”", name = name)).crumb(t(meta.title), meta.list_url());
    if object.is_some() {
        frame = frame.crumb(name, meta.change_url(&id));
    }
    let may_edit = meta.edit.is_some_and(|edit| ctx.may(edit));
    let follow = entries.iter().map(|entry| match (&object, may_edit) {
        (Some(object), true) => way_back::<E>(object, entry),
        (None, true) if entry.verb == Verb::Delete => {
            Follow::AddAgain(revert::add_again::<E>(&ctx, entry))
        }
        (None, true) | (_, false) => Follow::Nothing,
    });
    let follow = follow.collect();
    let labels = labels::<E>(&ctx, object.as_ref());
    let mut history =
        HistoryPage::of(frame, (entries, follow), &labels, (object.is_some(), clock::now()));
    let here = |number: i64| match number {
        1 => meta.history_url(&id),
        number => urls::with_query(&meta.history_url(&id), &[("p", &number.to_string())]),
    };
    history.newer = (number > 1).then(|| here(number - 1));
    history.older = older.then(|| here(number + 1));
    page(&history)
}

/// Whether an entry can be undone, and where that is asked.
fn way_back<E: Editable>(object: &Loaded, entry: &audit::Row) -> Follow {
    let is_change = matches!(entry.verb, Verb::Change | Verb::Register);
    if !is_change || entry.changes.iter().all(|change| change.secret) {
        return Follow::Nothing;
    }
    let values: Values = revert::reverted::<E>(object, entry);
    if values == object.values {
        return Follow::HoldsNow;
    }
    Follow::Revert(E::meta().revert_url(&object.id, &entry.id.to_string()))
}

fn unknown<E: Editable>(ctx: &AdminContext, id: &str) -> Problem {
    let meta = E::meta();
    let all = say!("All {plural}", plural = t(meta.plural));
    let mut problem = no_such(ctx, t(meta.label), id, (&all, meta.list_url()));
    let id: String = id.chars().take(40).collect();
    problem.detail =
        say!("There is no {one} {id}, and there never was.", one = t(meta.label), id = id).into();
    problem
}

/// The labels of an object's fields: those of its form, then of what else entries hold.
pub fn labels<E: Editable>(ctx: &AdminContext, object: Option<&Loaded>) -> Vec<(String, String)> {
    let values = object.map_or_else(|| E::blank(ctx), |object| object.values.clone());
    E::fieldsets(ctx, &values, object)
        .into_iter()
        .flat_map(|set| set.fields)
        .map(|field| (field.name.into_owned(), field.label.into_owned()))
        .chain(words::labels())
        .collect()
}
