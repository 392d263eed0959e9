//! `/metrics`: who is told, what is told, and that a dead database does not silence it.

use crate::support::app::{App, Setup, TOKEN, repository};
use crate::support::gitlab::Delivery;
use crate::support::{wait, webhooks};
use regex::Regex;
use std::collections::BTreeSet;

pub(super) const BEARER: &str = "a-bearer-token-of-the-tests";

pub(super) async fn get(address: &str, token: Option<&str>) -> (u16, String) {
    let mut request = reqwest::Client::new().get(address);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    let answer = request.send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// The value of a line.
#[track_caller]
pub(super) fn value(text: &str, line: &str) -> f64 {
    let found = text.lines().find_map(|known| known.strip_prefix(line)?.trim().parse().ok());
    found.unwrap_or_else(|| panic!("no {line} in\n{text}"))
}

/// Where a process says that it tells its measures.
async fn own_address(log: impl Fn() -> String) -> String {
    let told = Regex::new(r"Serving metrics at (127\.0\.0\.1:\d+/metrics)").unwrap();
    wait::until("the address of the measures", async || {
        Some(format!("http://{}", &told.captures(&log())?[1]))
    })
    .await
}

#[tokio::test]
async fn what_came_and_ran_is_told_to_who_has_the_token() {
    let setup = Setup::new().await.setting("SIGNALBOX_METRICS_TOKEN", BEARER);
    let setup = setup.setting("SIGNALBOX_METRICS_BIND", "127.0.0.1:0");
    let app = setup.action("fails", "", "exit 3").start().await;
    let more = [("action", "fails"), ("max_attempts", "1")];
    app.add_webhook(&webhooks::with(webhooks::push(), &more)).await;
    let metrics = format!("{}/metrics", app.base());
    for token in [None, Some("another-token-altogether"), Some("")] {
        let (status, text) = get(&metrics, token).await;
        assert_eq!(status, 401, "{token:?}: {text}");
        assert!(!text.contains("signalbox_"), "{text}");
    }
    let own = own_address(|| app.log()).await;
    assert_eq!((get(&own, None).await.0, get(&own, Some(BEARER)).await.0), (401, 200));
    let push = Delivery::push_2015().token(TOKEN).key("k");
    let [job] = app.send(&push).await.jobs().try_into().unwrap();
    app.send(&push).await.expect(200, "duplicate");
    app.send(&Delivery::push_2015().token("wrong")).await.expect(401, "rejected");
    app.job_is(&job, "failed").await;
    let text = wait::until("the attempt in the measures", async || {
        let (status, text) = get(&metrics, Some(BEARER)).await;
        assert_eq!(status, 200);
        text.contains("signalbox_attempts_total").then_some(text)
    })
    .await;
    for (line, wanted) in [
        ("signalbox_deliveries_total{verdict=\"matched\",endpoint=\"main\"}", 1.0),
        ("signalbox_deliveries_total{verdict=\"duplicate\",endpoint=\"main\"}", 1.0),
        ("signalbox_deliveries_total{verdict=\"rejected\",endpoint=\"main\"}", 1.0),
        ("signalbox_delivery_seconds_count", 3.0),
        ("signalbox_delivery_seconds_bucket{le=\"10\"}", 3.0),
        ("signalbox_attempts_total{action=\"fails\",outcome=\"failed\"}", 1.0),
        ("signalbox_attempt_seconds_count{action=\"fails\"}", 1.0),
        ("signalbox_attempts_running", 0.0),
        ("signalbox_database_up", 1.0),
        ("signalbox_workers_alive", 1.0),
        ("signalbox_jobs{state=\"queued\"}", 0.0),
        ("signalbox_pauses", 0.0),
    ] {
        assert!((value(&text, line) - wanted).abs() < f64::EPSILON, "{line} {wanted}:\n{text}");
    }
    for secret in [TOKEN, BEARER, "Diaspora", "John"] {
        assert!(!text.contains(secret), "{secret} in\n{text}");
    }
}

#[tokio::test]
async fn nothing_is_told_where_nobody_asked_for_it() {
    let app = App::start().await;
    let (status, text) = get(&format!("{}/metrics", app.base()), Some(BEARER)).await;
    assert_eq!(status, 404, "{text}");
    assert!(!app.log().contains("Measures"));
}

#[tokio::test]
async fn a_worker_and_a_server_tell_theirs_at_addresses_of_their_own() {
    let setup = Setup::new().await.setting("SIGNALBOX_METRICS_BIND", "127.0.0.1:0");
    let app = setup.action("good", "", "true").argument("--no-worker").start().await;
    app.add_webhook(&webhooks::with(webhooks::push(), &[("action", "good")])).await;
    let (status, _) = get(&format!("{}/metrics", app.base()), None).await;
    assert_eq!(status, 404, "without a token the main address tells nobody");
    let of_web = own_address(|| app.log()).await;
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(202, "matched");
    let (status, text) = get(&of_web, None).await;
    assert_eq!((status, value(&text, "signalbox_jobs{state=\"queued\"}")), (200, 1.0));
    assert!(value(&text, "signalbox_oldest_due_job_seconds") >= 0.0);
    assert!(!text.contains("signalbox_attempts_total"), "another process runs jobs");

    let worker = app.worker();
    let of_worker = own_address(|| worker.log()).await;
    wait::until("the attempt in the worker's measures", async || {
        let (_, text) = get(&of_worker, None).await;
        let line = "signalbox_attempts_total{action=\"good\",outcome=\"succeeded\"}";
        text.contains(line).then_some(())
    })
    .await;
    assert_eq!(get(&of_worker.replace("/metrics", "/admin/"), None).await.0, 404);
}

#[tokio::test]
async fn without_the_database_the_processs_own_numbers_are_told() {
    let app = Setup::new().await.setting("SIGNALBOX_METRICS_TOKEN", BEARER).start().await;
    app.database().execute("ALTER TABLE jobs RENAME TO gone").await;
    let (status, text) = get(&format!("{}/metrics", app.base()), Some(BEARER)).await;
    assert_eq!((status, value(&text, "signalbox_database_up")), (200, 0.0));
    assert!(!text.contains("signalbox_workers_alive"), "what is not known is not told");
    assert!(text.contains("signalbox_attempts_running"), "{text}");
}

#[tokio::test]
async fn every_measure_is_in_the_documents_and_they_name_no_other() {
    let setup = Setup::new().await.setting("SIGNALBOX_METRICS_TOKEN", BEARER);
    let app = setup.start().await;
    webhooks::run_push(&app).await;
    let names = |text: &str| -> BTreeSet<String> {
        let name = Regex::new(r"signalbox_[a-z_]+").unwrap();
        let ends = ["_bucket", "_count", "_sum"];
        name.find_iter(text)
            .map(|found| {
                let found = found.as_str();
                ends.iter().find_map(|end| found.strip_suffix(end)).unwrap_or(found).to_owned()
            })
            .collect()
    };
    let (_, text) = get(&format!("{}/metrics", app.base()), Some(BEARER)).await;
    let mut told = names(&text);
    // Told once there was one.
    told.insert("signalbox_deliveries_not_stored_total".to_owned());
    let document = std::fs::read_to_string(repository().join("docs/metrics.md")).unwrap();
    assert_eq!(names(&document), told);
}
