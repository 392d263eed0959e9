//! The start page and the search over everything: every number leads to exactly its rows.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::panel::Panel;
use crate::support::webhooks::{self, with};
use crate::support::{seed, wait};

/// The first number in a text: `1,234 jobs` is 1234, `One job` 1.
fn number(text: &str) -> usize {
    let digits: String = text
        .split_whitespace()
        .find(|word| word.starts_with(|c: char| c.is_ascii_digit()))
        .map(|word| word.chars().filter(char::is_ascii_digit).collect())
        .unwrap_or_default();
    if text.starts_with("One ") { 1 } else { digits.parse().unwrap_or_else(|_| panic!("{text}")) }
}

/// Follows every link that `css` selects, and compares its number with the rows found there.
async fn numbers_lead_to_their_rows(panel: &Panel, css: &str) -> Vec<(String, usize)> {
    let index = panel.open("/admin/").await;
    let (texts, links) = (index.texts(css), index.attributes(css, "href"));
    let mut found = Vec::new();
    for (text, href) in texts.into_iter().zip(links) {
        let list = panel.get(&href).await;
        assert!(!list.has(".message"), "{href}: {}", list.main());
        assert_eq!((list.status, list.rows().len()), (200, number(&text)), "{text} at {href}");
        found.push((text.clone(), number(&text)));
    }
    found
}

#[tokio::test]
async fn f68_f69_what_needs_attention_is_listed_and_leads_to_exactly_those_rows() {
    let failing = Setup::new().await.action("fails", "", "exit 3");
    let app = failing.start().await;
    let panel = app.panel().await;
    let webhook = with(webhooks::push(), &[("action", "fails"), ("max_attempts", "1")]);
    panel.add_webhook(&webhook).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    let [job] = answer.jobs().try_into().unwrap();
    for project in [16, 17] {
        let other = Delivery::push_2015().token(TOKEN).with("/project_id", project);
        app.send(&other).await.expect(200, "unmatched");
    }
    let other = Delivery::push_2015().token(TOKEN).with("/repository/name", "elsewhere");
    app.send(&other).await.expect(200, "unmatched");
    // What a filter keeps out is as somebody wanted it.
    panel.add_webhook(&with(webhooks::push(), &[("project_id", "18"), ("ref_filter", "v*")])).await;
    let kept_out = Delivery::push_2015().token(TOKEN).with("/project_id", 18);
    app.send(&kept_out).await.expect(200, "filtered");
    panel.add_webhook(&with(webhooks::pending_push(), &[("repo_name", "waits")])).await;
    seed::webhooks(app.database(), 2).await;
    app.database()
        .execute(
            "UPDATE webhooks SET created_at = now() - interval '2 hours' WHERE project_id = -1; \
             UPDATE webhooks SET last_delivery_at = now() - interval '31 days' WHERE project_id = 1; \
             UPDATE webhooks SET last_delivery_at = NULL WHERE project_id = 2",
        )
        .await;
    app.job_is(&job, "failed").await;

    let lines = numbers_lead_to_their_rows(&panel, ".attention > li > span:nth-child(2) > a").await;
    let texts: Vec<&str> = lines.iter().map(|(text, _)| text.as_str()).collect();
    assert_eq!(
        texts,
        [
            "1 job of Diaspora push",
            "1 delivery of elsewhere",
            "2 deliveries of Diaspora",
            "1 webhook has waited for GitLab's Test for over an hour",
            "2 enabled webhooks have had no delivery for 30 days",
        ]
    );
    let now = numbers_lead_to_their_rows(&panel, ".now a").await;
    assert_eq!(now.len(), 5, "{now:?}");
    let index = panel.open("/admin/").await;
    assert_eq!(index.texts("[data-now=workers] a"), ["1"]);

    // "Create webhook" opens the form with what the newest delivery said.
    let add = index.attributes(".attention .button", "href");
    let form = panel.get(&add[1]).await.form_with("repo_name");
    assert_eq!((form.value("repo_name"), form.value("project_id")), (Some("Diaspora"), Some("17")));
}

#[tokio::test]
async fn f69_charts_say_in_numbers_what_bars_show_and_each_leads_to_its_rows() {
    let setup = Setup::new().await.action("fails", "", "exit 3");
    let app = setup.start().await;
    let panel = app.panel().await;
    let failing = with(webhooks::push(), &[("action", "fails"), ("max_attempts", "1")]);
    panel.add_webhook(&failing).await;
    let empty = panel.open("/admin/").await;
    empty.says("No deliveries in 24 hours").says("No jobs ended in 24 hours");
    assert_eq!(empty.texts("svg .stack-line").len(), 6, "the axes stay");
    for key in ["a", "b", "c"] {
        let answer = app.send(&Delivery::push_2015().token(TOKEN).key(key)).await;
        let [job] = answer.jobs().try_into().unwrap();
        app.job_is(&job, "failed").await;
    }
    app.send(&Delivery::push_2015().token(TOKEN).with("/project_id", 16)).await;
    // One in each further part of the 30 days: the longer periods have them, the shorter not.
    app.database()
        .execute(
            "UPDATE jobs SET finished_at = finished_at - interval '3 days' WHERE id = \
             (SELECT min(id) FROM jobs); \
             UPDATE jobs SET finished_at = finished_at - interval '20 days' WHERE id = \
             (SELECT max(id) FROM jobs)",
        )
        .await;
    for (period, jobs) in [("24h", "1"), ("7d", "2"), ("30d", "3"), ("1y", "1")] {
        let address = format!("/admin/?period={period}");
        let page = panel.open(&address).await;
        assert_eq!(page.texts("#deliveries-title a, #jobs-title a"), ["4", jobs], "{period}");
        let legend = page.texts(".legend li");
        assert_eq!(legend, ["Matched 3", "Unmatched 1", &format!("Failed {jobs}")], "{period}");
        // Picture and table say the same, and lead to the same rows.
        for chart in ["deliveries", "jobs"] {
            let numbers = format!("#{chart}-numbers td.number a");
            let bars = page.attributes(&format!("section:has(#{chart}-title) svg a"), "href");
            assert_eq!(page.attributes(&numbers, "href"), bars, "{chart} of {period}");
        }
        let css = ".chart-head a, .stack-numbers td a";
        let links = page.attributes(css, "href");
        for (text, href) in page.texts(css).iter().zip(links) {
            assert_eq!(panel.open(&href).await.rows().len(), number(text), "{text} at {href}");
        }
        let shown = page.attributes(".segments [aria-current]", "href");
        let default = ["/admin/".to_owned()];
        assert!(shown == default || shown == [address], "{shown:?}");
    }
}

#[tokio::test]
async fn a_row_a_webhook_says_how_its_newest_jobs_went_and_what_failed_last_comes_first() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    let database = app.database();
    seed::webhooks(database, 60).await;
    seed::deliveries(database, 100).await;
    // Webhook 2 has 22 jobs, the newest two of which failed a day and more ago; 3 failed last;
    // 4 has one of each kind; 5 ran last and well; the others never ran.
    database
        .execute(
            "UPDATE jobs SET webhook_id = NULL; \
             UPDATE jobs SET webhook_id = 2, state = 'succeeded' WHERE right(id, 3)::int <= 22; \
             UPDATE jobs SET state = 'failed', finished_at = now() - interval '25 hours' \
               WHERE right(id, 3)::int IN (21, 22); \
             UPDATE jobs SET webhook_id = 3, state = 'failed', started_at = now() - interval '90 s', \
               finished_at = now() WHERE right(id, 3)::int = 30; \
             UPDATE jobs SET webhook_id = 4, state = (ARRAY['succeeded', 'running', 'queued', \
               'retrying', 'cancelled', 'superseded', 'scheduled', 'succeeded'])[right(id, 3)::int - 39] \
               WHERE right(id, 3)::int BETWEEN 40 AND 47; \
             UPDATE jobs SET webhook_id = 5, state = 'succeeded' WHERE right(id, 3)::int = 90; \
             UPDATE webhooks SET last_job_id = (SELECT max(id) FROM jobs WHERE webhook_id = webhooks.id); \
             UPDATE webhooks SET enabled = false WHERE id = 4; \
             UPDATE webhooks SET project_id = -1 WHERE id = 5",
        )
        .await;
    let panel = app.panel().await;
    let page = panel.open("/admin/").await;
    let names = page.texts(".runs th a");
    assert_eq!(
        names[..5],
        ["bulk 3 push", "bulk 5 push", "bulk 4 push", "bulk 2 push", "bulk 1 push"]
    );
    assert_eq!(names.len(), 50, "a link leads to the others");
    assert!(page.has("a[href='/admin/hooks/webhook/']"));
    assert_eq!(page.states(".runs th"), ["pending", "disabled"]);
    let row = |n: u8| format!(".runs tbody tr:nth-child({n})");
    let dots = |n: u8| page.attributes(&format!("{} .dots a", row(n)), "data-state");
    assert_eq!((dots(1), dots(2)), (vec!["failed".to_owned()], vec!["succeeded".to_owned()]));
    let kinds = [
        "succeeded",
        "running",
        "queued",
        "retrying",
        "cancelled",
        "superseded",
        "scheduled",
        "succeeded",
    ];
    assert_eq!(dots(3), kinds);
    let old = dots(4);
    assert_eq!(
        (old.len(), &old[17..]),
        (20, &["succeeded", "failed", "failed"].map(str::to_owned)[..])
    );
    assert_eq!(page.texts(&format!("{} td[data-label]", row(4))), ["10%", "1.0 s", "1.0 s"]);
    assert_eq!(page.texts(&format!("{} td[data-label]", row(1))), ["100%", "1 m 30 s", "1 m 30 s"]);
    let summary = page.text(&format!("{} .dots-cell .visually-hidden", row(4)));
    assert_eq!(summary, "Newest 20 jobs: 18 succeeded, 2 failed");
    assert_eq!(page.text(&format!("{} .dots-cell", row(5))), "No jobs yet");
    // A dot leads to its job, the newest one also by the last run; the rate to all of them.
    let job = page.attributes(&format!("{} .dots a", row(1)), "href");
    assert_eq!(page.attributes(&format!("{} td:last-child a", row(1)), "href"), job);
    panel.open(&job[0]).await.says("bulk 30 push");
    let all = page.attributes(&format!("{} td[data-label] a", row(4)), "href");
    assert_eq!(panel.open(&all[0]).await.rows().len(), 22);
}

#[tokio::test]
async fn f58_the_first_page_teaches_the_first_three_steps() {
    let app = App::start().await;
    let index = app.panel().await.open("/admin/").await;
    assert_eq!(index.texts(".steps > li").len(), 3);
    assert!(index.has(".steps a[href='/admin/hooks/webhook/add/']"));
    assert!(!index.has(".attention"));
}

#[tokio::test]
async fn recent_actions_are_ones_own_or_everyones() {
    let app = App::start().await;
    let panel = app.panel().await;
    panel.add_webhook(&webhooks::push()).await;
    app.database().execute("UPDATE audit_log SET actor_id = 99, actor_name = 'eve'").await;
    let of = |page: crate::support::page::Page| page.texts(".recent > li").len();
    assert_eq!(of(panel.open("/admin/?actions=mine").await), 0);
    assert_eq!(of(panel.open("/admin/?actions=everyone").await), 2);
}

#[tokio::test]
async fn one_search_finds_webhooks_deliveries_and_jobs_and_an_id_opens_its_page() {
    let app = App::start().await;
    let panel = app.panel().await;
    app.add_webhook(&webhooks::push()).await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN)).await;
    let [job] = answer.jobs().try_into().unwrap();
    let page = panel.open("/admin/search/?q=diaspora").await;
    let headings = page.texts("main h2");
    assert_eq!(headings, ["Webhooks", "Deliveries", "Jobs"]);
    assert_eq!(page.rows().len(), 3);
    let delivery = answer.field("delivery");
    let found = panel.get(&format!("/admin/search/?q={}", delivery.to_lowercase())).await;
    assert_eq!(found.address, format!("/admin/hooks/delivery/{delivery}/"));
    let found = panel.get(&format!("/admin/search/?q=%20{job}")).await;
    assert_eq!(found.address, format!("/admin/hooks/job/{job}/"));
    let nothing = panel.open("/admin/search/?q=nowhere%20%3Cb%3E").await;
    nothing.says("Nothing found");
    assert!(nothing.has("main a[href='/admin/hooks/delivery/?q=nowhere+%3Cb%3E']"));
    // Accounts are for those to find who may see them.
    let operator = app.person("operator").await;
    let users = panel.open("/admin/search/?q=operator").await;
    assert_eq!(users.texts("main h2"), ["Users"]);
    assert_eq!(
        operator.open("/admin/search/?q=operator").await.texts("main h2"),
        ["Nothing found"]
    );
    panel.open("/admin/search/").await.says("Searches webhooks");
}

#[tokio::test]
async fn f68_a_worker_that_was_lost_is_told_and_leads_to_the_workers() {
    let app = Setup::new().await.argument("--no-worker").start().await;
    let panel = app.panel().await;
    app.add_webhook(&webhooks::push()).await;
    let mut worker = app.worker();
    let lost = "1 worker was lost: no heartbeat, and no clean stop";
    let attention = ".attention > li > span:nth-child(2) > a";
    wait::until("a worker", async || {
        panel.open("/admin/hooks/worker/").await.has("#workers [data-state=alive]").then_some(())
    })
    .await;
    assert!(!panel.open("/admin/").await.main().contains(lost));
    worker.kill();
    let index = wait::until("the loss on the start page", async || {
        let index = panel.open("/admin/").await;
        index.main().contains(lost).then_some(index)
    })
    .await;
    assert_eq!(index.attributes(attention, "href"), ["/admin/hooks/worker/"]);
    let dead = panel.open("/admin/hooks/worker/").await.states("#workers");
    assert_eq!(dead.iter().filter(|state| *state == "dead").count(), 1, "{dead:?}");
}
