//! Every list's description holds on PostgreSQL: each order, each filter, each part.

use crate::support::database::Database;
use signalbox::web::admin::context::Signalbox;
use signalbox::web::admin::deliveries::Deliveries;
use signalbox::web::admin::jobs::Jobs;
use signalbox::web::admin::kit::query::RESERVED;
use signalbox::web::admin::kit::resource::Resource;
use signalbox::web::admin::log::Log;
use signalbox::web::admin::users::Users;
use signalbox::web::admin::webhooks::Webhooks;
use signalbox_core::listing::{Direction, ListQuery, Part};
use signalbox_i18n::Tz;
use signalbox_store::{Conn, Pool};
use std::collections::HashSet;

fn query<R: Resource<Site = Signalbox>>() -> ListQuery<R::Sort, R::Filter> {
    ListQuery::match_everything(5)
}

async fn listing_is_sound<R: Resource<Site = Signalbox>>(conn: &mut Conn) {
    let (name, listing) = (R::META.name, R::LISTING);
    for column in listing.columns {
        assert!(!column.label.is_empty(), "{name} {}", column.key);
        for direction in [Direction::Ascending, Direction::Descending] {
            let order = column.sort.map(|sort| (sort, direction)).into_iter().collect();
            R::fetch_page(conn, &ListQuery { order, ..query::<R>() }).await.unwrap();
        }
    }
    let mut params = RESERVED.map(str::to_owned).into_iter().collect::<HashSet<_>>();
    for filter in listing.filters {
        for (param, _) in filter.labelled_params() {
            assert!(params.insert(param.clone()), "{name}: {param} is taken");
        }
        let open = [("1", ""), ("01M87VREQA18WSHF0ZZCJA3NJ8", ""), ("a'b%", "")];
        let known = filter.choices.known_choices();
        for (value, _) in if known.is_empty() { open.as_slice() } else { known } {
            let mut narrowed = query::<R>();
            let param = (filter.param, *value);
            let applied = filter.narrow_query(&mut narrowed.filter, param, Tz::UTC);
            assert!(applied.is_ok() || known.is_empty(), "{name}: {}={value}", filter.param);
            R::fetch_page(conn, &narrowed).await.unwrap();
        }
    }
    for term in
        ["a", "15", "-1", "100%_\\", "'; DROP TABLE jobs; --", "数据", "99999999999999999999"]
    {
        R::fetch_page(conn, &ListQuery { terms: vec![term.to_owned()], ..query::<R>() })
            .await
            .unwrap();
    }
    let id = "01M87VREQA18WSHF0ZZCJA3NJ8".to_owned();
    for part in [Part::Numbered(1_000_000), Part::Older(id.clone()), Part::Newer(id)] {
        R::fetch_page(conn, &ListQuery { part, ..query::<R>() }).await.unwrap();
    }
    R::count_rows(conn, &query::<R>(), true).await.unwrap();
    R::select_ids(conn, &query::<R>(), Some("7"), &Part::Older("9".to_owned()), 5).await.unwrap();
}

#[tokio::test]
async fn every_listing_is_sound() {
    let database = Database::migrated().await;
    let pool = Pool::new(&database.url, 1).unwrap();
    let mut conn = pool.get_conn().await.unwrap();
    listing_is_sound::<Webhooks>(&mut conn).await;
    listing_is_sound::<Deliveries>(&mut conn).await;
    listing_is_sound::<Jobs>(&mut conn).await;
    listing_is_sound::<Users>(&mut conn).await;
    listing_is_sound::<Log>(&mut conn).await;
}
