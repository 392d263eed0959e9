//! The addresses of a panel: `/admin/<app>/<model>/`, then `add/` or `<id>/change/`,
//! `<id>/history/`, `<id>/delete/`, `<id>/`. Route tables call the same functions with [`ID`] in
//! the id's place.

use std::fmt::Display;
use url::form_urlencoded;

/// The id's place in a route's pattern.
pub const ID: &str = "{id}";

/// An entry of the log's place in a route's pattern.
pub const ENTRY: &str = "{entry}";

/// Under here everything needs a signed-in person, unless its row in the route table says
/// otherwise.
pub const ADMIN: &str = "/admin";

/// The panel's index.
pub fn index() -> &'static str {
    "/admin/"
}

/// A list.
pub fn changelist(app: &str, model: &str) -> String {
    match app {
        "" => format!("/admin/{model}/"),
        app => format!("/admin/{app}/{model}/"),
    }
}

/// Where the columns of a list are chosen.
pub fn columns(list: &str) -> String {
    format!("{list}columns/")
}

/// The form for a new object.
pub fn add(app: &str, model: &str) -> String {
    format!("/admin/{app}/{model}/add/")
}

/// An object's page.
pub fn object(app: &str, model: &str, id: impl Display) -> String {
    format!("/admin/{app}/{model}/{id}/")
}

/// One thing of an object: `change`, `history`, `delete`, `run-again`, …
pub fn verb(app: &str, model: &str, id: impl Display, verb: &str) -> String {
    format!("/admin/{app}/{model}/{id}/{verb}/")
}

/// An object's form.
pub fn change(app: &str, model: &str, id: impl Display) -> String {
    verb(app, model, id, "change")
}

/// An object's history.
pub fn history(app: &str, model: &str, id: impl Display) -> String {
    verb(app, model, id, "history")
}

/// Asks whether to delete an object.
pub fn delete(app: &str, model: &str, id: impl Display) -> String {
    verb(app, model, id, "delete")
}

/// Asks whether to undo an entry of an object's history.
pub fn revert((app, model): (&str, &str), id: impl Display, entry: impl Display) -> String {
    format!("{}{entry}/revert/", history(app, model, id))
}

/// An address with a query, or more of it, its values escaped.
pub fn with_query(path: &str, pairs: &[(&str, &str)]) -> String {
    let query = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
    let joint = if path.contains('?') { '&' } else { '?' };
    if query.is_empty() { path.to_owned() } else { format!("{path}{joint}{query}") }
}
