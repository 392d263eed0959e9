//! The form that chooses a list's columns, for oneself or for the view that it is opened by.

use super::frame::Level;
use super::kept::ChosenColumns;
use super::query::read_query;
use super::resource::{Answer, ContextOf, Resource};
use super::saved::open_view;
use super::site::Site;
use super::views::Posted;
use crate::web::answer::see_other;

/// POST the columns of a list, or of the view that it is opened by.
///
/// # Errors
/// Somebody else's view (403), the database (503).
pub async fn submit_columns<R: Resource>(ctx: ContextOf<R>, posted: Posted) -> Answer<R> {
    let (meta, listing, posted) = (R::META, R::LISTING, posted.into_inner());
    let values = |name: &'static str| posted.iter().filter(move |(key, _)| key == name);
    let query = values("query").next().map_or("", |(_, query)| query.as_str());
    let mut asked = read_query(&meta.list_url(), query, listing);
    let kept = ctx.kept_of(meta.name);
    let view = open_view(&kept, listing, &mut asked).map(|view| view.id);
    let wanted: Vec<String> = values("columns").map(|(_, key)| key.clone()).collect();
    let keys = listing.known_columns(&wanted);
    let is_usual = values("usual").next().is_some() || keys == listing.usual_columns();
    let keys = (!is_usual).then_some(keys);
    let said = R::Site::keep_columns(&ctx, ChosenColumns { list: meta.name, view, keys }).await?;
    ctx.leave_message(Level::Success, said);
    Ok(see_other(asked.address.href()))
}
