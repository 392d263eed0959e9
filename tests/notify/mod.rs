//! Being told: from what happens to the message at the other side, and what is seen of it in the panel.

mod mail;
mod pages;
mod receiver;
mod states;

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::panel::Panel;
use crate::support::wait;
use crate::support::webhooks::{self, with};
use receiver::Receiver;
use signalbox_core::credential::SigningKey;

const CHANNELS: &str = "/admin/notify/channel/";
const SECRET: &str = "whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=";

/// A Signalbox with a webhook whose jobs fail.
async fn failing() -> App {
    let setup =
        Setup::new().await.action("fails", "", "echo compiling; echo 'no such branch' >&2; exit 3");
    let app = setup.start().await;
    app.add_webhook(&with(webhooks::push(), &[("action", "fails"), ("max_attempts", "1")])).await;
    app
}

/// Adds a channel by the form, and answers its id.
async fn add_channel(app: &App, panel: &Panel, kind: &str, fields: &[(&str, &str)]) -> String {
    let form = panel.open(&format!("{CHANNELS}add/?kind={kind}")).await.form_with("gather_s");
    let form = form.set("name", kind).set("allow_private_network", "on").set("gather_s", "0");
    let form = fields.iter().fold(form, |form, (name, value)| form.set(name, value));
    let page = panel.submit(form.press("_save", "1")).await;
    assert!(page.address.ends_with("/change/"), "{}", page.html);
    app.database().value("SELECT max(id)::text FROM notification_channels").await
}

async fn add_rule(panel: &Panel, channel: &str, kind: &str, number: &str) {
    let address = format!("/admin/notify/rule/add/?channel={channel}&kind={kind}");
    let form = panel.open(&address).await.form_with("channel");
    let form = if number.is_empty() { form } else { form.set("number", number) };
    let page = panel.submit(form.press("_save", "1")).await;
    assert!(page.text(".messages").contains("was added"), "{}", page.html);
}

async fn push(app: &App, key: &str) -> String {
    let answer = app.send(&Delivery::push_2015().token(TOKEN).key(key)).await;
    let [job] = answer.expect(202, "matched").jobs().try_into().unwrap();
    job
}

/// The one message there is, once it is in this state: its id.
async fn message_is(app: &App, condition: &str) -> String {
    let sql = format!("SELECT id FROM notification_messages WHERE {condition}");
    wait::until(&format!("a message with {condition}"), async || {
        app.database().column(&sql).await.pop()
    })
    .await
}

#[tokio::test]
async fn a_failure_is_one_signed_message_that_says_what_where_who_and_why() {
    let receiver = Receiver::start().await;
    let app = failing().await;
    let panel = app.panel().await;
    let fields = [("url", receiver.url.as_str()), ("signing_secret", SECRET)];
    let channel = add_channel(&app, &panel, "http", &fields).await;
    add_rule(&panel, &channel, "failed", "").await;
    let job = push(&app, "k").await;
    let id = message_is(&app, "sent_at IS NOT NULL").await;
    let [request] = receiver.requests().try_into().unwrap();
    assert_eq!(
        (request.header("webhook-id"), request.path.as_str()),
        (id.as_str(), "/hook/s3cr3t")
    );
    let key = SigningKey::from_shown(SECRET).unwrap();
    let signature = key.sign_message(&id, request.header("webhook-timestamp"), &request.body);
    assert_eq!(request.header("webhook-signature"), signature);
    let body = request.json();
    assert_eq!((&body["type"], &body["data"]["count"]), (&"signalbox.failed".into(), &1.into()));
    let text = body["data"]["text"].as_str().unwrap();
    for part in [
        "Diaspora",
        "exit code 3",
        "no such branch",
        "John Smith",
        "da156088",
        "master",
        &format!("{}/admin/hooks/job/{job}/", app.base()),
        "Open in GitLab: http",
    ] {
        assert!(text.contains(part), "no {part} in:\n{text}");
    }
    let page = panel.open(&format!("/admin/notify/message/{id}/")).await;
    page.says("no such branch").says("John Smith").says("200 ok");
    let list = panel.open("/admin/notify/message/?state=sent").await;
    assert_eq!(list.rows(), [id]);
    // A job that succeeds is nobody's news.
    assert_eq!(app.database().count("notification_messages").await, 1);
}

#[tokio::test]
async fn five_hundred_failures_are_one_message() {
    let receiver = Receiver::start().await;
    let app = failing().await;
    let panel = app.panel().await;
    let channel = add_channel(&app, &panel, "slack", &[("url", &receiver.url)]).await;
    add_rule(&panel, &channel, "failed", "").await;
    let job = push(&app, "k").await;
    app.job_is(&job, "failed").await;
    message_is(&app, "sent_at IS NOT NULL").await;
    // The next waits for its distance from this one, and takes up all that comes.
    app.database()
        .execute(&format!(
            "DO $$ DECLARE columns text; BEGIN \
             SELECT string_agg(quote_ident(column_name), ', ') INTO columns \
             FROM information_schema.columns WHERE table_name = 'jobs' \
             AND is_generated = 'NEVER' AND column_name NOT IN ('id', 'finished_at'); \
             EXECUTE format('INSERT INTO jobs (id, finished_at, %1$s) \
             SELECT ''01ARZ3NDEKTSV4RRFFQ69'' || lpad(n::text, 5, ''0''), now(), %1$s \
             FROM jobs, generate_series(1, 500) AS n WHERE id = %2$L', columns, '{job}'); END $$"
        ))
        .await;
    let id = message_is(&app, "happenings = 500 AND due_at IS NOT NULL").await;
    app.database()
        .execute(&format!("UPDATE notification_messages SET due_at = now() WHERE id = '{id}'"))
        .await;
    message_is(&app, "happenings = 500 AND sent_at IS NOT NULL").await;
    let requests = receiver.requests();
    assert_eq!(requests.len(), 2);
    let text = requests[1].json().to_string();
    assert!(text.contains("500 jobs of") && text.contains("495 more are not listed"), "{text}");
    assert_eq!(app.database().count("notification_messages").await, 2);
}

#[tokio::test]
async fn a_refused_message_is_tried_again_until_it_is_seen_as_failed() {
    let receiver = Receiver::start().await;
    receiver.answer_with(500);
    let app = failing().await;
    let panel = app.panel().await;
    let channel = add_channel(&app, &panel, "discord", &[("url", &receiver.url)]).await;
    add_rule(&panel, &channel, "failed", "").await;
    push(&app, "k").await;
    let id = message_is(&app, "attempts = 1 AND failure IS NOT NULL AND due_at > now()").await;
    let page = panel.open(&format!("/admin/notify/message/{id}/")).await;
    assert!(page.states("main").contains(&"waiting".to_owned()), "{:?}", page.states("main"));
    // The last of its attempts.
    app.database().execute("UPDATE notification_messages SET attempts = 9, due_at = now()").await;
    message_is(&app, "attempts = 10 AND due_at IS NULL AND sent_at IS NULL").await;
    let page = panel.open(&format!("/admin/notify/message/{id}/")).await;
    assert!(page.states("main").contains(&"failed".to_owned()), "{:?}", page.states("main"));
    page.says("500");
    // What the other side repeats of the address is masked.
    assert!(!page.html.contains("s3cr3t"), "{}", page.html);
    receiver.answer_with(200);
    let again = page.form_to(&format!("/admin/notify/message/{id}/send/"));
    let sent = panel.submit(again).await.text(".messages");
    assert!(sent.contains("The message was sent."), "{sent}");
    message_is(&app, "sent_at IS NOT NULL").await;
}

#[tokio::test]
async fn a_message_that_a_dead_process_had_taken_is_sent_by_the_next() {
    let receiver = Receiver::start().await;
    receiver.hold(true);
    let mut app = failing().await;
    let panel = app.panel().await;
    let channel = add_channel(&app, &panel, "mattermost", &[("url", &receiver.url)]).await;
    add_rule(&panel, &channel, "failed", "").await;
    push(&app, "k").await;
    // It was taken, and is on its way.
    message_is(&app, "attempts = 1 AND sent_at IS NULL").await;
    wait::until_equal("the request", 1, async || receiver.requests().len()).await;
    app.kill();
    receiver.hold(false);
    // As if its lease had run out.
    app.database().execute("UPDATE notification_messages SET due_at = now()").await;
    app.restart().await;
    message_is(&app, "attempts = 2 AND sent_at IS NOT NULL").await;
    assert_eq!(receiver.requests().len(), 2);
}

#[tokio::test]
async fn in_a_row_and_recovered_are_told_once() {
    let receiver = Receiver::start().await;
    let flag = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let script = format!("! grep -q fail {}", flag.path().display());
    let app = Setup::new().await.action("flips", "", &script).start().await;
    app.add_webhook(&with(webhooks::push(), &[("action", "flips"), ("max_attempts", "1")])).await;
    let panel = app.panel().await;
    let channel =
        add_channel(&app, &panel, "slack", &[("url", &receiver.url), ("interval_s", "0")]).await;
    add_rule(&panel, &channel, "failed_in_a_row", "2").await;
    add_rule(&panel, &channel, "recovered", "").await;
    std::fs::write(flag.path(), "fail").unwrap();
    for key in ["a", "b", "c"] {
        let job = push(&app, key).await;
        app.job_is(&job, "failed").await;
    }
    message_is(&app, "rule LIKE 'failed_in_a_row%' AND sent_at IS NOT NULL").await;
    std::fs::write(flag.path(), "").unwrap();
    let job = push(&app, "d").await;
    app.job_is(&job, "succeeded").await;
    message_is(&app, "rule = 'recovered' AND sent_at IS NOT NULL").await;
    let texts: Vec<String> =
        receiver.requests().iter().map(|request| request.json()["text"].to_string()).collect();
    assert_eq!(texts.len(), 2, "{texts:?}");
    assert!(texts[0].contains("failed 2 times in a row"), "{texts:?}");
    assert!(texts[1].contains("succeeds again"), "{texts:?}");
}

#[tokio::test]
async fn what_is_secret_of_a_channel_is_seen_nowhere() {
    let receiver = Receiver::start().await;
    let app = App::start().await;
    let panel = app.panel().await;
    let fields = [("url", receiver.url.as_str()), ("signing_secret", SECRET)];
    let id = add_channel(&app, &panel, "http", &fields).await;
    let change = format!("{CHANNELS}{id}/change/");
    let test = panel.open(&change).await.form_to(&format!("{CHANNELS}{id}/test/"));
    let sent = panel.submit(test).await.text(".messages");
    assert!(sent.contains("The test was sent to 127.0.0.1."), "{sent}");
    // What is left empty stays.
    let form = panel.open(&change).await.form_with("gather_s").set("interval_s", "7");
    panel.submit(form.press("_save", "1")).await;
    let test = panel.open(&change).await.form_to(&format!("{CHANNELS}{id}/test/"));
    panel.submit(test).await;
    assert_eq!(receiver.requests().len(), 2);

    let message = message_is(&app, "sent_at IS NOT NULL").await;
    let mut seen = app.log();
    for address in [
        CHANNELS.to_owned(),
        format!("{CHANNELS}?format=json"),
        format!("{CHANNELS}?format=csv"),
        change,
        format!("{CHANNELS}{id}/history/"),
        format!("/admin/notify/message/{message}/"),
        "/admin/notify/message/?format=json".to_owned(),
        "/admin/log/".to_owned(),
    ] {
        seen.push_str(&panel.open(&address).await.html);
    }
    for column in ["settings::text", "encode(settings, 'escape')", "target"] {
        let sql = format!("SELECT {column} FROM notification_channels");
        seen.push_str(&app.database().value(&sql).await);
    }
    seen.push_str(&app.database().column("SELECT changes::text FROM audit_log").await.concat());
    for secret in ["s3cr3t", SECRET] {
        assert!(!seen.contains(secret), "{secret} is seen");
    }
    // Nobody but an administrator sees channels.
    assert_eq!(app.person("operator").await.get(CHANNELS).await.status, 403);
}

#[tokio::test]
async fn an_address_is_called_while_all_is_well() {
    let receiver = Receiver::start().await;
    let _app = Setup::new().await.setting("SIGNALBOX_ALIVE_URL", &receiver.url).start().await;
    wait::until("a sign of life", async || receiver.requests().into_iter().next()).await;
}
