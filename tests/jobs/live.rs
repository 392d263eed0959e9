//! Output while it is printed, and the workers' page.

use super::run::{push, webhook_with};
use crate::support::app::{ADMIN, App, PASSWORD, Setup};
use crate::support::wait;
use std::time::{Duration, Instant};

/// A watcher of a job's events, without a browser.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    async fn open(client: &reqwest::Client, app: &App, job: &str, after: Option<&str>) -> Self {
        let address = format!("{}/admin/hooks/job/{job}/events/", app.base());
        let mut request = client.get(address);
        if let Some(after) = after {
            request = request.header("Last-Event-ID", after);
        }
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, text: String::new() }
    }

    /// Reads until `words` came; false if the stream ended before.
    async fn until(&mut self, words: &str) -> bool {
        let limit = Instant::now() + wait::LIMIT;
        while !self.text.contains(words) {
            let left = limit.saturating_duration_since(Instant::now());
            let chunk = tokio::time::timeout(left, self.response.chunk()).await;
            match chunk.unwrap_or_else(|_| panic!("no “{words}” in\n{}", self.text)) {
                Ok(Some(chunk)) => self.text.push_str(&String::from_utf8_lossy(&chunk)),
                Ok(None) | Err(_) => return false,
            }
        }
        true
    }

    /// The lines as a page that follows shows them.
    fn lines(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for event in self.text.split("\n\n").filter(|event| event.contains("event: lines")) {
            let data = event.lines().find_map(|line| line.strip_prefix("data: ")).unwrap();
            let data: serde_json::Value = serde_json::from_str(data).unwrap();
            lines.truncate(usize::try_from(data["from"].as_u64().unwrap()).unwrap() - 1);
            let html = scraper::Html::parse_fragment(data["html"].as_str().unwrap());
            let code = scraper::Selector::parse("code").unwrap();
            lines.extend(html.select(&code).map(|line| line.text().collect::<String>()));
        }
        lines
    }

    /// The last event's id.
    fn last_id(&self) -> String {
        self.text.lines().rev().find_map(|line| line.strip_prefix("id: ")).unwrap().to_owned()
    }
}

async fn client(app: &App) -> reqwest::Client {
    let client = reqwest::Client::builder().cookie_store(true).build().unwrap();
    let login = format!("{}/admin/login/", app.base());
    let page = client.get(&login).send().await.unwrap().text().await.unwrap();
    let document = scraper::Html::parse_document(&page);
    let token = scraper::Selector::parse("[name=csrf_token]").unwrap();
    let token = document.select(&token).next().unwrap().attr("value").unwrap().to_owned();
    drop(document);
    let fields = [("username", ADMIN), ("password", PASSWORD), ("csrf_token", &token)];
    let request = client.post(&login).header("Origin", app.base()).form(&fields);
    assert_eq!(request.send().await.unwrap().status(), 200);
    client
}

/// Counts slowly, a line in two pieces each.
const COUNT: &str = "cd \"$(dirname \"$0\")\"; n=0; while ! [ -e go ]; do n=$((n+1)); \
                     printf 'line '; sleep 0.03; echo \"$n\"; sleep 0.03; done; echo end";

#[tokio::test]
async fn f7_f46_lines_come_in_order_within_a_second_and_go_on_after_a_restart() {
    let mut app =
        Setup::new().await.action("count", "", COUNT).argument("--no-worker").start().await;
    let _worker = app.worker();
    webhook_with(&app, "count", &[]).await;
    let job = push(&app, "k").await;
    let client_1 = client(&app).await;
    let mut events = Events::open(&client_1, &app, &job, None).await;
    assert!(events.until("line 5<").await);
    let printed = app.database().value("SELECT max(at)::text FROM job_output").await;
    let seen = format!("SELECT (now() - '{printed}'::timestamptz < interval '1 second')::text");
    assert_eq!(app.database().value(&seen).await, "true");

    // The server dies, the worker prints on; the browser comes back with the last id it has.
    let (before, last) = (events.lines(), events.last_id());
    let address = app.base().strip_prefix("http://").unwrap().to_owned();
    app.kill();
    app.restart_at(&address).await;
    std::fs::write(app.folder().join("actions/go"), "").unwrap();
    let mut again = Events::open(&client_1, &app, &job, Some(&last)).await;
    assert!(again.until("event: ended").await, "{}", again.text);
    let mut both = Events { text: events.text.clone() + &again.text, ..again };
    both.text = both.text.replace(": \n\n", "");
    let lines = both.lines();
    assert_eq!(lines[..before.len() - 1], before[..before.len() - 1]);
    let (last, counted) = lines.split_last().unwrap();
    assert_eq!(last, "end");
    for (number, line) in (1..).zip(counted) {
        assert_eq!(*line, format!("line {number}"), "none lost, none doubled");
    }
}

#[tokio::test]
async fn ten_watchers_see_it_all_beside_one_who_does_not_read() {
    let many = "cd \"$(dirname \"$0\")\"; while ! [ -e go ]; do sleep 0.05; done; seq 1 8000";
    let app = Setup::new().await.action("many", "", many).start().await;
    webhook_with(&app, "many", &[]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "running").await;
    let client = client(&app).await;
    let _slow = Events::open(&client, &app, &job, None).await;
    let mut watchers = Vec::new();
    for _ in 0..10 {
        watchers.push(Events::open(&client, &app, &job, None).await);
    }
    std::fs::write(app.folder().join("actions/go"), "").unwrap();
    let watching = watchers.into_iter().map(|mut events| {
        tokio::spawn(async move {
            assert!(events.until("event: ended").await);
            let lines = events.lines();
            assert_eq!(lines.len(), 8_000);
            assert!((1..).zip(&lines).all(|(number, line)| *line == number.to_string()));
        })
    });
    for watcher in watching.collect::<Vec<_>>() {
        watcher.await.unwrap();
    }
    // The pool is not drained by who watches.
    assert_eq!(app.panel().await.open("/admin/").await.status, 200);
}

#[tokio::test]
async fn a_server_with_watchers_stops_at_once() {
    let mut app =
        Setup::new().await.action("long", "", "sleep 600").argument("--no-worker").start().await;
    webhook_with(&app, "long", &[]).await;
    let job = push(&app, "k").await;
    let client = client(&app).await;
    let mut events = Events::open(&client, &app, &job, None).await;
    assert!(events.until("event: state").await);
    let started = Instant::now();
    assert!(app.stop().await.success());
    assert!(started.elapsed() < Duration::from_secs(5), "{:?}", started.elapsed());
}

#[tokio::test]
async fn output_is_there_as_text_from_any_chunk_on() {
    let app = Setup::new().await.action("two", "", "echo one; sleep 0.5; echo two").start().await;
    webhook_with(&app, "two", &[]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "succeeded").await;
    let panel = app.panel().await;
    let output = format!("/admin/hooks/job/{job}/output/");
    assert_eq!(panel.open(&output).await.html, "one\ntwo\n");
    assert_eq!(panel.open(&format!("{output}?attempt=1&after=0")).await.html, "two\n");
    assert_eq!(panel.get(&format!("{output}?attempt=x")).await.status, 404);
}

#[tokio::test]
async fn the_workers_page_tells_the_living_from_the_dead() {
    let app =
        Setup::new().await.action("long", "", "sleep 600").argument("--no-worker").start().await;
    webhook_with(&app, "long", &[]).await;
    let panel = app.panel().await;
    panel.open("/admin/hooks/worker/").await.says("No workers yet");
    let mut worker = app.worker();
    let job = push(&app, "k").await;
    app.job_is(&job, "running").await;
    let state = async |wanted: &str| {
        wait::until(&format!("a worker that is {wanted}"), async || {
            let page = panel.open("/admin/hooks/worker/").await;
            page.states("#workers").contains(&wanted.to_owned()).then_some(page)
        })
        .await
    };
    let page = state("alive").await;
    assert!(page.has(&format!("#workers a[href='/admin/hooks/job/{job}/']")), "{}", page.main());
    worker.kill();
    state("dead").await;
}

#[tokio::test]
async fn a_stream_ends_with_the_session_that_opened_it() {
    let wait_for_it = "cd \"$(dirname \"$0\")\"; while ! [ -e go ]; do sleep 0.05; done";
    let app = Setup::new().await.action("wait", "", wait_for_it).start().await;
    webhook_with(&app, "wait", &[]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "running").await;
    for ending in [
        "DELETE FROM sessions",
        "UPDATE sessions SET expires_at = now()",
        "UPDATE sessions SET created_at = now() - interval '31 days'",
        "UPDATE users SET active = false",
    ] {
        let mut events = Events::open(&client(&app).await, &app, &job, None).await;
        assert!(events.until("event: state").await, "{ending}");
        app.database().execute(ending).await;
        assert!(!events.until("event: never").await, "{ending}");
        app.database().execute("UPDATE users SET active = true").await;
    }
}
