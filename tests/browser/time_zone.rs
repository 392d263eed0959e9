//! The browser's time zone reaches the server, and a page from before that is put right.

use crate::support::app::App;
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use fantoccini::Locator;
use serde_json::json;

#[tokio::test]
async fn times_are_in_the_browsers_zone_from_the_first_page_on() {
    let app = App::start().await;
    let id = app.send(&Delivery::push_2015().token("nobody's")).await.field("delivery");
    let sql = "UPDATE deliveries SET received_at = '2026-07-01T22:16:11Z'";
    app.database().execute(sql).await;
    let browser = Browser::start(app.base()).await;
    let zone = json!({ "timezoneId": "America/St_Johns" });
    browser.devtools("Emulation.setTimezoneOverride", zone).await;
    browser.log_in().await;
    let footer = browser.found(Locator::Css(".footer [translate=no]")).await;
    assert_eq!(footer.text().await.unwrap(), "America/St_Johns", "the sign-in page said it");
    // Travelling: the first page is still of the zone before, but its full times are of the new one.
    browser
        .devtools("Emulation.setTimezoneOverride", json!({ "timezoneId": "Asia/Kolkata" }))
        .await;
    let title = "return document.querySelector('main time[datetime^=\"2026-07-01\"]').title";
    let page = format!("/admin/hooks/delivery/{id}/");
    browser.open(&page).await;
    let put_right = browser.script(title).await;
    browser.open(&page).await;
    let from_server = browser.script(title).await;
    assert_eq!(put_right, from_server);
    assert_eq!(put_right, "2026-07-02 03:46:11 UTC+5:30\n2026-07-01 22:16:11 UTC");
    // A browser that hides its zone, or a server that forgot it.
    browser.devtools("Emulation.setTimezoneOverride", json!({ "timezoneId": "UTC" })).await;
    browser.open(&page).await;
    let utc = browser.script(title).await;
    assert_eq!(utc, "2026-07-01 22:16:11 UTC");
    browser.close().await;
}
