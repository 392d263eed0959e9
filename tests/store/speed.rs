//! Lists stay fast however many rows there are: how many queries each page makes, and, asked for
//! by `make speed`, how long a million rows take.

use crate::support::app::Setup;
use crate::support::database::Database;
use crate::support::panel::Panel;
use crate::support::seed;
use diesel::connection::InstrumentationEvent;
use diesel_async::AsyncConnection;
use signalbox::clock;
use signalbox::web::admin::context::Signalbox;
use signalbox::web::admin::deliveries::Deliveries;
use signalbox::web::admin::index;
use signalbox::web::admin::jobs::Jobs;
use signalbox::web::admin::kit::query::read_query;
use signalbox::web::admin::kit::resource::Resource;
use signalbox::web::admin::kit::views::gather_list;
use signalbox::web::admin::log::Log;
use signalbox::web::admin::users::Users;
use signalbox::web::admin::webhooks::Webhooks;
use signalbox_core::chart::Period;
use signalbox_store::{Pool, PooledConn};
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

/// The most queries that a page may make for what it shows.
const MOST_QUERIES: usize = 4;
/// The most that a page may take to its first byte, in milliseconds.
const MOST_MS: u128 = 100;

/// A connection that counts its queries.
async fn counting(database: &Database) -> (PooledConn, Arc<AtomicUsize>) {
    let pool = Pool::new(&database.url, 1).unwrap();
    let mut conn = pool.get_conn().await.unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    });
    (conn, count)
}

/// Every choice of every filter, as queries.
fn choices<R: Resource<Site = Signalbox>>() -> Vec<String> {
    let filters = R::LISTING.filters.iter();
    filters
        .flat_map(|filter| {
            let known = filter.choices.known_choices().iter();
            known.map(|(value, _)| format!("{}={}", filter.param, value.replace(' ', "+")))
        })
        .collect()
}

async fn few_queries<R: Resource<Site = Signalbox>>(database: &Database, more: &[&str]) {
    let queries = choices::<R>().into_iter().chain(more.iter().map(|&query| query.to_owned()));
    for query in queries {
        let (mut conn, count) = counting(database).await;
        let mut asked = read_query("/", &query, R::LISTING);
        assert!(asked.warnings.is_empty(), "{:?}", asked.warnings);
        gather_list::<R>(&mut conn, &mut asked).await.unwrap();
        let count = count.load(Ordering::Relaxed);
        let name = R::META.name;
        assert!((1..=MOST_QUERIES).contains(&count), "{count} queries for {name} {query}");
    }
}

#[tokio::test]
async fn a_list_makes_at_most_four_queries() {
    let database = Database::migrated().await;
    seed::webhooks(&database, 120).await;
    seed::deliveries(&database, 120).await;
    let searched = ["", "q=bulk", "q=bulk+push", "q=nothing"];
    few_queries::<Webhooks>(&database, &searched).await;
    few_queries::<Webhooks>(&database, &["q=bulk&enabled=1", "object_kind=push&o=-2.1&p=2"]).await;
    few_queries::<Deliveries>(&database, &searched).await;
    few_queries::<Deliveries>(&database, &["verdict=matched&received=24h", "webhook=7"]).await;
    few_queries::<Jobs>(&database, &searched).await;
    few_queries::<Jobs>(&database, &["state=succeeded&finished=24h", "repo_name=bulk+7"]).await;
    few_queries::<Users>(&database, &searched).await;
    few_queries::<Log>(&database, &searched).await;
}

#[tokio::test]
async fn the_start_page_makes_at_most_four_queries() {
    let database = Database::migrated().await;
    seed::webhooks(&database, 12).await;
    seed::deliveries(&database, 120).await;
    let (mut conn, count) = counting(&database).await;
    let bounds = Period::Month.bounds(&clock::now());
    index::gather_index(&mut conn, None, &bounds).await.unwrap();
    assert_eq!(count.load(Ordering::Relaxed), MOST_QUERIES);
}

/// Further addresses that `make speed` asks for, beside every choice of every filter.
const PAGES: [&str; 42] = [
    "/admin/",
    "/admin/?period=7d",
    "/admin/?period=30d",
    "/admin/search/?q=repository-77",
    "/admin/search/?q=nothing-holds-this",
    "/admin/hooks/webhook/?p=100",
    "/admin/hooks/webhook/?o=-5.2",
    "/admin/hooks/webhook/?q=repository-77&enabled=1",
    "/admin/hooks/webhook/?q=nothing-holds-this",
    "/admin/hooks/webhook/?quiet_for=30d",
    "/admin/hooks/delivery/?repo_name=bulk+77",
    "/admin/hooks/delivery/?project_id=77",
    "/admin/hooks/delivery/?webhook=77",
    "/admin/hooks/delivery/?webhook=77&verdict=unmatched",
    "/admin/hooks/delivery/?verdict=unmatched&received=24h",
    "/admin/hooks/delivery/?verdict=matched&event=Release+Hook",
    "/admin/hooks/delivery/?verdict=unmatched&event=Push+Hook&received=30d",
    "/admin/hooks/delivery/?received__gte={old}&received__lt={young}",
    "/admin/hooks/delivery/?received__gte={old}&received__lt={young}&verdict=matched",
    "/admin/hooks/delivery/?received__gte={old}&received__lt={young}&verdict=rejected",
    "/admin/hooks/delivery/?received__lt={old}",
    "/admin/hooks/delivery/?q=repository-77",
    "/admin/hooks/delivery/?q=repository-77&received__lt={old}",
    "/admin/hooks/delivery/?q=alpha+beta",
    "/admin/hooks/delivery/?q=7777",
    "/admin/hooks/delivery/?q=nothing-holds-this",
    "/admin/hooks/delivery/unmatched/",
    "/admin/hooks/job/?state=failed&finished=24h",
    "/admin/hooks/job/?state=failed&queued__gte={old}&queued__lt={young}",
    "/admin/hooks/job/?state=succeeded&queued__gte={old}&queued__lt={young}",
    "/admin/hooks/job/?state=superseded&queued__gte={old}&queued__lt={young}",
    "/admin/hooks/job/?queued__gte={old}&queued__lt={young}",
    "/admin/hooks/job/?queued__lt={old}",
    "/admin/hooks/job/?webhook=77",
    "/admin/hooks/job/?repo_name=bulk+77",
    "/admin/hooks/job/?action=print",
    "/admin/hooks/job/?action=nothing",
    "/admin/hooks/job/?q=repository-77",
    "/admin/hooks/job/?q=7777",
    "/admin/hooks/job/?q=nothing-holds-this",
    "/admin/hooks/worker/",
    "/admin/log/?q=nothing-holds-this",
];

fn addresses<R: Resource<Site = Signalbox>>() -> Vec<String> {
    let list = R::META.list_url();
    let narrowed = choices::<R>().into_iter().map(|query| format!("{list}?{query}"));
    std::iter::once(list.clone()).chain(narrowed).collect()
}

/// The best of five, to the first byte of the answer.
async fn first_byte(panel: &Panel, address: &str) -> Duration {
    let mut best = Duration::MAX;
    for _ in 0..5 {
        let start = Instant::now();
        panel.open(address).await;
        best = best.min(start.elapsed());
    }
    best
}

/// `SIGNALBOX_SEED` says how many deliveries and jobs; a million if it is not set.
#[tokio::test]
#[ignore = "takes minutes: make speed"]
async fn f59_a_million_rows_are_listed_in_time() {
    #[expect(clippy::disallowed_methods, reason = "a knob of this measurement, no setting")]
    let rows = std::env::var("SIGNALBOX_SEED").map_or(1_000_000, |rows| rows.parse().unwrap());
    // What is measured stays as it was made.
    let mut setup = Setup::new().await.setting("SIGNALBOX_BODY_DAYS", "30000");
    for kept in ["SIGNALBOX_DELIVERY_DAYS", "SIGNALBOX_JOB_DAYS", "SIGNALBOX_OUTPUT_DAYS"] {
        setup = setup.setting(kept, "30000");
    }
    let app = setup.start().await;
    seed::webhooks(app.database(), 10_000).await;
    seed::deliveries(app.database(), rows).await;
    app.database().client().await.batch_execute("VACUUM ANALYZE").await.unwrap();
    let panel = app.panel().await;
    let day = async |ago: u32| {
        let sql = format!("SELECT (now() - interval '{ago} days')::date::text");
        app.database().value(&sql).await
    };
    let (old, young) = (day(15).await, day(14).await);
    let more = PAGES.map(|page| page.replace("{old}", &old).replace("{young}", &young));
    let lists = [
        addresses::<Webhooks>(),
        addresses::<Deliveries>(),
        addresses::<Jobs>(),
        addresses::<Users>(),
        addresses::<Log>(),
    ];
    let mut slow = Vec::new();
    for address in lists.into_iter().flatten().chain(more) {
        let best = first_byte(&panel, &address).await;
        writeln!(std::io::stdout(), "{:>7.1} ms  {address}", best.as_secs_f64() * 1000.0).unwrap();
        if best.as_millis() >= MOST_MS {
            slow.push(address);
        }
    }
    assert!(slow.is_empty(), "slow: {slow:#?}");
}
