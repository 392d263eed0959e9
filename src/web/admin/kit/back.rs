//! The way back: to a list as it was left, and from what is not there.

use super::query::PRESERVED;
use super::resource::Meta;
use crate::web::admin::context::AdminContext;
use crate::web::problem::Problem;
use crate::web::urls;
use crate::webhooks::SaveError;
use signalbox_core::role::Permission;
use signalbox_i18n::say;
use signalbox_i18n::t;
use signalbox_store::StoreError;
use url::form_urlencoded;

/// A parameter of a query.
pub fn parameter(query: &str, name: &str) -> Option<String> {
    form_urlencoded::parse(query.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

/// The list as it was left: with its search, filters and order.
pub fn back_to_list(ctx: &AdminContext, meta: &Meta) -> String {
    preserved_list(ctx, &meta.list_url())
}

/// A list's address, with the query it was left with.
pub fn preserved_list(ctx: &AdminContext, list: &str) -> String {
    list_with(list, &parameter(ctx.query(), PRESERVED).unwrap_or_default())
}

/// A list's address with a query, if there is one.
pub fn list_with(list: &str, query: &str) -> String {
    if query.is_empty() { list.to_owned() } else { format!("{list}?{query}") }
}

/// `href`, carrying on the list's query that this page was given.
pub fn preserved_on(ctx: &AdminContext, href: &str) -> String {
    carrying(href, &parameter(ctx.query(), PRESERVED).unwrap_or_default())
}

/// `href`, carrying a list's query on, if there is one.
pub fn carrying(href: &str, query: &str) -> String {
    if query.is_empty() { href.to_owned() } else { urls::with_query(href, &[(PRESERVED, query)]) }
}

/// What to say of an object that is not there: `what` as in "webhook", the words and the address of
/// the list that it would be in; and for who may read it, the log, where it may have been.
pub fn no_such(ctx: &AdminContext, what: &str, id: &str, (all, list): (&str, String)) -> Problem {
    let id: String = id.chars().take(40).collect();
    let problem = Problem::no_such(format!("{what} {id}")).link(all.to_owned(), list);
    if ctx.may(Permission::ReadLog) {
        problem.link(t("Search the log"), urls::with_query(&urls::log(), &[("q", &id)]))
    } else {
        problem
    }
}

/// What to say of an object that could not be read.
pub fn missing(ctx: &AdminContext, meta: &Meta, id: &str, error: StoreError) -> Problem {
    match error {
        StoreError::NotFound => {
            let all = say!("All {plural}", plural = t(meta.plural));
            let short: String = id.chars().take(40).collect();
            no_such(ctx, t(meta.label), id, (&all, meta.list_url()))
                .link("Its history, if any", meta.history_url(&short))
        }
        other => other.into(),
    }
}

/// What to say of an object that could not be saved.
pub fn problem(ctx: &AdminContext, meta: &Meta, id: &str, error: SaveError) -> Problem {
    match error {
        SaveError::Gone => missing(ctx, meta, id, StoreError::NotFound),
        SaveError::Stale => Problem::conflict(),
        SaveError::Store(error) => error.into(),
        SaveError::Refused(why) => Problem::refused(why)
            .link(say!("All {plural}", plural = t(meta.plural)), meta.list_url()),
        SaveError::Seal(_) => Problem::internal().caused_by(error),
    }
}
