//! Jobs shown at their commits in GitLab: each state once, in order, whatever GitLab does meanwhile.

use super::gitlab_connection::{SHA, TOKEN, connect, gitlab_with_app, set_up, tells};
use super::sessions::start_at;
use crate::support::app::{App, Setup};
use crate::support::gitlab::Delivery;
use crate::support::panel::Panel;
use crate::support::wait;
use serde_json::{Value, json};
use signalbox_gitlab_stand_in::{Commit, Fault, GitLab, Owner, Project, Token};

const NEXT: &str = "6f1d3b0a2c4e5f60718293a4b5c6d7e8f9a0b1c2";
const LAST: &str = "0b7c9d1e2f3a4b5c6d7e8f90a1b2c3d4e5f60718";
const SETUP: &str = "/admin/hooks/webhook/1/setup/";

/// Waits for the file `go` beside it; with `fail` beside it, it fails.
const HOLD: &str =
    "cd \"$(dirname \"$0\")\"; while ! [ -e go ]; do sleep 0.05; done; ! [ -e fail ]";

async fn app_with_hold(gitlab: &GitLab) -> (App, Panel) {
    let setup = Setup::new().await.action("hold", "", HOLD);
    let app = start_at("http", setup).await;
    let panel = app.panel().await;
    connect(&panel, gitlab).await;
    set_up(&panel, "push", "Push Hook").await;
    app.database().execute("UPDATE webhooks SET action = 'hold', max_attempts = 1").await;
    (app, panel)
}

async fn show_jobs(panel: &Panel, value: &str, told: &str) {
    let form = panel.open(SETUP).await.form_with("gitlab_results");
    tells(&panel.submit(form.press("gitlab_results", value)).await, told);
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A project's deployments: environment, commit, branch and status.
fn deployments(gitlab: &GitLab, project: i64) -> Vec<[String; 4]> {
    let row = |row: &Value| {
        [
            text(&row["environment"]["name"]),
            text(&row["sha"]),
            text(&row["ref"]),
            text(&row["status"]),
        ]
    };
    gitlab.deployments(project).iter().map(row).collect()
}

/// A project's statuses: commit, branch, name and state.
fn statuses(gitlab: &GitLab, project: i64) -> Vec<[String; 4]> {
    let fields = ["sha", "ref", "name", "status"];
    gitlab.statuses(project).iter().map(|row| fields.map(|field| text(&row[field]))).collect()
}

async fn become_statuses(gitlab: &GitLab, project: i64, wanted: &[[&str; 4]]) {
    let wanted = wanted.iter().map(|row| row.map(str::to_owned)).collect::<Vec<_>>();
    wait::until_equal("the statuses", wanted, async || statuses(gitlab, project)).await;
}

async fn newest_job(app: &App) -> String {
    app.database().value("SELECT id FROM jobs ORDER BY id DESC LIMIT 1").await
}

fn let_go(app: &App, file: &str) {
    std::fs::write(app.folder().join("actions").join(file), "").unwrap();
}

#[tokio::test]
async fn a_commit_shows_how_its_job_stands_with_a_link_to_it() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_hold(&gitlab).await;
    // Nothing is shown of what came before it was asked for.
    gitlab.push(project, "main", NEXT, "Before").await;
    let before = newest_job(&app).await;
    app.job_is(&before, "running").await;
    show_jobs(&panel, "on", "GitLab shows the jobs that come from now on").await;
    gitlab.push(project, "main", LAST, "After").await;
    let job = newest_job(&app).await;
    let name = format!(
        "Signalbox: {}",
        app.database().value("SELECT webhook_label FROM jobs LIMIT 1").await
    );
    become_statuses(&gitlab, project, &[[LAST, "main", &name, "running"]]).await;
    let url = gitlab.statuses(project)[0]["target_url"].as_str().unwrap().to_owned();
    assert_eq!(url, format!("{}/admin/hooks/job/{job}/", app.base()));
    panel.open(&format!("/admin/hooks/job/{job}/")).await.says("Status in GitLab").says("running");
    let_go(&app, "go");
    become_statuses(&gitlab, project, &[[LAST, "main", &name, "success"]]).await;
    // Run again, and it fails: another status of the same name, which is what GitLab shows then.
    let_go(&app, "fail");
    let form = panel.open(&format!("/admin/hooks/job/{job}/")).await;
    let form = form.form_to(&format!("/admin/hooks/job/{job}/run-again/"));
    panel.submit(form).await;
    app.job_is(&job, "failed").await;
    let (first, second) = ([LAST, "main", &name, "success"], [LAST, "main", &name, "failed"]);
    become_statuses(&gitlab, project, &[first, second]).await;
    // No more.
    show_jobs(&panel, "off", "GitLab shows no more jobs of this webhook.").await;
    gitlab.push(project, "main", SHA, "Later").await;
    let last = newest_job(&app).await;
    app.job_is(&last, "failed").await;
    let told = format!("SELECT count(*)::text FROM gitlab_statuses WHERE job_id = '{last}'");
    assert_eq!(app.database().value(&told).await, "0");
}

#[tokio::test]
async fn what_gitlab_does_not_take_holds_no_job_up_and_is_sent_later() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_hold(&gitlab).await;
    let_go(&app, "go");
    show_jobs(&panel, "on", "GitLab shows the jobs that come from now on").await;
    let calls = format!("POST /api/v4/projects/{project}/statuses/{NEXT}");
    gitlab.fail_next(1, &calls, Fault::BadGateway);
    gitlab.push(project, "main", NEXT, "Next").await;
    let job = newest_job(&app).await;
    app.job_is(&job, "succeeded").await;
    wait::until("the failure", async || {
        let unsent = "gitlab_statuses WHERE failure IS NOT NULL";
        (app.database().count(unsent).await == 1).then_some(())
    })
    .await;
    panel.open(&format!("/admin/hooks/job/{job}/")).await.says("502").says("Sent again");
    app.database().execute("UPDATE gitlab_statuses SET due_at = now()").await;
    wait::until("the status", async || {
        (statuses(&gitlab, project).last()?[3] == "success").then_some(())
    })
    .await;
    let noted = "SELECT (sent = 'success' AND due_at IS NULL)::text FROM gitlab_statuses";
    wait::until_equal("its note", "true".to_owned(), async || app.database().value(noted).await)
        .await;
    // What cannot be is not sent for ever: GitLab has no such commit.
    gitlab.remove_project(project);
    app.database().execute("UPDATE gitlab_statuses SET due_at = now(), sent = ''").await;
    let over = "SELECT (due_at IS NULL AND failure IS NOT NULL)::text FROM gitlab_statuses";
    wait::until_equal("the end", "true".to_owned(), async || app.database().value(over).await)
        .await;
    panel.open(&format!("/admin/hooks/job/{job}/")).await.says("GitLab knows no such thing");
}

#[tokio::test]
async fn a_server_that_is_killed_leaves_no_commit_running() {
    let (gitlab, project) = gitlab_with_app().await;
    let (mut app, panel) = app_with_hold(&gitlab).await;
    show_jobs(&panel, "on", "GitLab shows the jobs that come from now on").await;
    gitlab.push(project, "main", NEXT, "Next").await;
    wait::until("the status", async || {
        (statuses(&gitlab, project).last()?[3] == "running").then_some(())
    })
    .await;
    let address = app.base().trim_start_matches("http://").to_owned();
    app.kill();
    let_go(&app, "go");
    app.restart_at(&address).await;
    // Whatever it was at when it died is nobody's any more.
    app.database().execute("UPDATE gitlab_statuses SET due_at = now(), busy_until = NULL").await;
    wait::until("the end", async || {
        (statuses(&gitlab, project).last()?[3] == "success").then_some(())
    })
    .await;
    assert_eq!(statuses(&gitlab, project).len(), 1);
}

#[tokio::test]
async fn a_job_is_a_deployment_to_the_environment_that_was_named() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_hold(&gitlab).await;
    let form = panel.open(SETUP).await.form_with("gitlab_results");
    let wrong = form.set("gitlab_environment", "生产").press("gitlab_results", "on");
    tells(&panel.submit(wrong).await, "GitLab takes letters, digits, spaces");
    let form = panel.open(SETUP).await.form_with("gitlab_results");
    let form = form.set("gitlab_environment", "review/app").press("gitlab_results", "on");
    tells(&panel.submit(form).await, "GitLab shows the jobs that come from now on");
    panel.open(SETUP).await.says("They are deployments to review/app.");
    let become_deployments = async |wanted: &[&str]| {
        let row = |status: &&str| ["review/app", NEXT, "main", status].map(str::to_owned);
        let wanted: Vec<_> = wanted.iter().map(row).collect();
        let found = async || deployments(&gitlab, project);
        wait::until_equal("the deployments", wanted, found).await;
    };
    // GitLab does not answer the first time: the status is there, and the deployment follows.
    let calls = format!("POST /api/v4/projects/{project}/deployments");
    gitlab.fail_next(1, &calls, Fault::BadGateway);
    gitlab.push(project, "main", NEXT, "Next").await;
    let job = newest_job(&app).await;
    app.job_is(&job, "running").await;
    wait::until("the failure", async || {
        let unsent = "gitlab_statuses WHERE failure IS NOT NULL";
        (app.database().count(unsent).await == 1).then_some(())
    })
    .await;
    app.database().execute("UPDATE gitlab_statuses SET due_at = now()").await;
    become_deployments(&["running"]).await;
    let_go(&app, "go");
    become_deployments(&["success"]).await;
    // Run again, it deploys once more.
    let_go(&app, "fail");
    let page = panel.open(&format!("/admin/hooks/job/{job}/")).await;
    panel.submit(page.form_to(&format!("/admin/hooks/job/{job}/run-again/"))).await;
    become_deployments(&["success", "failed"]).await;
}

/// A merge request's event, of the project whose push was stored last.
async fn merge_request_of(app: &App, sha: &str) -> String {
    let push = "SELECT convert_from(body, 'UTF8') FROM deliveries ORDER BY id LIMIT 1";
    let push: Value = serde_json::from_str(&app.database().value(push).await).unwrap();
    let web = push["project"]["web_url"].as_str().unwrap();
    json!({
        "object_kind": "merge_request", "event_type": "merge_request",
        "user": { "id": 1, "name": "Administrator", "username": "root" },
        "project": push["project"], "repository": push["repository"],
        "object_attributes": {
            "iid": 7, "action": "update", "state": "opened", "title": "A change",
            "source_branch": "main", "target_branch": "main", "last_commit": { "id": sha },
            "url": format!("{web}/-/merge_requests/7"),
        },
    })
    .to_string()
}

#[tokio::test]
async fn a_merge_request_has_one_comment_that_says_how_its_newest_job_stands() {
    let gitlab = GitLab::start().await;
    gitlab.add_token(Token::personal(TOKEN));
    let project = Project::new("group/app").branch("main", Commit::new(SHA, "First"));
    let project = gitlab.add_project(project.merge_request(7, "A change"));
    let (app, panel) = app_with_hold(&gitlab).await;
    set_up(&panel, "merge_request", "Merge Request Hook").await;
    let hold = "UPDATE webhooks SET action = 'hold', max_attempts = 1, concurrency = 'serial'";
    app.database().execute(hold).await;
    let setup = SETUP.replace("/1/", "/2/");
    let form = panel.open(&setup).await.form_with("gitlab_comments");
    let form = form.set("gitlab_comments", "on").press("gitlab_results", "on");
    tells(&panel.submit(form).await, "GitLab shows the jobs that come from now on");
    panel.open(&setup).await.says("They have a comment in their merge request.");
    let token = gitlab.hooks(Owner::Project(project))[0].token.clone().unwrap();
    for (number, sha) in [SHA, SHA].into_iter().enumerate() {
        let event = Delivery::push_2015().header("X-Gitlab-Event", "Merge Request Hook");
        let event = event.body(merge_request_of(&app, sha).await).token(&token);
        app.send(&event.key(&format!("mr {number}"))).await.expect(202, "matched");
    }
    let comments = async || {
        let text = |note: &Value| note["body"].as_str().unwrap().lines().next().unwrap().to_owned();
        gitlab.notes(project, 7).iter().map(text).collect::<Vec<_>>()
    };
    let wait_for = async |state: &str| {
        wait::until("the comment", async || match comments().await.as_slice() {
            [one] => one.contains(&format!("**[{state}](")).then_some(()),
            _ => None,
        })
        .await;
    };
    // The second waits for the first, and is the newest.
    wait_for("pending").await;
    let_go(&app, "go");
    wait_for("success").await;
    let newest = newest_job(&app).await;
    let body = gitlab.notes(project, 7)[0]["body"].as_str().unwrap().to_owned();
    assert!(body.contains(&format!("/admin/hooks/job/{newest}/")), "{body}");
}
