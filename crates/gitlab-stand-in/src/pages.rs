//! Lists in pages: by number, and behind the last row of the page before.

use crate::reply::{Reply, Request};
use crate::world::World;
use serde_json::Value;

/// More rows than this are not counted for the reader.
const COUNTED: usize = 10_000;

/// How many rows a page has: never more than 100.
fn per_page(request: &Request) -> Result<usize, Reply> {
    let invalid = || Reply::error(400, "per_page does not have a valid value");
    match request.number("per_page")? {
        None => Ok(20),
        Some(rows) if rows >= 1 => Ok(usize::try_from(rows).map_err(|_| invalid())?.min(100)),
        Some(_) => Err(invalid()),
    }
}

/// The page that is asked for by its number.
pub(crate) fn by_number<T>(
    world: &World,
    request: &Request,
    rows: &[T],
    show: impl Fn(&T) -> Value,
) -> Result<Reply, Reply> {
    let per_page = per_page(request)?;
    let page = usize::try_from(request.number("page")?.unwrap_or(1)).unwrap_or(0);
    if page == 0 {
        return Err(Reply::error(400, "page does not have a valid value"));
    }
    let total = rows.len();
    let last = total.div_ceil(per_page).max(1);
    let first_row = (page - 1).saturating_mul(per_page);
    let shown = rows.iter().skip(first_row).take(per_page).map(show).collect();

    let number = |page: Option<usize>| page.map(|page| page.to_string()).unwrap_or_default();
    let previous = (page > 1).then(|| page - 1);
    let next = (page < last).then(|| page + 1);
    let mut links = Vec::new();
    let mut link = |page: Option<usize>, rel: &str| {
        if let Some(page) = page {
            let extra = [("page", page.to_string()), ("per_page", per_page.to_string())];
            links.push(format!("<{}>; rel=\"{rel}\"", address(world, request, &extra)));
        }
    };
    link(previous, "prev");
    link(next, "next");
    link(Some(1), "first");
    link((total <= COUNTED).then_some(last), "last");

    let mut reply = Reply::ok(Value::Array(shown));
    reply.headers = vec![
        ("Link", links.join(", ")),
        ("X-Next-Page", number(next)),
        ("X-Page", page.to_string()),
        ("X-Per-Page", per_page.to_string()),
        ("X-Prev-Page", number(previous)),
    ];
    if total <= COUNTED {
        reply.headers.push(("X-Total", total.to_string()));
        reply.headers.push(("X-Total-Pages", last.to_string()));
    }
    Ok(reply)
}

/// The page behind the last row of the page before: rows stand in their order by id. A page with
/// rows links to the next one, which may be empty.
pub(crate) fn by_key<T>(
    world: &World,
    request: &Request,
    rows: &[T],
    show: (impl Fn(&T) -> i64, impl Fn(&T) -> Value),
) -> Result<Reply, Reply> {
    let (id, show) = show;
    let shown: Vec<&T> = rows.iter().take(per_page(request)?).collect();
    let mut reply = Reply::ok(shown.iter().map(|row| show(row)).collect());
    if let Some(last) = shown.last() {
        let ascending = request.text("sort").as_deref() == Some("asc");
        let name = if ascending { "id_after" } else { "id_before" };
        let next = address(world, request, &[(name, id(last).to_string())]);
        reply.headers.push(("Link", format!("<{next}>; rel=\"next\"")));
    }
    Ok(reply)
}

/// This call's address with other parameters.
fn address(world: &World, request: &Request, extra: &[(&str, String)]) -> String {
    let (path, _) = request.target.split_once('?').unwrap_or((&request.target, ""));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    for name in request.params.keys() {
        let value = request.text(name).unwrap_or_default();
        if !extra.iter().any(|(other, _)| other == name) {
            query.append_pair(name, &value);
        }
    }
    for (name, value) in extra {
        query.append_pair(name, value);
    }
    format!("{}{path}?{}", world.url, query.finish())
}
