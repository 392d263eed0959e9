//! From an unmatched delivery to a record, and to a delivery that matches.

use crate::support::app::{App, TOKEN};
use crate::support::browser::Browser;
use crate::support::gitlab::Delivery;
use crate::support::records;

#[tokio::test]
async fn a_record_is_made_and_another_mended_from_a_delivery() {
    let app = App::start().await;
    app.record(&records::push()).await;
    let browser = Browser::logged_in(&app).await;
    let push = Delivery::push_2015().token(TOKEN).with("/project_id", 1612);
    let unmatched = push.clone().with("/repository/name", "Diaspora 2");
    let first = app.send(&unmatched).await;
    first.expect(200, "unmatched");
    let address = format!("/admin/hooks/delivery/{}/", first.field("delivery"));
    browser.open(&address).await;
    browser.says("repository name and project ID differ").await;
    browser.pictures("delivery-match").await;
    browser.press("Create record").await;
    browser.says("Add webhook").await;
    assert_eq!(browser.value("repo_name").await, "Diaspora 2");
    assert_eq!(browser.value("project_id").await, "1612");
    browser.fill("secret_token", TOKEN).await;
    browser.submit("Save").await;
    app.send(&unmatched).await.expect(202, "matched");
    browser.open(&address).await;
    browser.says("fits in every value").await;
    browser.pictures("delivery-match-now").await;

    // The other way: the record that was there is mended.
    let second = app.send(&push).await;
    second.expect(200, "unmatched");
    browser.open(&format!("/admin/hooks/delivery/{}/", second.field("delivery"))).await;
    browser.says("is registered to project 15, this is project 1612").await;
    browser.press("Fix record").await;
    browser.says("Filled in from the delivery").await;
    browser.pictures("webhook-suggested").await;
    browser.submit("Save").await;
    app.send(&push).await.expect(202, "matched");
    for (address, name) in
        [("/admin/hooks/delivery/unmatched/", "unmatched"), ("/admin/hooks/delivery/", "log")]
    {
        browser.open(address).await;
        browser.pictures(name).await;
    }
    let complaints = browser.complaints().await;
    assert!(complaints.is_empty(), "{complaints:#?}");
    browser.close().await;
}
