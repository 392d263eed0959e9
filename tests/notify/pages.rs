//! The pages of channels, rules and messages in a browser, with long names.

use super::receiver::Receiver;
use super::{CHANNELS, add_channel, add_rule, failing, message_is, push};
use crate::support::browser::Browser;

const LONG: &str = "the-operations-room-of-the-northern-branch-with-a-long-name";

#[tokio::test]
async fn the_pages_fit_and_a_channels_form_shows_the_fields_of_its_kind() {
    let receiver = Receiver::start().await;
    let app = failing().await;
    let panel = app.panel().await;
    let channel = add_channel(&app, &panel, "slack", &[("url", &receiver.url)]).await;
    add_rule(&panel, &channel, "failed", "").await;
    add_rule(&panel, &channel, "failed_in_a_row", "5").await;
    app.database().execute(&format!("UPDATE notification_channels SET name = '{LONG}'")).await;
    push(&app, "k").await;
    let message = message_is(&app, "sent_at IS NOT NULL").await;

    let browser = Browser::logged_in(&app).await;
    for (name, address) in [
        ("channels", CHANNELS.to_owned()),
        ("channel", format!("{CHANNELS}{channel}/change/")),
        ("rules", "/admin/notify/rule/".to_owned()),
        ("rule-add", "/admin/notify/rule/add/?kind=quiet".to_owned()),
        ("messages", "/admin/notify/message/".to_owned()),
        ("message", format!("/admin/notify/message/{message}/")),
    ] {
        browser.open(&address).await;
        browser.pictures(&format!("notify-{name}")).await;
    }
    browser.open(&format!("{CHANNELS}add/")).await;
    browser.pictures("notify-channel-add").await;
    browser.choose("kind", "http").await;
    browser.enter("signing_secret", "a-secret").await;
    browser.choose("kind", "mail").await;
    browser.enter("host", "mail.example.com").await;
    assert_eq!(browser.complaints().await, Vec::<String>::new());
    browser.close().await;
}
