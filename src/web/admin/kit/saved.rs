//! A list opened by a saved view, and its columns as somebody chose them (`kept.rs`): what pages show
//! of both. Where they are kept, and who may change them, is the site's.

use super::kept::{ColumnChoice, Kept, OpenView, SavedView};
use super::listing::Listing;
use super::query::{Address, Asked, VIEW, no_such_view};
use super::urls;
use std::collections::BTreeSet;
use url::form_urlencoded;

/// The address of a list with a query and the view that it belongs to.
pub fn view_url(list: &str, query: &str, id: i64) -> String {
    let list = if query.is_empty() { list.to_owned() } else { format!("{list}?{query}") };
    urls::with_query(&list, &[(VIEW, &id.to_string())])
}

/// The view that an address names, and the columns to show.
pub fn open_view<'a, R, S, F>(
    kept: &'a Kept,
    listing: &Listing<R, S, F>,
    asked: &mut Asked<S, F>,
) -> Option<&'a SavedView> {
    let view = asked.view.and_then(|id| kept.views.iter().find(|view| view.id == id));
    if asked.view.is_some() && view.is_none() {
        asked.warnings.push(no_such_view());
        asked.address = asked.address.with_param(VIEW, None);
    }
    let columns = view.map_or(&kept.columns, |view| &view.columns);
    if let Some(columns) = columns {
        asked.shown = listing.known_columns(columns);
    }
    view
}

/// The form that saves a list as it is asked for.
pub fn save_url<S, F>(kept: &Kept, list: &str, asked: &Asked<S, F>) -> Option<String> {
    let (query, columns) = (asked.address.kept_query(), asked.shown.join(","));
    let pairs = [("list", list), ("query", &query), ("columns", &columns)];
    kept.add.as_ref().map(|add| urls::with_query(add, &pairs))
}

/// The columns to choose from; `view` is the one that they are for.
pub fn column_choice<R, S, F>(
    listing: &Listing<R, S, F>,
    asked: &Asked<S, F>,
    view: Option<&SavedView>,
) -> ColumnChoice {
    let columns = listing.columns.iter().skip(1);
    ColumnChoice {
        action: urls::columns(asked.address.path()),
        query: asked.address.query(),
        columns: columns
            .map(|column| (column.key, column.label, asked.shown.contains(&column.key)))
            .collect(),
        view: view.map(|view| (view.name.clone(), view.change.is_some())),
    }
}

/// The view that is open on a page of this address.
pub fn draw_view(view: &SavedView, address: &Address) -> OpenView {
    let now = address.kept_query();
    let parts = |query: &str| -> BTreeSet<(String, String)> {
        form_urlencoded::parse(query.as_bytes()).into_owned().collect()
    };
    let is_same = parts(&now) == parts(&view.query);
    let update = view.change.as_ref().filter(|_| !is_same);
    OpenView {
        name: view.name.clone(),
        update: update.map(|change| urls::with_query(change, &[("query", &now)])),
        change: view.change.clone(),
    }
}
