//! One search over webhooks, deliveries, jobs and users. An id leads straight to what it names; words
//! show the first rows of each list, and the way to all of them.

use super::context::{AdminContext, Signalbox};
use super::deliveries::Deliveries;
use super::jobs::Jobs;
use super::kit::back::query_parameter;
use super::kit::frame::Frame;
use super::kit::list_view::{self, ListView, Read};
use super::kit::query::{Asked, read_query};
use super::kit::resource::Resource;
use super::users::Users;
use super::webhooks::Webhooks;
use crate::clock;
use crate::web::filters;
use crate::web::human::{self, HumanError, redirect_to};
use crate::web::urls;
use actix_web::HttpResponse;
use askama::Template;
use signalbox_core::ids::{DeliveryId, JobId};
use signalbox_core::listing::{Counts, Page};
use signalbox_i18n::t;
use signalbox_store::{self as store, Conn, deliveries, jobs};

/// Rows shown of each list.
const ROWS: i64 = 5;

/// The newest deliveries and jobs that are looked through: fewer than their own lists look
/// through, since it is all of them at once. The page says so.
const REACH: i64 = 20_000;

/// The search's page.
#[derive(Template)]
#[template(path = "admin/search.html")]
pub struct SearchPage {
    frame: Frame,
    search: String,
    results: Vec<Results>,
    /// The lists that look further, where nothing was found.
    further: [(&'static str, String); 2],
}

impl SearchPage {
    fn new(frame: Frame, search: String, results: Vec<Results>) -> Self {
        let list = |list: String| urls::with_query(&list, &[("q", &search)]);
        let further = [("Deliveries", list(urls::deliveries())), ("Jobs", list(urls::jobs()))];
        Self { frame, search, results, further }
    }
}

/// What one list has found.
struct Results {
    title: &'static str,
    all: String,
    list: ListView,
}

/// `GET /admin/search/?q=`
///
/// # Errors
/// The database is away (503).
pub async fn show_search(context: AdminContext) -> Result<HttpResponse, HumanError> {
    let search = query_parameter(context.query(), "q").unwrap_or_default().trim().to_owned();
    let mut results = Vec::new();
    if !search.is_empty() {
        let mut conn = context.get_conn().await?;
        if let Some(page) = find_by_id(&mut conn, &search).await? {
            return Ok(redirect_to(page));
        }
        drop(conn);
        // Each with a connection of its own: the database looks through the lists side by side.
        let (webhooks, deliveries, jobs, users) = futures_util::try_join!(
            results_of::<Webhooks>(&context, &search),
            results_of::<Deliveries>(&context, &search),
            results_of::<Jobs>(&context, &search),
            results_of::<Users>(&context, &search),
        )?;
        results.extend([webhooks, deliveries, jobs, users].into_iter().flatten());
    }
    human::render_page(&SearchPage::new(context.new_frame(t("Search")), search, results))
}

/// The page of the delivery or job whose id this is.
///
/// # Errors
/// The database fails.
pub async fn find_by_id(conn: &mut Conn, search: &str) -> store::Result<Option<String>> {
    let id = search.to_ascii_uppercase();
    if let Ok(id) = id.parse::<DeliveryId>()
        && deliveries::delivery_exists(conn, &id).await?
    {
        return Ok(Some(urls::delivery(&id)));
    }
    if let Ok(id) = id.parse::<JobId>()
        && jobs::job_exists(conn, &id).await?
    {
        return Ok(Some(urls::job(&id)));
    }
    Ok(None)
}

async fn results_of<R: Resource<Site = Signalbox>>(
    context: &AdminContext,
    search: &str,
) -> Result<Option<Results>, HumanError> {
    let Some((asked, page)) = fetch_first::<R>(context, search, ROWS).await? else {
        return Ok(None);
    };
    let meta = R::META;
    let all = urls::with_query(&meta.list_url(), &[("q", search)]);
    let read = Read { page, all: None, counts: Counts::default() };
    let list = list_view::draw_list(meta.plural, clock::now(), R::LISTING, asked, &read);
    Ok(Some(Results { title: meta.title, all, list: list.without_switches() }))
}

/// What a search asked of a list, and what it found.
type Found<R> = (Asked<<R as Resource>::Sort, <R as Resource>::Filter>, Page<<R as Resource>::Row>);

/// The first rows of a list that a search finds, for who may see it; none = there are none.
///
/// # Errors
/// The database is away (503).
pub async fn fetch_first<R: Resource<Site = Signalbox>>(
    context: &AdminContext,
    search: &str,
    rows: i64,
) -> Result<Option<Found<R>>, HumanError> {
    let meta = R::META;
    if !context.has_permission(meta.view) {
        return Ok(None);
    }
    let mut conn = context.get_conn().await?;
    let query = urls::with_query("", &[("q", search)]);
    let mut asked = read_query(&meta.list_url(), query.trim_start_matches('?'), R::LISTING);
    asked.query.limit = rows;
    asked.query.reach = REACH;
    let page = R::fetch_page(&mut conn, &asked.query).await?;
    Ok((!page.rows.is_empty()).then_some((asked, page)))
}

#[cfg(test)]
impl SearchPage {
    /// The states it is shown in.
    pub fn sample_pages() -> Vec<Self> {
        let with = |search: &str| {
            Self::new(
                crate::web::admin::context::sample_frame("Search"),
                search.to_owned(),
                Vec::new(),
            )
        };
        vec![with(""), with("<b>nothing</b>")]
    }
}
