//! Lists stay fast however many rows there are: how many queries each page makes, and, asked for
//! by `make speed`, how long a million rows take.

use crate::support::app::App;
use crate::support::database::Database;
use crate::support::seed;
use diesel::connection::InstrumentationEvent;
use diesel_async::AsyncConnection;
use signalbox::store::Pool;
use signalbox::web::admin::deliveries::Deliveries;
use signalbox::web::admin::jobs::Jobs;
use signalbox::web::admin::kit::query::read;
use signalbox::web::admin::kit::resource::Resource;
use signalbox::web::admin::kit::views::gather;
use signalbox::web::admin::webhooks::Webhooks;
use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

async fn queries_of<R: Resource>(database: &Database, query: &str) -> usize {
    let pool = Pool::new(&database.url, 1).unwrap();
    let mut conn = pool.get().await.unwrap();
    let count = Arc::new(AtomicUsize::new(0));
    let seen = Arc::clone(&count);
    conn.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        if matches!(event, InstrumentationEvent::StartQuery { .. }) {
            seen.fetch_add(1, Ordering::Relaxed);
        }
    });
    let mut asked = read("/", query, R::listing());
    let read = gather::<R>(&mut conn, &mut asked).await.unwrap();
    assert!(!read.page.rows.is_empty(), "nothing at {query}");
    count.load(Ordering::Relaxed)
}

#[tokio::test]
async fn a_list_makes_at_most_four_queries() {
    let database = Database::migrated().await;
    seed::records(&database, 120).await;
    seed::deliveries(&database, 120).await;
    for query in ["", "q=bulk&enabled=1", "object_kind=push&o=-2.1&p=2"] {
        let queries = queries_of::<Webhooks>(&database, query).await;
        assert!((1..=4).contains(&queries), "{queries} queries for webhooks {query}");
    }
    for query in ["", "q=bulk", "verdict=matched&received=24h"] {
        let queries = queries_of::<Deliveries>(&database, query).await;
        assert!((1..=4).contains(&queries), "{queries} queries for deliveries {query}");
    }
    for query in ["", "q=bulk", "state=succeeded&finished=24h"] {
        let queries = queries_of::<Jobs>(&database, query).await;
        assert!((1..=4).contains(&queries), "{queries} queries for jobs {query}");
    }
}

/// The addresses that `make speed` asks for, and the most each may take.
const PAGES: [(&str, u64); 22] = [
    ("/admin/", 100),
    ("/admin/hooks/webhook/", 100),
    ("/admin/hooks/webhook/?p=100", 100),
    ("/admin/hooks/webhook/?o=-5.2", 100),
    ("/admin/hooks/webhook/?q=repository-77&enabled=1", 100),
    ("/admin/hooks/delivery/", 100),
    ("/admin/hooks/delivery/?older=01M00000000000000000500000", 100),
    ("/admin/hooks/delivery/?verdict=unmatched", 100),
    ("/admin/hooks/delivery/?verdict=unmatched&received=24h", 100),
    ("/admin/hooks/delivery/?verdict=paused", 100),
    ("/admin/hooks/delivery/?received=24h", 100),
    ("/admin/hooks/delivery/?repo_name=bulk+77", 100),
    ("/admin/hooks/delivery/?project_id=77", 100),
    ("/admin/hooks/delivery/?webhook=77", 100),
    ("/admin/hooks/job/", 100),
    ("/admin/hooks/job/?state=failed", 100),
    ("/admin/hooks/job/?state=failed&finished=24h", 100),
    ("/admin/hooks/job/?webhook=77", 100),
    ("/admin/hooks/job/?queued=7d", 100),
    ("/admin/hooks/delivery/?q=repository-77", 1_000),
    ("/admin/hooks/delivery/?q=nothing-holds-this", 1_000),
    ("/admin/hooks/job/?q=nothing-holds-this", 1_000),
];

/// `SIGNALBOX_SEED` says how many deliveries and jobs; a million if it is not set.
#[tokio::test]
#[ignore = "takes minutes: make speed"]
async fn a_million_rows_are_listed_in_time() {
    #[expect(clippy::disallowed_methods, reason = "a knob of this measurement, no setting")]
    let rows = std::env::var("SIGNALBOX_SEED").map_or(1_000_000, |rows| rows.parse().unwrap());
    let app = App::start().await;
    seed::records(app.database(), 10_000).await;
    seed::deliveries(app.database(), rows).await;
    app.database().client().await.batch_execute("VACUUM ANALYZE").await.unwrap();
    let panel = app.panel().await;
    let mut slow = Vec::new();
    for (address, most_ms) in PAGES {
        let mut best = Duration::MAX;
        for _ in 0..5 {
            let start = Instant::now();
            panel.open(address).await;
            best = best.min(start.elapsed());
        }
        writeln!(std::io::stdout(), "{:>7.1} ms  {address}", best.as_secs_f64() * 1000.0).unwrap();
        if best > Duration::from_millis(most_ms) {
            slow.push(address);
        }
    }
    assert!(slow.is_empty(), "slow: {slow:#?}");
}
