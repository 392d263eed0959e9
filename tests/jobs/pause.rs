//! Pauses: nothing begins, everything is kept, and it goes on in order.

use super::run::{attempts, push, webhook_with};
use crate::support::app::{App, Setup, TOKEN};
use crate::support::database::Database;
use crate::support::gitlab::Delivery;
use crate::support::panel::Panel;
use crate::support::{seed, wait};

use chrono::DateTime;
use signalbox::clock;
use signalbox_store::Pool;
use signalbox_store::queue::{self, Span, Take};

async fn pause(panel: &Panel, scope: &str) {
    let form = panel.open("/admin/hooks/worker/").await.form_to("/admin/hooks/worker/pause/");
    let page = panel.submit(form.set("scope", scope).set("reason", "release day")).await;
    assert!(page.text(".messages").contains("Paused."), "{}", page.html);
}

async fn resume(panel: &Panel, release: &str) {
    let form = panel.open("/admin/hooks/worker/").await.form_to("/admin/hooks/worker/resume/");
    let page = panel.submit(form.press("release", release)).await;
    assert!(page.text(".messages").contains("Resumed"), "{}", page.html);
}

/// Sends the push while its webhook is paused.
async fn push_paused(app: &App, key: &str) -> String {
    let answer = app.send(&Delivery::push_2015().token(TOKEN).key(key)).await;
    assert!(answer.field("reason").contains("held by ada: release day"), "{}", answer.text);
    let [job] = answer.expect(202, "paused").jobs().try_into().unwrap();
    job
}

async fn held(app: &App, count: usize) {
    wait::until("the jobs that are held back", async || {
        let held = app.database().column("SELECT id FROM jobs WHERE held = 'paused'").await;
        (held.len() == count).then_some(())
    })
    .await;
}

#[tokio::test]
async fn while_all_is_paused_jobs_wait_and_then_run_in_order() {
    let note = "echo $SIGNALBOX_JOB >>\"$(dirname \"$0\")/began\"";
    let setup = Setup::new().await.action("note", "", note);
    let app = setup.setting("SIGNALBOX_WORKER_CONCURRENCY", "1").start().await;
    webhook_with(&app, "note", &[]).await;
    let panel = app.panel().await;
    pause(&panel, "all").await;
    let mut jobs = Vec::new();
    for number in 0..5 {
        jobs.push(push_paused(&app, &format!("k{number}")).await);
    }
    held(&app, 5).await;
    let page = panel.open(&format!("/admin/hooks/job/{}/", jobs[0])).await;
    page.says("All jobs are paused").says("by ada: release day");
    let banner = panel.open("/admin/").await.text(".banner");
    assert!(banner.contains("release day"), "every page says so: {banner}");
    resume(&panel, "all").await;
    app.job_is(&jobs[4], "succeeded").await;
    let began = std::fs::read_to_string(app.folder().join("actions/began")).unwrap();
    assert_eq!(began.lines().collect::<Vec<_>>(), jobs);
    assert!(!panel.open("/admin/").await.has(".banner"));
    let who =
        "SELECT verb || ' ' || object_name FROM audit_log WHERE object_type = 'pause' ORDER BY 1";
    assert_eq!(app.database().column(who).await, ["pause Everything", "resume Everything"]);
}

#[tokio::test]
async fn a_pause_ends_by_itself_in_all_processes_and_after_a_restart() {
    let mut app = Setup::new().await.argument("--no-worker").start().await;
    webhook_with(&app, "print", &[]).await;
    let panel = app.panel().await;
    // From the start page, which leads back to itself; a time that is none pauses nothing.
    let form = panel.open("/admin/?period=7d").await.form_to("/admin/hooks/worker/pause/");
    let form = form.set("reason", "release day");
    let page = panel.submit(form.clone().set("until", "at").set("until_time", "25:00")).await;
    assert_eq!(page.address, "/admin/?period=7d");
    assert!(page.text(".messages").contains("such as 18:00"), "{}", page.html);
    let page = panel.submit(form.set("until", "1h")).await;
    assert_eq!(page.address, "/admin/?period=7d");
    assert!(page.text(".banner").contains(", until 20"), "{}", page.text(".banner"));
    assert!(!page.has(".pause-box"), "it is paused already");
    let job = push_paused(&app, "a").await;
    app.restart().await;
    let _worker = app.worker();
    held(&app, 1).await;
    // An hour later, nobody having looked.
    app.database().execute("UPDATE settings SET expires_at = now() WHERE name = 'pause:all'").await;
    app.job_is(&job, "succeeded").await;
    let answer = app.send(&Delivery::push_2015().token(TOKEN).key("b")).await;
    let [next] = answer.expect(202, "matched").jobs().try_into().unwrap();
    app.job_is(&next, "succeeded").await;
    let who = "SELECT concat_ws(' ', verb, object_name, actor_name) FROM audit_log \
               WHERE object_type = 'pause' ORDER BY id";
    let log = app.database().column(who).await;
    assert_eq!(log, ["pause Everything ada", "resume Everything system"]);
    // What has ended makes room for the next.
    pause(&app.panel().await, "all").await;
}

#[tokio::test]
async fn of_what_waited_all_but_the_newest_of_each_ref_may_be_dropped() {
    let mut app = App::start().await;
    let webhook = webhook_with(&app, "print", &[]).await;
    pause(&app.panel().await, &format!("webhook:{webhook}")).await;
    let mut jobs = Vec::new();
    for number in 0..3 {
        jobs.push(push_paused(&app, &format!("k{number}")).await);
    }
    held(&app, 3).await;
    app.restart().await;
    resume(&app.panel().await, "newest").await;
    app.job_is(&jobs[2], "succeeded").await;
    for job in &jobs[..2] {
        assert_eq!(app.job_state(job).await, "superseded");
        assert_eq!(attempts(&app, job).await, [""; 0]);
    }
}

#[tokio::test]
async fn a_paused_lane_holds_back_its_own_jobs_only() {
    let app = Setup::new().await.action("docker", "lane = \"docker\"", "true").start().await;
    webhook_with(&app, "docker", &[]).await;
    let first = push(&app, "a").await;
    app.job_is(&first, "succeeded").await;
    let panel = app.panel().await;
    pause(&panel, "lane:host:docker").await;
    let waiting = push(&app, "b").await;
    held(&app, 1).await;
    resume(&panel, "all").await;
    app.job_is(&waiting, "succeeded").await;
}

#[tokio::test]
async fn lanes_can_be_paused_before_a_job_stands_in_them() {
    let app = Setup::new().await.action("docker", "lane = \"docker\"", "true").start().await;
    let id = webhook_with(&app, "print", &[("name", "Site"), ("concurrency", "serial")]).await;
    let panel = app.panel().await;
    let page = panel.open("/admin/hooks/worker/").await;
    let offered = page.attributes("#pause-scope option", "value");
    let own = format!("lane:webhook:{id}");
    let wanted = ["all".to_owned(), format!("webhook:{id}"), "lane:host:docker".to_owned(), own];
    assert_eq!(offered, wanted);
    let [.., own] = wanted;
    pause(&panel, &own).await;
    let page = panel.open("/admin/hooks/worker/").await;
    page.says("The lane “Site” is paused");
    assert!(!page.attributes("#pause-scope option", "value").contains(&own), "it is paused");
    let job = push_paused(&app, "k").await;
    held(&app, 1).await;
    panel.open(&format!("/admin/hooks/job/{job}/")).await.says("The lane “Site” is paused");
    resume(&panel, "all").await;
    app.job_is(&job, "succeeded").await;
}

#[tokio::test]
async fn a_job_that_comes_after_the_worker_looked_for_paused_ones_is_not_begun() {
    let database = Database::migrated().await;
    seed::deliveries(&database, 10).await;
    database.execute("UPDATE jobs SET state = 'queued', finished_at = NULL").await;
    let pool = Pool::for_fixed_statements(&database.url, 1).unwrap();
    // What is held before lies in another statement: this one finds the jobs as if they came after.
    let span = Span { from: DateTime::UNIX_EPOCH, to: clock::now() };
    let take = Take { worker: "w", most: 20, only: None, except: &[], paused: &[3, 7], span };
    let begun = queue::begin_due(&mut pool.get_conn().await.unwrap(), take).await.unwrap();
    let mut webhooks: Vec<_> = begun.iter().filter_map(|begun| begun.job.webhook_id).collect();
    webhooks.sort_unstable();
    assert_eq!(webhooks, [1, 2, 4, 5, 6, 8, 9, 10]);
}
