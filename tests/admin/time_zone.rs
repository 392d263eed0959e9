//! Times stand in the reader's time zone, and what they type is read in it. F65.

use crate::support::app::{ADMIN, App, PASSWORD};
use crate::support::gitlab::Delivery;
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::webhooks;

const SETTING: &str = "/admin/time_zone/";
const WEBHOOKS: &str = "/admin/hooks/webhook/";

/// Somebody signed in, whose browser says this zone.
async fn person_in(app: &App, zone: &str) -> Panel {
    let panel = Panel::in_zone(app.base(), zone);
    assert_eq!(panel.try_login(ADMIN, PASSWORD).await.address, "/admin/");
    panel
}

async fn choose(panel: &Panel, choice: &str, name: &str) -> Page {
    let form = panel.open(SETTING).await.form_to(SETTING);
    panel.submit(form.set("choice", choice).set("name", name)).await
}

fn zone_of(page: &Page) -> String {
    page.text(".footer [translate=no]")
}

/// A delivery of a summer's evening in UTC, which is the next day in Berlin.
async fn summer_delivery(app: &App) -> String {
    let id = app.send(&Delivery::push_2015().token("nobody's")).await.field("delivery");
    let sql = "UPDATE deliveries SET received_at = '2026-07-01T22:16:11Z'";
    app.database().execute(sql).await;
    format!("/admin/hooks/delivery/{id}/")
}

#[tokio::test]
async fn times_are_in_the_browsers_zone_and_utc_where_it_says_none() {
    let app = App::start().await;
    let delivery = summer_delivery(&app).await;
    for (cookie, zone, text) in [
        ("Europe/Berlin", "Europe/Berlin", "2026-07-02 00:16:11 UTC+2"),
        ("Asia/Kolkata", "Asia/Kolkata", "2026-07-02 03:46:11 UTC+5:30"),
        ("America/New_York", "America/New_York", "2026-07-01 18:16:11 UTC-4"),
        ("", "UTC", "2026-07-01 22:16:11 UTC"),
        ("Mars/Olympus", "UTC", "2026-07-01 22:16:11 UTC"),
        ("../../../etc/passwd", "UTC", "2026-07-01 22:16:11 UTC"),
    ] {
        let panel = person_in(&app, cookie).await;
        let page = panel.open(&delivery).await;
        assert_eq!(zone_of(&page), zone, "{cookie}");
        assert_eq!(page.attributes("html", "data-zone"), [zone]);
        let titles = page.attributes("time[datetime='2026-07-01T22:16:11.000Z']", "title");
        assert!(!titles.is_empty(), "{}", page.html);
        for title in titles {
            assert!(title.starts_with(text), "{cookie}: {title}");
            assert!(title.contains("2026-07-01 22:16:11 UTC"), "{cookie}: {title}");
        }
        // What programs read is the same for all.
        for format in ["json", "csv"] {
            let data = panel.get(&format!("/admin/hooks/delivery/?format={format}")).await.html;
            assert!(data.contains("2026-07-01T22:16:11Z"), "{cookie}: {data}");
        }
    }
}

#[tokio::test]
async fn an_account_chooses_its_zone_for_all_its_browsers() {
    let app = App::start().await;
    let panel = person_in(&app, "Europe/Berlin").await;
    let page = panel.open(SETTING).await;
    page.says("The browser's time zone (Europe/Berlin)");
    // A name that is none is said beside its field, and nothing changes.
    for (name, says) in
        [("Mars/Olympus", "“Mars/Olympus” is not a time zone."), ("", "Enter the name")]
    {
        let page = choose(&panel, "named", name).await;
        assert!(page.text("#id_name_errors").contains(says), "{}", page.html);
        assert!(page.text("title").starts_with("Error:"));
        assert_eq!(page.form_to(SETTING).value("name"), Some(name));
        assert_eq!(zone_of(&page), "Europe/Berlin");
    }
    let page = choose(&panel, "named", "asia/tokyo").await;
    assert!(page.text(".messages").contains("Times are now shown in Asia/Tokyo."));
    assert_eq!(zone_of(&page), "Asia/Tokyo");
    assert!(!page.has("html[data-zone]"), "the browser's zone does not matter any more");
    // In another browser too, and for nobody else.
    assert_eq!(zone_of(&person_in(&app, "UTC").await.open("/admin/").await), "Asia/Tokyo");
    assert_eq!(zone_of(&app.person("viewer").await.open("/admin/").await), "UTC");
    let log = app
        .database()
        .column("SELECT changes::text FROM audit_log WHERE object_type = 'user'")
        .await;
    let told = log.iter().filter(|changes| changes.contains("time_zone")).count();
    assert_eq!(told, 1, "one change, one entry: {log:?}");
    assert_eq!(zone_of(&choose(&panel, "utc", "").await), "UTC");
    assert_eq!(zone_of(&choose(&panel, "browser", "").await), "Europe/Berlin");
}

#[tokio::test]
async fn days_that_are_typed_are_read_in_the_zone_that_is_shown() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    app.database().execute("UPDATE webhooks SET created_at = '2026-07-01T22:16:11Z'").await;
    let (berlin, utc) = (person_in(&app, "Europe/Berlin").await, app.panel().await);
    let rows = async |panel: &Panel, query: &str| {
        panel.open(&format!("{WEBHOOKS}?{query}")).await.rows().len()
    };
    assert_eq!(rows(&berlin, "created__gte=2026-07-02").await, 1);
    assert_eq!(rows(&utc, "created__gte=2026-07-02").await, 0);
    assert_eq!(rows(&utc, "created__gte=2026-07-02&tz=Europe%2FBerlin").await, 1);
    assert_eq!(rows(&berlin, "created__gte=2026-07-02&tz=UTC").await, 0);
    assert_eq!(rows(&berlin, "created__lt=2026-07-02T00:16").await, 0);
    // The form says in which zone, the chip from when; links mean the same to everybody.
    let form =
        berlin.open(WEBHOOKS).await.form_with("created__gte").set("created__gte", "2026-07-02");
    assert_eq!(form.value("tz"), Some("Europe/Berlin"));
    let page = berlin.submit(form).await;
    page.says("Days in Europe/Berlin").says("2026-07-02 00:00 UTC+2");
    assert_eq!(page.form_with("tz").value("created__gte"), Some("2026-07-02"));
    let json = page.attributes("a[href*='format=json']", "href").remove(0);
    assert!(json.contains("created__gte=2026-07-01T22%3A00%3A00Z"), "{json}");
    for panel in [&berlin, &utc] {
        assert!(panel.get(&json).await.html.contains("2026-07-01T22:16:11Z"));
    }
    // Of a program that names none, days are days of UTC, whoever signed it in.
    let data = berlin.get(&format!("{WEBHOOKS}?created__gte=2026-07-02&format=json")).await;
    assert!(!data.html.contains("2026-07-01T22:16:11Z"), "{}", data.html);
    let page = utc.open(&format!("{WEBHOOKS}?created__lt=2026-07-02&tz=Mars")).await;
    page.says("“Mars” is not a time zone. Days are read in UTC.");
    assert_eq!(page.rows().len(), 1);
}

#[tokio::test]
async fn a_pause_ends_at_the_time_of_day_of_its_reader() {
    let app = App::start().await;
    let panel = person_in(&app, "Asia/Kolkata").await;
    let page = panel.open("/admin/hooks/worker/").await;
    page.says("At a time (Asia/Kolkata)");
    let form = page.form_to("/admin/hooks/worker/pause/").set("reason", "release day");
    let page = panel.submit(form.set("until", "at").set("until_time", "18:00")).await;
    assert!(page.text(".banner").contains("18:00:00 UTC+5:30"), "{}", page.text(".banner"));
    let sql = "SELECT to_char(expires_at AT TIME ZONE 'UTC', 'HH24:MI') FROM settings \
               WHERE expires_at IS NOT NULL";
    assert_eq!(app.database().value(sql).await, "12:30");
    // The log keeps it in UTC.
    let log =
        app.database().value("SELECT changes::text FROM audit_log WHERE verb = 'pause'").await;
    assert!(log.contains("T12:30:00Z"), "{log}");
}

#[tokio::test]
async fn charts_begin_with_the_readers_days() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&Delivery::push_2015().token("nobody's")).await;
    let panel = person_in(&app, "Asia/Kolkata").await;
    let page = panel.open("/admin/?period=30d").await;
    page.says("Time (Asia/Kolkata)");
    let links = page.attributes("#deliveries-numbers a", "href");
    assert!(links.iter().all(|href| href.contains("T18%3A30%3A00Z")), "{links:?}");
    assert_eq!(panel.open(&links[0]).await.rows().len(), 1, "{links:?}");
}
