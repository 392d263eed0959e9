//! Replays of many: the plan before anything is made, the pace, the stop, the restart.

use super::replay::push;
use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::{Form, Page};
use crate::support::panel::Panel;
use crate::support::wait;
use crate::support::webhooks::{self, with};

const LIST: &str = "/admin/hooks/delivery/";
const RUNS: &str = "/admin/hooks/delivery/replay/";

/// The list's form with the replay chosen.
fn bulk(page: &Page) -> Form {
    let mut form = page.form_with("_selected_action").set("action", "replay");
    form.fields.retain(|(name, _)| name != "select_across");
    form
}

async fn unmatched(app: &App, project: i64, many: usize) {
    for _ in 0..many {
        app.send(&push().with("/project_id", project)).await.expect(200, "unmatched");
    }
}

async fn start(panel: &Panel, plan: &Page, a_second: &str) -> String {
    let page = panel.submit(plan.form_with("once").set("pace", a_second)).await;
    assert!(page.address.starts_with(RUNS), "{}: {}", page.address, page.html);
    page.address
}

async fn finished(panel: &Panel, run: &str) -> Page {
    wait::until("the end of the run", async || {
        let page = panel.open(run).await;
        (page.attributes("#run", "data-state") != ["running"]).then_some(page)
    })
    .await
}

async fn replayed(app: &App) -> i64 {
    app.database().count("deliveries WHERE source = 'replay'").await
}

#[tokio::test]
async fn f71_a_plan_counts_webhooks_and_reasons_before_anything_is_made() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    unmatched(&app, 16, 3).await;
    unmatched(&app, 17, 2).await;
    app.send(&push().token("wrong")).await.expect(401, "rejected");
    app.send(&push().key("k")).await.expect(202, "matched");
    app.send(&push().key("k")).await.expect(200, "duplicate");
    app.database()
        .execute(
            "UPDATE deliveries SET body = NULL WHERE id = \
             (SELECT min(id) FROM deliveries WHERE project_id = 16)",
        )
        .await;
    let other = with(webhooks::push(), &[("project_id", "16"), ("name", "second")]);
    app.add_webhook(&other).await;
    let panel = app.panel().await;
    let list = panel.open(LIST).await;
    let before = app.database().count("deliveries").await;
    // All that match: the filter travels, not the ids.
    let plan = panel.submit(bulk(&list).press("select_across", "1")).await;
    assert_eq!(plan.address, "/admin/hooks/delivery/replay/?of=");
    let number = |name: &str| plan.text(&format!("[{name}]"));
    assert_eq!((number("data-total"), number("data-replayed")), ("8".into(), "3".into()));
    assert_eq!(plan.texts("[data-webhook]"), ["second2", "Diaspora push1"]);
    let mut skips = plan.texts("[data-skip]");
    skips.sort();
    let wanted = [
        "It is a duplicate of another delivery.1",
        "It was rejected. Only authentic deliveries can run.1",
        "Its body was removed.1",
        "No webhook matches it now.2",
    ];
    assert_eq!(skips, wanted);
    assert_eq!(app.database().count("deliveries").await, before, "a plan makes nothing");
    assert_eq!(app.database().count("replays").await, 0);

    let run = start(&panel, &plan, "50").await;
    let page = finished(&panel, &run).await;
    page.says("Finished").says("No webhook matches it now");
    assert_eq!((page.text("[data-done]"), page.text("[data-skipped]")), ("3".into(), "5".into()));
    let sql = "SELECT string_agg(o.project_id::text, ',' ORDER BY d.id) FROM deliveries d \
               JOIN deliveries o ON o.id = d.replay_of";
    assert_eq!(app.database().value(sql).await, "16,16,15", "oldest first");
    let sql = "SELECT DISTINCT requested_by FROM jobs WHERE delivery_id IN \
               (SELECT id FROM deliveries WHERE source = 'replay')";
    assert_eq!(app.database().column(sql).await, ["ada"]);
    let made = page.attributes(".object-tools a", "href").pop().unwrap();
    assert_eq!(panel.open(&made).await.rows().len(), 3);
    panel.open(RUNS).await.says("All deliveries").says("3 of 8");
    panel.open("/admin/log/?object_type=replay").await.says("All deliveries");
}

#[tokio::test]
async fn ticked_rows_are_replayed_and_an_empty_choice_is_said() {
    let app = App::start().await;
    app.add_webhook(&webhooks::push()).await;
    for _ in 0..3 {
        app.send(&push().with("/user_name", "Jane")).await;
        app.database().execute("DELETE FROM idempotency_keys").await;
    }
    let panel = app.panel().await;
    let list = panel.open(LIST).await;
    let none = panel.submit(bulk(&list)).await;
    assert!(none.text(".message").contains("Nothing was selected"), "{}", none.html);
    let mut form = bulk(&list);
    let ticked = &list.rows()[..2];
    form.fields.extend(ticked.iter().map(|id| ("_selected_action".to_owned(), id.clone())));
    let plan = panel.submit(form).await;
    assert_eq!(plan.text("[data-total]"), "2");
    let run = start(&panel, &plan, "100").await;
    finished(&panel, &run).await;
    assert_eq!(replayed(&app).await, 2);
    // The form that was sent serves once.
    let again = panel.submit(plan.form_with("once").set("pace", "100")).await;
    assert_eq!(again.address, run);
    assert_eq!(app.database().count("replays").await, 1);
    let wrong = panel.submit(plan.form_with("once").set("pace", "0")).await;
    assert_eq!(wrong.status, 400);
    // A filter that cannot be used would let through more than the person saw.
    let page = panel.get(&format!("{RUNS}?of=no_such%3D1")).await;
    assert!(page.text(".message").contains("no_such"), "{}", page.html);
}

#[tokio::test]
async fn f71_a_run_is_stopped_at_once_and_says_by_whom() {
    let app = App::start().await;
    unmatched(&app, 16, 0).await;
    app.add_webhook(&webhooks::push()).await;
    unmatched(&app, 16, 6).await;
    app.add_webhook(&with(webhooks::push(), &[("project_id", "16")])).await;
    let panel = app.panel().await;
    let plan = panel.open(&format!("{RUNS}?of=verdict%3Dunmatched")).await;
    let form = plan.form_with("once").set("pace", "20").set("per", "minute");
    let page = panel.submit(form).await;
    let run = page.address;
    wait::until("the first replay", async || (replayed(&app).await > 0).then_some(())).await;
    let page = panel.open(&run).await;
    assert!(page.html.contains("http-equiv=\"refresh\""), "without scripts it reloads itself");
    let part = page.attributes("#run", "data-poll").remove(0);
    panel.open(&part).await.text("#run");
    let viewer = app.person("viewer").await;
    assert!(!viewer.open(&run).await.has("#stop"));
    let operator = app.person("operator").await;
    let page = operator.submit(operator.open(&run).await.form_to(&format!("{run}stop/"))).await;
    page.says("Stopped by operator");
    let made = replayed(&app).await;
    assert!(made < 6, "{made}");
    tokio::time::sleep(std::time::Duration::from_millis(3500)).await;
    assert_eq!(replayed(&app).await, made, "it went on after the stop");
    assert_eq!(app.database().count("audit_log WHERE object_type = 'replay'").await, 2);
    assert!(!panel.open(&run).await.has("#run[data-poll]"), "what has ended asks no more");
}

#[tokio::test]
async fn a_run_goes_on_after_kill_9_with_two_servers_and_doubles_nothing() {
    let mut app = Setup::new().await.argument("--no-worker").start().await;
    app.add_webhook(&webhooks::push()).await;
    unmatched(&app, 16, 40).await;
    app.add_webhook(&with(webhooks::push(), &[("project_id", "16")])).await;
    let panel = app.panel().await;
    let plan = panel.open(&format!("{RUNS}?of=verdict%3Dunmatched")).await;
    let run = start(&panel, &plan, "20").await;
    wait::until("some replays", async || (replayed(&app).await >= 5).then_some(())).await;
    app.kill();
    app.restart().await;
    let mut beside = app.beside().await;
    wait::until("more replays", async || (replayed(&app).await >= 15).then_some(())).await;
    app.kill();
    wait::until("all replays", async || (replayed(&app).await >= 40).then_some(())).await;
    let panel = Panel::login(&beside.base, "ada", crate::support::app::PASSWORD).await;
    finished(&panel, &run).await;
    let sql = "SELECT concat_ws('|', \
               (SELECT array_agg(replay_of ORDER BY id) FROM deliveries WHERE source = 'replay') = \
               (SELECT array_agg(id ORDER BY id) FROM deliveries WHERE source = 'gitlab'), \
               (SELECT count(*) FROM jobs))";
    assert_eq!(app.database().value(sql).await, "t|40");
    beside.kill();
}

#[tokio::test]
async fn a_plan_of_ten_thousand_is_quick_and_small() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    app.add_webhook(&webhooks::push()).await;
    app.send(&Delivery::push_2015().token(TOKEN)).await.expect(202, "matched");
    app.database()
        .execute(
            "INSERT INTO deliveries SELECT '01M0000000' || lpad(n::text, 16, '0'), received_at, \
             endpoint, verdict, summary, reason, http_status, event, object_kind, project_id, \
             repo_name, repo_url, ref, sha, user_id, user_name, user_email, headers, body, \
             body_size, body_sha256, '', NULL, NULL, remote_addr, token_digest, judged_at, \
             source, made_by, replay_run FROM deliveries, generate_series(1, 12000) AS n",
        )
        .await;
    let panel = app.panel().await;
    let started = std::time::Instant::now();
    let plan = panel.open(&format!("{RUNS}?of=")).await;
    assert!(started.elapsed() < std::time::Duration::from_secs(20), "{:?}", started.elapsed());
    assert_eq!(plan.text("[data-total]"), "12,001");
    assert!(plan.html.len() < 60_000, "{} bytes", plan.html.len());
}
