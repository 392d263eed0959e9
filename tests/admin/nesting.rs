//! Bodies that are nested deeply or very wide: refused at the door, and shown safely on every page
//! that shows a body, also those that were stored before there was a limit.

use super::replay::{ask, push};
use crate::support::app::{App, Setup};
use crate::support::gitlab::Delivery;
use crate::support::panel::Panel;
use crate::support::webhooks;

/// The most that a page may be long.
const LONGEST: usize = 4 << 20;
/// The most processor time that it may take, in hundredths of a second: the program under test is not
/// optimised, and whatever else the machine does is not its fault.
const SLOWEST: u64 = 2_000;
/// The most memory that the program may ever have held, in KiB.
const MOST_KIB: u64 = 400 * 1024;

fn page_of(id: &str) -> String {
    format!("/admin/hooks/delivery/{id}/")
}

fn lists(levels: usize) -> String {
    format!("{}{}", "[".repeat(levels), "]".repeat(levels))
}

/// A push with one more member, of this JSON.
fn push_with(name: &str, json: &str) -> Delivery {
    let body = String::from_utf8(Delivery::push_2015().body).unwrap();
    push().body(
        body.trim_end().strip_suffix('}').unwrap().to_owned() + &format!(",{name:?}:{json}}}"),
    )
}

/// Opens a page, within the limits; gives back what it says.
async fn opens(app: &App, panel: &Panel, address: &str) -> String {
    let before = ticks(app);
    let page = panel.get(address).await;
    let took = ticks(app) - before;
    assert_eq!(page.status, 200, "{address}");
    assert!(page.html.len() < LONGEST, "{address}: {} bytes", page.html.len());
    assert!(took < SLOWEST, "{address}: {took} hundredths of a second");
    page.html
}

/// The processor time that the program has taken so far, in hundredths of a second.
fn ticks(app: &App) -> u64 {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", app.pid())).unwrap();
    let (_, after_name) = stat.rsplit_once(") ").unwrap();
    // The fields from the third on; user time is the 14th, system time the 15th.
    after_name.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u64>().unwrap()).sum()
}

/// The most memory that the program has held so far, in KiB.
fn peak_kib(app: &App) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", app.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

#[tokio::test]
async fn a_nested_body_is_refused_with_a_sentence_and_its_page_opens() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let panel = app.panel().await;
    let strangers = ["[".repeat(4_096), lists(2_048), "{\"a\":".repeat(800)];
    let strangers = strangers.map(|body| Delivery::push_2015().body(body));
    let holders = [20_000, 45_000].map(|levels| push_with("deep", &lists(levels)));
    for sent in strangers.iter().chain(&holders) {
        let answer = app.send(sent).await;
        answer.expect(400, "rejected");
        let reason = answer.field("reason");
        assert_eq!(reason, "The body is nested more than 128 levels deep");
        let page = opens(&app, &panel, &page_of(&answer.field("delivery"))).await;
        assert!(page.contains(&reason), "{page}");
    }
    let list = app.panel().await.open("/admin/hooks/delivery/").await;
    assert_eq!(list.states("main"), vec!["rejected"; strangers.len() + holders.len()]);
    assert_eq!(app.database().count("jobs").await, 0);
}

#[tokio::test]
async fn a_body_of_128_levels_is_taken_and_one_of_129_is_not() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    let panel = app.panel().await;
    // The body itself is a level; `project` is read, `deep` is not.
    for name in ["deep", "project"] {
        for levels in [127, 128] {
            let answer = app.send(&push_with(name, &lists(levels - 1))).await;
            answer.expect(202, "matched");
            let page = opens(&app, &panel, &page_of(&answer.field("delivery"))).await;
            assert!(page.contains("body-tree"), "{name}, {levels}: {page}");
            app.job_is(&answer.jobs()[0], "succeeded").await;
        }
        app.send(&push_with(name, &lists(128))).await.expect(400, "rejected");
    }
    let brackets = format!("{:?}", "\"[{\\".repeat(500));
    app.send(&push_with("text", &brackets)).await.expect(202, "matched");
}

#[tokio::test]
async fn a_wide_body_costs_little_more_than_its_size() {
    let app = Setup::new().await.action("idle", "", "exit 0").start().await;
    let webhook = app.add_webhook(&webhooks::with(webhooks::push(), &[("action", "idle")])).await;
    let panel = app.panel().await;
    let wide = format!("[{}]", vec!["{\"a\":1}"; 2_500_000].join(","));
    assert_eq!(wide.len(), 20_000_001);
    let answer = app.send(&push_with("project", &wide)).await;
    answer.expect(202, "matched");
    app.job_is(&answer.jobs()[0], "succeeded").await;
    let id = answer.field("delivery");
    opens(&app, &panel, &page_of(&id)).await;
    opens(&app, &panel, &ask(&id)).await;
    opens(&app, &panel, &format!("/admin/hooks/webhook/{webhook}/test/?delivery={id}")).await;
    // Who is not known is refused after reading: that must cost no more.
    app.send(&push_with("project", &wide).token("wrong")).await.expect(401, "rejected");
    let peak = peak_kib(&app);
    assert!(peak < MOST_KIB, "{peak} KiB");
}

#[tokio::test]
async fn what_is_wrong_with_a_body_does_not_repeat_it() {
    let app = App::start().await;
    let text = format!("\"{}\" x", "long ".repeat(1_000_000));
    let answer = app.send(&push().body(text)).await;
    answer.expect(400, "rejected");
    assert!(answer.text.len() < 1_000, "{} bytes", answer.text.len());
    opens(&app, &app.panel().await, &page_of(&answer.field("delivery"))).await;
}

#[tokio::test]
async fn a_deep_body_of_before_the_limit_is_shown_on_every_page() {
    let app = App::start().await;
    let webhook = app.add_webhook(&webhooks::push()).await;
    let panel = app.panel().await;
    let deep = |json: &str| push_with("deep", json).body;
    let ones = format!("{}{}{}", "[".repeat(127), vec!["1"; 100_000].join(","), "]".repeat(127));
    let bodies = [
        deep(&lists(2_000)),
        deep(&lists(20_000)),
        deep(&lists(100_000)),
        deep(&format!("{}1{}", "{\"a\":".repeat(20_000), "}".repeat(20_000))),
        deep(&ones),
        lists(2_048).into_bytes(),
        vec![b'['; 90_000],
        format!("{{\"object_kind\":{}", "[".repeat(90_000)).into_bytes(),
    ];
    for (number, body) in bodies.into_iter().enumerate() {
        let answer = app.send(&push().key(&number.to_string())).await;
        answer.expect(202, "matched");
        let (id, job) = (answer.field("delivery"), answer.jobs().remove(0));
        app.job_is(&job, "succeeded").await;
        let client = app.database().client().await;
        let sql = "UPDATE deliveries SET body = $1, body_size = $2 WHERE id = $3";
        let size = i64::try_from(body.len()).unwrap();
        assert_eq!(client.execute(sql, &[&body, &size, &id]).await.unwrap(), 1);
        let text = String::from_utf8(body).unwrap();
        let shown = opens(&app, &panel, &page_of(&id)).await;
        assert!(shown.contains("body-raw"), "{shown}");
        assert_eq!(opens(&app, &panel, &format!("{}body/", page_of(&id))).await, text);
        for address in [
            ask(&id),
            format!("/admin/hooks/webhook/{webhook}/test/?delivery={id}"),
            format!("/admin/hooks/webhook/{webhook}/setup/"),
            format!("/admin/hooks/job/{job}/"),
            "/admin/hooks/delivery/".to_owned(),
        ] {
            opens(&app, &panel, &address).await;
        }
        // Pasted, it is given back, and named where it is too deep.
        for page in [format!("{webhook}/test/"), "payload/".to_owned()] {
            let address = format!("/admin/hooks/webhook/{page}");
            let form = panel.open(&address).await.form_with("body");
            let page = panel.submit(form.set("body", &text).set("header", "Push Hook")).await;
            assert_eq!(page.status, 200, "{address}");
            assert!(page.html.len() < LONGEST, "{address}: {} bytes", page.html.len());
        }
        let list = opens(&app, &panel, "/admin/hooks/delivery/?format=json").await;
        assert!(list.contains(&id), "{list}");
    }
    // A job whose body is too deep by now says so.
    let sql = "SELECT id FROM jobs ORDER BY id DESC LIMIT 1";
    let job = app.database().value(sql).await;
    let address = format!("/admin/hooks/job/{job}/");
    let form = panel.open(&address).await.form_to(&format!("{address}run-again/"));
    panel.submit(form).await;
    app.job_is(&job, "failed").await;
    panel.open(&address).await.says("more than 128 levels deep");
    app.send(&push()).await.expect(202, "matched");
}
