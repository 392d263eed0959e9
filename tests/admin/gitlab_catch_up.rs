//! What GitLab could not deliver, caught up on: each event once, whoever dies meanwhile, and also when
//! GitLab delivers it after all.

use super::gitlab_branches::note_branches;
use super::gitlab_care::{becomes, look, press};
use super::gitlab_connection::{CONNECTIONS, TOKEN, connect, gitlab_with_app, set_up};
use crate::support::app::App;
use crate::support::panel::Panel;
use crate::support::wait;
use signalbox_gitlab_stand_in::{Event, Fault, GitLab, Owner};

pub(super) const FROM_LOG: &str = "SELECT count(*)::text FROM deliveries WHERE source = 'log'";
pub(super) const RUN: &str = "SELECT count(*)::text FROM jobs";
const MISSED: &str = "SELECT coalesce(missed ->> 'count', '0') FROM gitlab_hooks";

pub(super) async fn app_with_push(gitlab: &GitLab) -> (App, Panel) {
    let app = App::start().await;
    let panel = app.panel().await;
    connect(&panel, gitlab).await;
    set_up(&panel, "push", "Push Hook").await;
    (app, panel)
}

pub(super) fn sha(number: usize) -> String {
    format!("{number:040x}")
}

/// Pushes that no receiver gets, one after the other.
fn push_unreceived(gitlab: &GitLab, project: i64, branch: &str, numbers: std::ops::Range<usize>) {
    for number in numbers {
        gitlab.push_unreceived(project, branch, &sha(number), "Missed");
    }
}

fn log_of(gitlab: &GitLab, project: i64) -> Vec<Event> {
    gitlab.events(gitlab.hooks(Owner::Project(project))[0].id())
}

/// Has GitLab send an event again, as a maintainer does; what we answered.
async fn resend(gitlab: &GitLab, project: i64, event: &Event) -> u64 {
    let (address, hook, id) = (gitlab.address(), event.hook, event.id);
    let url = format!("{address}/api/v4/projects/{project}/hooks/{hook}/events/{id}/resend");
    let request = reqwest::Client::new().post(url).header("PRIVATE-TOKEN", TOKEN);
    let answer: serde_json::Value = request.send().await.unwrap().json().await.unwrap();
    answer["response_status"].as_u64().unwrap()
}

/// Waits until everything was looked at once more.
async fn look_once_more(app: &App, gitlab: &GitLab) {
    gitlab.forget_calls();
    look(app).await;
    wait::until("the log is read", async || (gitlab.count("/events?") > 0).then_some(())).await;
    // What follows the log is a write, and the hook's next look begins where this one ended.
    app.database().execute("UPDATE gitlab_hooks SET checked_at = NULL").await;
    look(app).await;
    becomes(app, "SELECT (checked_at IS NOT NULL)::text FROM gitlab_hooks", "true").await;
}

#[tokio::test]
async fn what_could_not_be_delivered_is_taken_from_gitlabs_log_once() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_push(&gitlab).await;
    let jobs = app.database().count("jobs").await;
    gitlab.push(project, "main", &sha(1), "Delivered").await;
    push_unreceived(&gitlab, project, "main", 2..5);
    look(&app).await;
    becomes(&app, FROM_LOG, "3").await;
    let ran = (jobs + 4).to_string();
    becomes(&app, RUN, &ran).await;
    // In the order in which they happened.
    let commits = "SELECT sha FROM deliveries WHERE source = 'log' ORDER BY id";
    assert_eq!(app.database().column(commits).await, [2, 3, 4].map(sha));
    let id = app.database().value("SELECT id FROM deliveries WHERE source = 'log' LIMIT 1").await;
    let page = panel.open(&format!("/admin/hooks/delivery/{id}/")).await;
    page.says("Matched").says("It was taken from GitLab’s log.").says("From GitLab’s log");
    panel.open("/admin/hooks/delivery/?source=log").await.says("3 deliveries");
    // GitLab delivers one after all, and everything is looked at again.
    let late = log_of(&gitlab, project).into_iter().rev().nth(1).unwrap();
    assert_eq!(resend(&gitlab, project, &late).await, 200);
    assert_eq!(app.database().count("deliveries WHERE verdict = 'duplicate'").await, 1);
    look_once_more(&app, &gitlab).await;
    press(&panel, "catch_up", "Nothing was missed.").await;
    assert_eq!(app.database().value(FROM_LOG).await, "3");
    assert_eq!(app.database().value(RUN).await, ran);
    let page = panel.open(&format!("/admin/hooks/delivery/{id}/")).await;
    for seen in [app.log(), page.html] {
        let token = gitlab.hooks(Owner::Project(project))[0].token.clone().unwrap();
        assert!(!seen.contains(&token));
    }
}

#[tokio::test]
async fn a_webhook_that_runs_the_newest_runs_the_newest_of_each_branch() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_push(&gitlab).await;
    let latest = "UPDATE webhooks SET concurrency = 'latest', max_concurrent_jobs = NULL";
    app.database().execute(latest).await;
    // The Test of the set-up was long ago.
    app.database().execute("UPDATE deliveries SET received_at = now() - interval '1 hour'").await;
    let jobs = app.database().count("jobs").await;
    push_unreceived(&gitlab, project, "main", 1..4);
    push_unreceived(&gitlab, project, "old", 4..6);
    push_unreceived(&gitlab, project, "other", 6..8);
    // Of this branch a newer one came through.
    gitlab.push(project, "old", &sha(8), "Delivered").await;
    look(&app).await;
    becomes(&app, FROM_LOG, "7").await;
    becomes(&app, RUN, &(jobs + 3).to_string()).await;
    let ran = "SELECT sha FROM deliveries WHERE source = 'log' AND verdict = 'matched' ORDER BY id";
    assert_eq!(app.database().column(ran).await, [3, 7].map(sha));
    let overtaken =
        "SELECT id FROM deliveries WHERE source = 'log' AND verdict = 'filtered' LIMIT 1";
    let id = app.database().value(overtaken).await;
    let page = panel.open(&format!("/admin/hooks/delivery/{id}/")).await;
    page.says("runs only the newest event of a branch, and there is a newer one");
}

#[tokio::test]
async fn much_waits_for_a_person() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_push(&gitlab).await;
    let jobs = app.database().count("jobs").await;
    push_unreceived(&gitlab, project, "main", 1..202);
    look(&app).await;
    becomes(&app, MISSED, "201").await;
    let page = panel.open(&format!("{CONNECTIONS}1/")).await;
    page.says("Missed events").says("GitLab could not deliver 201 events").says("Push Hook: 201");
    assert_eq!(app.database().value(FROM_LOG).await, "0");
    press(&panel, "leave", "The missed events are left out.").await;
    look_once_more(&app, &gitlab).await;
    press(&panel, "catch_up", "Nothing was missed.").await;
    assert_eq!(app.database().value(FROM_LOG).await, "0");
    push_unreceived(&gitlab, project, "main", 202..403);
    look(&app).await;
    becomes(&app, MISSED, "201").await;
    press(&panel, "catch_up", "Taken from GitLab’s log: 201.").await;
    assert_eq!(app.database().value(FROM_LOG).await, "201");
    assert_eq!(app.database().value(RUN).await, (jobs + 201).to_string());
    panel.open(&format!("{CONNECTIONS}1/")).await.says("In order");
}

#[tokio::test]
async fn what_the_log_does_not_hold_whole_is_sent_again() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_push(&gitlab).await;
    note_branches(&app).await;
    let jobs = app.database().count("jobs").await;
    push_unreceived(&gitlab, project, "main", 1..8);
    for event in log_of(&gitlab, project).iter().rev().take(7) {
        gitlab.oversize_event(event.id);
    }
    // Five a minute.
    press(&panel, "catch_up", "The rest follows by itself.").await;
    assert_eq!(gitlab.count("/resend"), 5);
    gitlab.advance(chrono::TimeDelta::minutes(2));
    press(&panel, "catch_up", "Sent again by GitLab: 2.").await;
    // GitLab itself has lost their bodies: what it sends again is no push any more. The branch tells.
    press(&panel, "catch_up", "Branches without an event: 1.").await;
    assert_eq!(gitlab.count("/resend"), 7);
    assert_eq!(app.database().value(FROM_LOG).await, "0");
    assert_eq!(app.database().count("jobs").await, jobs);
    assert_eq!(app.database().count("deliveries WHERE verdict = 'unmatched'").await, 7);
}

#[tokio::test]
async fn what_was_refused_or_is_older_than_the_webhook_is_told_apart() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_push(&gitlab).await;
    note_branches(&app).await;
    let jobs = app.database().count("jobs").await;
    // Refused for its token: it is taken once both ends agree.
    gitlab.clear_hook_token(gitlab.hooks(Owner::Project(project))[0].id());
    gitlab.change_hook(gitlab.hooks(Owner::Project(project))[0].id(), |hook| {
        hook.signing_token = None;
    });
    let sent = gitlab.push(project, "main", &sha(1), "Refused").await;
    assert_eq!(sent[0].status, Some(401));
    press(&panel, "catch_up", "Taken from GitLab’s log: 1.").await;
    assert_eq!(app.database().count("jobs").await, jobs + 1);
    // Events of before the connection are none of its business.
    let later = "UPDATE gitlab_hooks SET log_read_to = NULL, created_at = now() + interval '1 day'";
    push_unreceived(&gitlab, project, "other", 2..3);
    app.database().execute(later).await;
    // That its branch is new is seen all the same.
    press(&panel, "catch_up", "Branches without an event: 1.").await;
    assert_eq!(app.database().value(FROM_LOG).await, "1");
    // GitLab before 17.3 shows no log: nothing is wrong with that.
    gitlab.set_version(17, 2);
    press(&panel, "catch_up", "Branches without an event: 1.").await;
}

#[tokio::test]
async fn a_server_that_is_killed_in_the_middle_runs_nothing_twice() {
    let (gitlab, project) = gitlab_with_app().await;
    let (mut app, _) = app_with_push(&gitlab).await;
    let jobs = app.database().count("jobs").await;
    push_unreceived(&gitlab, project, "main", 0..150);
    let address = app.base().trim_start_matches("http://").to_owned();
    for least in [20, 60, 100] {
        look(&app).await;
        wait::until("some are taken", async || {
            (app.database().count("deliveries WHERE source = 'log'").await >= least).then_some(())
        })
        .await;
        app.kill();
        app.restart_at(&address).await;
    }
    look(&app).await;
    becomes(&app, "SELECT count(DISTINCT sha)::text FROM deliveries WHERE source = 'log'", "150")
        .await;
    becomes(&app, RUN, &(jobs + 150).to_string()).await;
    let twice = "deliveries d JOIN jobs j ON j.delivery_id = d.id WHERE d.source = 'log' \
                 GROUP BY d.sha HAVING count(*) > 1";
    assert_eq!(app.database().column(&format!("SELECT d.sha FROM {twice}")).await, [""; 0]);
}

#[tokio::test]
async fn what_both_ends_do_not_agree_on_is_not_lost() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_push(&gitlab).await;
    note_branches(&app).await;
    let jobs = app.database().count("jobs").await;
    // Somebody gives the webhook here another secret token, and no signing token.
    let form = panel.open("/admin/hooks/webhook/1/change/").await.form_with("secret_token");
    panel.submit(form.set("secret_token", "another-secret")).await;
    let forget = "UPDATE webhooks SET signing_token = NULL, previous_secret_digest = NULL, \
                  previous_secret_until = NULL, previous_signing_token = NULL, \
                  previous_signing_until = NULL";
    app.database().execute(forget).await;
    assert_eq!(gitlab.push(project, "main", &sha(1), "Refused").await[0].status, Some(401));
    let refused = "The webhooks here do not accept the tokens";
    press(&panel, "catch_up", refused).await;
    panel.open(&format!("{CONNECTIONS}1/")).await.says("GitLab could not deliver 1 events");
    assert_eq!(app.database().value(FROM_LOG).await, "0");
    assert_eq!(app.database().count("jobs").await, jobs);
    // Set up again, both ends agree.
    set_up(&panel, "tag_push", "Tag Push Hook").await;
    let form = panel.open("/admin/hooks/webhook/1/setup/").await.form_with("gitlab_test");
    panel.submit(form).await;
    let before = app.database().count("jobs").await;
    press(&panel, "catch_up", "Taken from GitLab’s log: 1.").await;
    assert_eq!(app.database().count("jobs").await, before + 1);
}

#[tokio::test]
async fn the_log_is_read_although_gitlab_enables_nothing() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, _) = app_with_push(&gitlab).await;
    note_branches(&app).await;
    push_unreceived(&gitlab, project, "main", 1..3);
    gitlab.disable_hook(gitlab.hooks(Owner::Project(project))[0].id(), None);
    gitlab.fail_next(50, "/test/", Fault::BadGateway);
    look(&app).await;
    becomes(&app, FROM_LOG, "2").await;
    becomes(&app, "SELECT (failure IS NOT NULL)::text FROM gitlab_hooks", "true").await;
}
