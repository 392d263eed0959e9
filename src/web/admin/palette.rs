//! The command palette as a page: links to the panel's pages, to webhooks and to what a search finds.
//! `static/js/palette.js` shows them in a window over any page, before them what that page can do.

use super::context::{AdminContext, Signalbox};
use super::deliveries::Deliveries;
use super::docs;
use super::jobs::Jobs;
use super::kit::back::query_parameter;
use super::kit::frame::Frame;
use super::kit::resource::Resource;
use super::search::{fetch_first, find_by_id};
use super::users::Users;
use super::webhooks::Webhooks;
use crate::web::filters;
use crate::web::human::{self, HumanError};
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use signalbox_i18n::{say, t};

/// Webhooks that are shown, and of each other list as many as are found.
const WEBHOOKS: i64 = 8;
const FOUND: i64 = 5;

/// So many letters are searched for: one is in nearly everything.
const LEAST: usize = 2;

/// The page.
#[derive(Template)]
#[template(path = "admin/palette.html")]
pub struct PalettePage {
    frame: Frame,
    search: String,
    groups: Vec<Group>,
}

/// Links of one kind.
struct Group {
    title: &'static str,
    /// Whether their words are data, which is in no language.
    is_data: bool,
    /// Words and addresses.
    links: Vec<(String, String)>,
}

/// `GET /admin/palette/?q=`
///
/// # Errors
/// The database is away (503).
pub async fn show_palette(context: AdminContext) -> Result<HttpResponse, HumanError> {
    let search = query_parameter(context.query(), "q").unwrap_or_default().trim().to_owned();
    let frame = context.new_frame(t("Go to"));
    let pages = Group { title: "Panel", is_data: false, links: page_links(&frame, &search) };
    let mut groups = vec![pages];
    if !search.is_empty()
        && let Some(page) = find_by_id(&mut *context.get_conn().await?, &search).await?
    {
        groups.push(Group { title: "ID", is_data: true, links: vec![(search.clone(), page)] });
    }
    groups.push(find_links::<Webhooks>(&context, &search, WEBHOOKS).await?);
    if search.chars().count() >= LEAST {
        let (deliveries, jobs, users) = futures_util::try_join!(
            find_links::<Deliveries>(&context, &search, FOUND),
            find_links::<Jobs>(&context, &search, FOUND),
            find_links::<Users>(&context, &search, FOUND),
        )?;
        groups.extend([deliveries, jobs, users]);
    }
    if !search.is_empty() {
        let everything = say!("Search everything for “{search}”", search = search);
        let href = urls::with_query(urls::search(), &[("q", &search)]);
        groups.push(Group { title: "Search", is_data: false, links: vec![(everything, href)] });
    }
    groups.retain(|group| !group.links.is_empty());
    human::render_page(&PalettePage { frame, search, groups })
}

/// The pages whose names hold every word.
fn page_links(frame: &Frame, search: &str) -> Vec<(String, String)> {
    let chrome = &frame.chrome;
    let mut links = vec![(t("Home").to_owned(), urls::index().to_owned())];
    for row in chrome.nav.iter().flat_map(|section| &section.rows) {
        let label = t(row.label).to_owned();
        let add = row.add.clone().map(|add| (say!("Add to {list}", list = label), add));
        links.push((label, row.href.clone()));
        links.extend(add);
    }
    links.extend(
        chrome.account.iter().map(|(words, href)| (t(words).to_owned(), (*href).to_owned())),
    );
    links.extend(docs::document_links());
    let words = search.to_lowercase();
    let holds_all =
        |label: &str| words.split_whitespace().all(|word| label.to_lowercase().contains(word));
    links.retain(|(label, _)| holds_all(label));
    links
}

/// The first objects of a list that a search finds.
async fn find_links<R: Resource<Site = Signalbox>>(
    context: &AdminContext,
    search: &str,
    rows: i64,
) -> Result<Group, HumanError> {
    let found = fetch_first::<R>(context, search, rows).await?;
    let found =
        found.into_iter().flat_map(|(_, page)| page.rows).take(usize::try_from(rows).unwrap_or(0));
    let links = found.map(|row| ((R::LISTING.name)(&row), (R::LISTING.page)(&row))).collect();
    Ok(Group { title: R::META.title, is_data: true, links })
}

#[cfg(test)]
impl PalettePage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let page = |search: &str| {
            let frame = crate::web::admin::context::sample_frame("Go to");
            let pages = Group { title: "Panel", is_data: false, links: page_links(&frame, search) };
            let link = ("<b>x</b>".to_owned(), "/admin/".to_owned());
            let webhooks = Group { title: "Webhooks", is_data: true, links: vec![link] };
            let mut groups = vec![pages, webhooks];
            groups.retain(|group| !search.contains("nothing") && !group.links.is_empty());
            Self { frame, search: search.to_owned(), groups }
        };
        vec![page(""), page("<b>nothing</b>")]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_found_by_words_of_their_names() {
        let frame = crate::web::admin::context::sample_frame("Go to");
        let found = |search: &str| {
            let links = page_links(&frame, search).into_iter();
            links.map(|(_, href)| href).collect::<Vec<_>>()
        };
        assert_eq!(found("time zo"), ["/admin/time_zone/"]);
        assert_eq!(found("ADD webhook"), ["/admin/hooks/webhook/add/"]);
        assert_eq!(found("no such page"), [""; 0]);
        assert!(found("").len() > 15);
    }
}
