//! Webhooks in GitLab after they were set up: their projects move, their tokens are renewed, and what
//! differs is fixed without being asked.

use super::gitlab_connection::{CONNECTIONS, SHA, connect, gitlab_with_app, set_up, tells};
use super::sessions::start_at;
use crate::support::app::{App, Setup};
use crate::support::gitlab::Delivery;
use crate::support::panel::Panel;
use crate::support::wait;
use crate::support::webhooks::SIGNING_TOKEN;
use signalbox_gitlab_stand_in::{Fault, GitLab, Owner};

const NEXT: &str = "6f1d3b0a2c4e5f60718293a4b5c6d7e8f9a0b1c2";
const LAST: &str = "0b7c9d1e2f3a4b5c6d7e8f90a1b2c3d4e5f60718";

/// Has the connection looked at by whoever looks next.
pub(super) async fn look(app: &App) {
    let sql = "UPDATE gitlab_connections SET checked_at = now() - interval '1 hour'";
    app.database().execute(sql).await;
}

/// Presses one of the buttons of the only webhook in GitLab.
pub(super) async fn press(panel: &Panel, act: &str, told: &str) {
    let form = panel.open(&format!("{CONNECTIONS}1/")).await.form_with("hook");
    tells(&panel.submit(form.press("act", act)).await, told);
}

pub(super) async fn becomes(app: &App, sql: &str, value: &str) {
    wait::until_equal(sql, value.to_owned(), async || app.database().value(sql).await).await;
}

async fn push(gitlab: &GitLab, project: i64, sha: &str) -> Option<u16> {
    gitlab.push(project, "main", sha, "Next").await[0].status
}

#[tokio::test]
async fn webhooks_follow_a_project_that_is_renamed_moved_and_archived() {
    let (gitlab, project) = gitlab_with_app().await;
    let app = App::start().await;
    let panel = app.panel().await;
    connect(&panel, &gitlab).await;
    set_up(&panel, "push", "Push Hook").await;
    assert_eq!(push(&gitlab, project, NEXT).await, Some(202));
    gitlab.rename_project(project, "The App");
    gitlab.move_project(project, "elsewhere/app");
    gitlab.archive_project(project, true);
    look(&app).await;
    becomes(&app, "SELECT repo_name FROM webhooks", "The App").await;
    let url = app.database().value("SELECT repo_url FROM webhooks").await;
    assert!(url.contains("elsewhere/app"), "{url}");
    let history = panel.open("/admin/hooks/webhook/1/history/").await;
    history.says("The App").says("system");
    becomes(&app, "SELECT archived::text FROM gitlab_hooks", "true").await;
    panel.open(&format!("{CONNECTIONS}1/")).await.says("The project is archived.");
    gitlab.archive_project(project, false);
    let jobs = app.database().count("jobs").await;
    assert_eq!(push(&gitlab, project, LAST).await, Some(202));
    assert_eq!(app.database().count("jobs").await, jobs + 1);
    // What follows once has nothing more to follow.
    look(&app).await;
    becomes(&app, "SELECT archived::text FROM gitlab_hooks", "false").await;
    let followed = "SELECT count(*)::text FROM audit_log WHERE actor_name = 'system' \
                    AND changes::text LIKE '%elsewhere%'";
    assert_eq!(app.database().value(followed).await, "1");
}

#[tokio::test]
async fn new_tokens_reach_both_ends_and_those_before_stay_valid() {
    let (gitlab, project) = gitlab_with_app().await;
    let app = App::start().await;
    let panel = app.panel().await;
    connect(&panel, &gitlab).await;
    set_up(&panel, "push", "Push Hook").await;
    set_up(&panel, "tag_push", "Tag Push Hook").await;
    let token = || gitlab.hooks(Owner::Project(project)).remove(0).token.unwrap_or_default();
    let first = token();
    press(&panel, "rotate", "Both ends have new tokens. Those before stay valid for 7 days.").await;
    let second = token();
    assert!(first != second && !second.is_empty());
    assert_eq!(push(&gitlab, project, NEXT).await, Some(202));
    let before = Delivery::push_2015().token(&first).key("sent again");
    assert_ne!(app.send(&before).await.status, 401, "the token before is valid for some days");
    // GitLab does not take it: it is told later, and meanwhile what it sends is accepted.
    gitlab.fail_next(3, &format!("PUT /api/v4/projects/{project}/hooks"), Fault::BadGateway);
    press(&panel, "rotate", "502").await;
    assert_eq!(token(), second);
    let page = panel.open(&format!("{CONNECTIONS}1/")).await;
    page.says("GitLab does not have its new tokens yet.");
    look(&app).await;
    becomes(&app, "SELECT unwritten::text FROM gitlab_hooks", "false").await;
    assert_ne!(token(), second);
    assert_eq!(push(&gitlab, project, LAST).await, Some(202));
    for seen in [app.log(), panel.open(&format!("{CONNECTIONS}1/")).await.html] {
        assert!(!seen.contains(&first) && !seen.contains(&second) && !seen.contains(&token()));
    }
}

#[tokio::test]
async fn what_gitlab_sends_is_signed_and_taken_for_its_signature() {
    let (gitlab, project) = gitlab_with_app().await;
    let app = App::start().await;
    let panel = app.panel().await;
    connect(&panel, &gitlab).await;
    set_up(&panel, "push", "Push Hook").await;
    set_up(&panel, "tag_push", "Tag Push Hook").await;
    let hook = || gitlab.hooks(Owner::Project(project)).remove(0);
    let first = hook().signing_token;
    let seen = "SELECT (last_signature_at IS NOT NULL)::text FROM webhooks WHERE id = 1";
    becomes(&app, seen, "true").await;
    // Without the secret token there is the signature alone, of the signing token that is given here.
    let push_signed = async |token: Option<String>, sha: &str| {
        gitlab.change_hook(hook().id(), |hook| {
            hook.token = None;
            hook.signing_token = token;
        });
        push(&gitlab, project, sha).await
    };
    assert!(first.is_some());
    assert_eq!(push_signed(first.clone(), NEXT).await, Some(202));
    press(&panel, "rotate", "Both ends have new tokens.").await;
    let second = hook().signing_token;
    assert!(second.is_some() && second != first);
    assert_eq!(push_signed(second.clone(), LAST).await, Some(202));
    assert_eq!(push_signed(first, SHA).await, Some(202), "the one before is valid for some days");
    assert_eq!(push_signed(None, NEXT).await, Some(401));
    look(&app).await;
    wait::until_equal("the state", vec!["differs".to_owned()], async || {
        panel.open(&format!("{CONNECTIONS}1/")).await.states("tbody")
    })
    .await;
    let page = panel.open(&format!("{CONNECTIONS}1/")).await;
    page.says("It has no secret token.").says("It has no signing token.");
    press(&panel, "fix", "The webhook in GitLab is what it should be.").await;
    assert_eq!(hook().signing_token, second, "it is the one that both ends had");
    assert_eq!(push(&gitlab, project, LAST).await, Some(202));
    // One that somebody gave the webhook here gives way too, so that both ends agree.
    let form = panel.open("/admin/hooks/webhook/1/change/").await.form_with("signing_token");
    panel.submit(form.set("signing_token", SIGNING_TOKEN)).await;
    gitlab.clear_hook_token(hook().id());
    look(&app).await;
    wait::until_equal("the state", vec!["differs".to_owned()], async || {
        panel.open(&format!("{CONNECTIONS}1/")).await.states("tbody")
    })
    .await;
    press(&panel, "fix", "The webhook in GitLab is what it should be.").await;
    assert_eq!(push_signed(second.clone(), NEXT).await, Some(202));
    for seen in [app.log(), panel.open(&format!("{CONNECTIONS}1/")).await.html] {
        assert!(!seen.contains(second.as_deref().unwrap()));
    }
}

#[tokio::test]
async fn a_gitlab_before_19_signs_nothing_and_is_in_order() {
    let (gitlab, project) = gitlab_with_app().await;
    gitlab.set_version(18, 11);
    let app = App::start().await;
    let panel = app.panel().await;
    connect(&panel, &gitlab).await;
    set_up(&panel, "push", "Push Hook").await;
    assert_eq!(gitlab.hooks(Owner::Project(project))[0].signing_token, None);
    assert_eq!(push(&gitlab, project, NEXT).await, Some(202));
    let states = async || panel.open(&format!("{CONNECTIONS}1/")).await.states("tbody");
    assert_eq!(states().await, ["healthy"]);
    // It is upgraded: the signing token that was asked for is missing, and given on a press.
    gitlab.set_version(19, 0);
    look(&app).await;
    wait::until_equal("the state", vec!["differs".to_owned()], states).await;
    press(&panel, "fix", "The webhook in GitLab is what it should be.").await;
    gitlab.clear_hook_token(gitlab.hooks(Owner::Project(project))[0].id());
    assert_eq!(push(&gitlab, project, LAST).await, Some(202), "both ends have the same");
}

#[tokio::test]
async fn what_differs_is_fixed_by_itself_and_follows_the_public_address() {
    let (gitlab, project) = gitlab_with_app().await;
    let app = start_at("http", Setup::new().await).await;
    let public = app.base();
    let panel = app.panel().await;
    connect(&panel, &gitlab).await;
    set_up(&panel, "push", "Push Hook").await;
    let hook = || gitlab.hooks(Owner::Project(project)).remove(0);
    press(&panel, "auto", "What differs is fixed by itself from now on.").await;
    gitlab.change_hook(hook().id(), |hook| {
        hook.events.insert("push_events", false);
    });
    let moved = "UPDATE gitlab_hooks SET url = 'https://before.example.com/webhooks/gitlab'";
    app.database().execute(moved).await;
    gitlab.change_hook(hook().id(), |hook| {
        hook.url = "https://before.example.com/webhooks/gitlab".to_owned();
    });
    look(&app).await;
    let wanted = (format!("{public}/webhooks/gitlab"), true, true);
    wait::until_equal("the webhook in GitLab", wanted, async || {
        let hook = hook();
        (hook.url.clone(), hook.events.get("push_events") == Some(&true), hook.token.is_some())
    })
    .await;
    // Somebody deleted it.
    gitlab.remove_hook(hook().id());
    look(&app).await;
    wait::until_equal("it is made again", 1, async || gitlab.hooks(Owner::Project(project)).len())
        .await;
    // Only when asked: what differs is shown.
    press(&panel, "ask", "What differs is fixed when you say so.").await;
    gitlab.clear_hook_token(hook().id());
    look(&app).await;
    wait::until_equal("the state", vec!["differs".to_owned()], async || {
        panel.open(&format!("{CONNECTIONS}1/")).await.states("tbody")
    })
    .await;
    assert_eq!(hook().token, None);
}
