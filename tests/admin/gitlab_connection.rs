//! A connection to GitLab's API, held to a GitLab in memory: what it says of its token, webhooks set
//! up in one press, and what keeps them in order. The token is never seen again.

use crate::support::app::App;
use crate::support::page::Page;
use crate::support::panel::Panel;
use crate::support::wait;
use chrono::TimeDelta;
use serde_json::json;
use signalbox_gitlab_stand_in::{Commit, Fault, GitLab, Owner, Project, Role, Token};

pub(super) const CONNECTIONS: &str = "/admin/gitlab/connection/";
const ADD: &str = "/admin/gitlab/connection/add/";
const CALLS: &str = "/admin/gitlab/call/";
const PROJECTS: &str = "/admin/gitlab/project/";
const WEBHOOKS: &str = "/admin/hooks/webhook/";
pub(super) const TOKEN: &str = "glpat-1xBstMuch5ecret";
pub(super) const SHA: &str = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";

/// A GitLab with one project, and its token.
pub(super) async fn gitlab_with_app() -> (GitLab, i64) {
    let gitlab = GitLab::start().await;
    let head = Commit::new(SHA, "First").author("Jordi Mallach", "jordi@softcatala.org");
    let app = gitlab.add_project(Project::new("group/app").branch("main", head));
    gitlab.add_token(Token::personal(TOKEN).owner("Jordi Mallach"));
    (gitlab, app)
}

async fn connect_as(panel: &Panel, address: &str, token: &str, allows_private: bool) -> Page {
    let form = panel.open(ADD).await.form_with("base_url");
    let form = form.set("base_url", address).set("access_token", token).set("name", "Ours");
    let form = if allows_private { form.set("allow_private_network", "on") } else { form };
    panel.submit(form).await
}

/// Panics unless the messages or the page say it.
#[track_caller]
pub(super) fn tells(page: &Page, words: &str) {
    let told = format!("{} {}", page.texts(".messages").concat(), page.main());
    assert!(told.contains(words), "{}: no “{words}” in: {told}", page.address);
}

pub(super) async fn connect(panel: &Panel, gitlab: &GitLab) -> Page {
    connect_as(panel, gitlab.address(), TOKEN, true).await
}

/// Chooses the project, and saves its webhook for an event.
pub(super) async fn set_up(panel: &Panel, kind: &str, header: &str) -> Page {
    set_up_of(panel, "app", kind, header).await
}

/// The same of another project.
pub(super) async fn set_up_of(panel: &Panel, words: &str, kind: &str, header: &str) -> Page {
    let projects = panel.open(&format!("{PROJECTS}?q={words}")).await;
    let href = projects.attributes("main td a, main th a", "href").remove(0);
    let form = panel.get(&href).await.form_with("repo_name");
    let form = form.set("object_kind", kind).set("http_x_gitlab_event", header);
    panel.submit(form).await
}

#[tokio::test]
async fn a_connection_says_whose_token_it_is_and_what_it_may() {
    let (gitlab, _) = gitlab_with_app().await;
    let app = App::start().await;
    let panel = app.panel().await;
    panel.open(CONNECTIONS).await.says("No GitLab connections yet");
    let page = connect(&panel, &gitlab).await;
    assert_eq!(page.address, format!("{CONNECTIONS}1/"), "{}", page.main());
    tells(&page, "GitLab accepted the token of jordi.mallach.");
    page.says("Connected").says("api").says("19.1");
    // A second one of this instance would do everything twice.
    connect(&panel, &gitlab).await.says("There is a connection of this address.");
    // 14 days before its end, it says so.
    let ends = (gitlab.now() + TimeDelta::days(13)).date_naive();
    gitlab.add_token(Token::personal("glpat-ends").expires_at(ends));
    let form = panel.open(&format!("{CONNECTIONS}1/change/")).await.form_with("base_url");
    let page = panel.submit(form.set("access_token", "glpat-ends")).await;
    page.says(&format!("The access token ends on {ends}."));
    panel.open(CONNECTIONS).await.says("Token expires soon");
    // What was asked for is listed, and each change is in the history; the token is nowhere.
    panel.open(CALLS).await.says("GET /api/v4/personal_access_tokens/self");
    let history = panel.open(&format!("{CONNECTIONS}1/history/")).await;
    history.says("Access token");
    let mut pages = vec![history];
    for address in [
        CONNECTIONS,
        CALLS,
        "/admin/gitlab/connection/1/",
        "/admin/gitlab/connection/1/change/",
        "/admin/gitlab/connection/?format=json",
        "/admin/gitlab/call/?format=csv",
        "/admin/log/",
    ] {
        pages.push(panel.open(address).await);
    }
    for text in pages.iter().map(|page| page.html.clone()).chain([app.log()]) {
        assert!(!text.contains(TOKEN) && !text.contains("glpat-ends"), "{text}");
    }
    assert!(
        app.database().value("SELECT encode(token, 'escape') FROM gitlab_connections").await
            != TOKEN
    );
}

#[tokio::test]
async fn what_gitlab_refuses_is_said_and_listed() {
    let (gitlab, _) = gitlab_with_app().await;
    let app = App::start().await;
    let panel = app.panel().await;
    let page = connect_as(&panel, gitlab.address(), "glpat-wrong", true).await;
    page.says("GitLab refused the token: it is wrong, expired or revoked.");
    panel.open(CALLS).await.says("401");
    let form = panel.open(&format!("{CONNECTIONS}1/change/")).await.form_with("base_url");
    tells(&panel.submit(form.set("access_token", TOKEN)).await, "GitLab accepted the token");
    let check = async || {
        let page = panel.open(&format!("{CONNECTIONS}1/")).await;
        panel.submit(page.form_to("/admin/gitlab/connection/1/check/")).await
    };
    let own = "GET /api/v4/personal_access_tokens/self";
    for (fault, words) in [
        (
            Fault::Answer(403, json!({"error": "insufficient_scope", "scope": "api"})),
            "The token lacks the scope this needs: api.",
        ),
        (Fault::Answer(403, json!({"message": "403 Forbidden"})), "role is too low"),
        (Fault::Answer(404, json!({"message": "404 Not Found"})), "GitLab knows no such thing"),
        (Fault::Answer(422, json!({"message": {"url": ["is blocked"]}})), "url is blocked"),
        (Fault::WrongJson, "The answer is not one of GitLab’s API"),
    ] {
        gitlab.fail_next(1, own, fault);
        tells(&check().await, words);
        assert_eq!(panel.open(CONNECTIONS).await.states("tbody"), ["failed"]);
        tells(&check().await, "GitLab accepted the token");
    }
    // What passes is tried again, and is not told.
    for fault in
        [Fault::TooManyRequests { retry_after: 1 }, Fault::InternalServerError, Fault::BrokenOff]
    {
        gitlab.fail_next(1, own, fault);
        tells(&check().await, "GitLab accepted the token");
    }
    let tries = "gitlab_calls WHERE tries = 2";
    wait::until_equal("two tries are listed", 3, async || app.database().count(tries).await).await;
}

#[tokio::test]
async fn a_private_network_is_called_only_with_leave_and_a_wrong_form_says_where() {
    let (gitlab, _) = gitlab_with_app().await;
    let app = App::start().await;
    let panel = app.panel().await;
    let page = connect_as(&panel, gitlab.address(), TOKEN, false).await;
    page.says("Use https: over http, anyone on the way could read the token.");
    let secure = gitlab.address().replace("http:", "https:");
    connect_as(&panel, &secure, TOKEN, false).await.says("is of a private network or this machine");
    assert!(gitlab.calls().is_empty());
    connect_as(&panel, "gitlab", TOKEN, true)
        .await
        .says("Enter the address of GitLab’s start page");
    connect_as(&panel, gitlab.address(), "", true).await.says("Enter an access token.");
    connect_as(&panel, gitlab.address(), "with space", true).await.says("Copy the token again");
    let form =
        panel.open(ADD).await.form_with("base_url").set("base_url", "https://gitlab.example.com");
    let page = panel.submit(form.set("access_token", TOKEN).set("ca_pem", "no certificate")).await;
    page.says("Paste certificates in PEM");
    for (role, status) in [("operator", 403), ("viewer", 403), ("admin", 200)] {
        let person = app.person(role).await;
        for address in [CONNECTIONS, ADD, CALLS, PROJECTS] {
            assert_eq!(person.get(address).await.status, status, "{role} {address}");
        }
    }
}

#[tokio::test]
async fn a_chosen_project_is_set_up_in_one_press_and_its_webhooks_share_gitlabs() {
    let (gitlab, app_id) = gitlab_with_app().await;
    let app = App::start().await;
    let panel = app.panel().await;
    panel.open(PROJECTS).await.says("No GitLab connections yet");
    connect(&panel, &gitlab).await;
    panel.open(&format!("{PROJECTS}?q=nothing-like-it")).await.says("No such project");
    let page = set_up(&panel, "push", "Push Hook").await;
    tells(&page, "The webhook was added in GitLab. GitLab sent a Test.");
    let hooks = gitlab.hooks(Owner::Project(app_id));
    assert_eq!(hooks.len(), 1);
    assert_eq!(hooks[0].url, format!("{}/webhooks/gitlab", app.base()));
    assert!(hooks[0].token.is_some() && hooks[0].events["push_events"]);
    assert!(hooks[0].enable_ssl_verification && !hooks[0].events["issues_events"]);
    // The Test ran.
    assert_eq!(app.database().count("deliveries WHERE verdict = 'matched'").await, 1);
    // The second one of this project: the same webhook in GitLab, the same token.
    tells(
        &set_up(&panel, "tag_push", "Tag Push Hook").await,
        "GitLab’s webhook now sends this event too.",
    );
    let hooks = gitlab.hooks(Owner::Project(app_id));
    assert!(
        hooks.len() == 1 && hooks[0].events["tag_push_events"] && hooks[0].events["push_events"]
    );
    assert_eq!(gitlab.count(&format!("POST /api/v4/projects/{app_id}/hooks HTTP")), 0);
    assert_eq!(
        app.database().value("SELECT count(DISTINCT secret_digest)::text FROM webhooks").await,
        "1"
    );
    assert_eq!(app.database().count("deliveries WHERE verdict = 'rejected'").await, 0);
    // Again, from the setup page: nothing is made twice.
    let setup = panel.open(&format!("{WEBHOOKS}1/setup/")).await;
    setup.says("Signalbox keeps GitLab’s webhook of this project in order.");
    let form = setup.form_to("/admin/hooks/webhook/1/set-up/").unset("gitlab_test");
    tells(&panel.submit(form).await, "GitLab’s webhook now sends this event too.");
    assert_eq!(gitlab.hooks(Owner::Project(app_id)).len(), 1);
    let page = panel.open(&format!("{CONNECTIONS}1/")).await;
    assert!(page.states("tbody") == ["healthy"], "{}", page.main());
    for token in [&hooks[0].token, &hooks[0].signing_token] {
        assert!(!app.log().contains(token.as_deref().unwrap()));
    }
    // Pushes go on to both ends.
    let sent =
        gitlab.push(app_id, "main", "6f1d3b0a2c4e5f60718293a4b5c6d7e8f9a0b1c2", "Second").await;
    assert_eq!(sent[0].status, Some(202));
}

#[tokio::test]
async fn a_token_that_may_not_is_told_so_and_the_webhook_stays_to_be_finished() {
    let (gitlab, app_id) = gitlab_with_app().await;
    gitlab.add_token(Token::personal("glpat-low").member_of(app_id, Role::Developer));
    let app = App::start().await;
    let panel = app.panel().await;
    connect_as(&panel, gitlab.address(), "glpat-low", true).await;
    // Nothing to choose for who is no maintainer; by hand, the webhook is saved and GitLab's answer told.
    panel.open(&format!("{PROJECTS}?q=app")).await.says("No such project");
    let address = format!(
        "{WEBHOOKS}add/?repo_name=app&repo_url=git@127.0.0.1:group/app.git&pending=0&project_id={app_id}&gitlab_connection=1"
    );
    let form = panel.get(&address).await.form_with("repo_name");
    let page = panel.submit(form).await;
    assert!(page.address.ends_with("/setup/"), "{}", page.main());
    assert!(gitlab.hooks(Owner::Project(app_id)).is_empty());
    let form = panel.open(&format!("{CONNECTIONS}1/change/")).await.form_with("base_url");
    tells(&panel.submit(form.set("access_token", TOKEN)).await, "GitLab accepted the token");
    let form = panel.open(&page.address).await.form_with("gitlab_connection");
    tells(&panel.submit(form).await, "The webhook was added in GitLab.");
}

#[tokio::test]
async fn the_webhook_that_sends_here_is_taken_over_and_goes_on() {
    let (gitlab, app_id) = gitlab_with_app().await;
    let app = App::start().await;
    let panel = app.panel().await;
    let url = format!("{}/api/v4/projects/{app_id}/hooks", gitlab.address());
    let by_hand = json!({"url": format!("{}/webhooks/gitlab", app.base()), "issues_events": true, "push_events_branch_filter": "main"});
    let made = reqwest::Client::new().post(url).header("PRIVATE-TOKEN", TOKEN).json(&by_hand);
    assert_eq!(made.send().await.unwrap().status(), 201);
    connect(&panel, &gitlab).await;
    tells(&set_up(&panel, "push", "Push Hook").await, "GitLab’s webhook now sends this event too.");
    let hooks = gitlab.hooks(Owner::Project(app_id));
    assert!(hooks.len() == 1 && hooks[0].events["issues_events"] && hooks[0].token.is_some());
    // Its branch filter is a person's: shown, and taken away on a press.
    let page = panel.open(&format!("{CONNECTIONS}1/")).await;
    page.says("It sends pushes of these branches only: main.");
    let page = panel.submit(page.form_with("hook")).await;
    tells(&page, "The webhook in GitLab is what it should be.");
    assert_eq!(page.states("tbody"), ["healthy"]);
    assert_eq!(
        gitlab.hooks(Owner::Project(app_id))[0]
            .push_events_branch_filter
            .as_deref()
            .unwrap_or_default(),
        ""
    );
}

#[tokio::test]
async fn what_changes_in_gitlab_is_seen_and_what_is_disabled_or_unfinished_is_made_good() {
    let (gitlab, app_id) = gitlab_with_app().await;
    let mut app = App::start().await;
    let panel = app.panel().await;
    connect(&panel, &gitlab).await;
    set_up(&panel, "push", "Push Hook").await;
    let hook = gitlab.hooks(Owner::Project(app_id)).remove(0).id();
    // Whoever starts looks at what was not looked at for long.
    let old = "UPDATE gitlab_connections SET checked_at = now() - interval '1 hour'";
    let state = async |app: &App, wanted: &str| {
        let panel = app.panel().await;
        wait::until_equal("the state", vec![wanted.to_owned()], async || {
            panel.open(&format!("{CONNECTIONS}1/")).await.states("tbody")
        })
        .await;
        panel
    };
    gitlab.change_hook(hook, |hook| {
        hook.events.insert("push_events", false);
        hook.url = "https://elsewhere.example.com/".to_owned();
    });
    app.stop().await;
    app.database().execute(old).await;
    app.restart().await;
    let panel = state(&app, "differs").await;
    let page = panel.open(&format!("{CONNECTIONS}1/")).await;
    page.says("It sends to https://elsewhere.example.com/.")
        .says("It does not send push_events.")
        .says("It has no secret token.");
    // The address is another since the restart; what was asked for stays what it was.
    tells(
        &panel.submit(page.form_with("hook")).await,
        "The webhook in GitLab is what it should be.",
    );
    // Disabled: a test that runs nothing enables it again, by itself.
    let jobs = app.database().count("jobs").await;
    let address = app.base().trim_start_matches("http://").to_owned();
    gitlab.change_hook(hook, |hook| hook.url = format!("http://{address}/webhooks/gitlab"));
    app.database()
        .execute(&format!("UPDATE gitlab_hooks SET url = 'http://{address}/webhooks/gitlab'"))
        .await;
    let form = panel.open(&format!("{CONNECTIONS}1/")).await;
    panel.submit(form.form_with("hook")).await;
    gitlab.advance(TimeDelta::minutes(2));
    gitlab.disable_hook(hook, None);
    app.stop().await;
    app.database().execute(old).await;
    app.restart_at(&address).await;
    wait::until_equal("it is enabled again", true, async || {
        gitlab.count(&format!("POST /api/v4/projects/{app_id}/hooks/{hook}/test/")) > 1
    })
    .await;
    assert_eq!(app.database().count("jobs").await, jobs, "the test ran nothing");
    state(&app, "healthy").await;
    // Killed after it was written down and before GitLab was asked: made by the next look, once.
    app.kill();
    gitlab.remove_hook(hook);
    app.database().execute("UPDATE gitlab_hooks SET hook_id = NULL, seen = NULL").await;
    app.database().execute(old).await;
    app.restart_at(&address).await;
    wait::until_equal("it is made", 1, async || gitlab.hooks(Owner::Project(app_id)).len()).await;
    state(&app, "healthy").await;
    assert_eq!(gitlab.hooks(Owner::Project(app_id)).len(), 1);
    let sent =
        gitlab.push(app_id, "main", "6f1d3b0a2c4e5f60718293a4b5c6d7e8f9a0b1c2", "Second").await;
    assert_eq!(sent[0].status, Some(202));
}

#[tokio::test]
async fn another_secret_key_opens_the_token_and_a_deleted_connection_leaves_webhooks() {
    let (gitlab, app_id) = gitlab_with_app().await;
    let mut app = App::start().await;
    let panel = app.panel().await;
    connect(&panel, &gitlab).await;
    set_up(&panel, "push", "Push Hook").await;
    app.stop().await;
    let rotated = app.run(&["rotate-secret-key"], &[]);
    let said = String::from_utf8_lossy(&rotated.stdout).into_owned();
    assert!(rotated.status.success() && said.contains("Sealed 3 secrets"), "{said}");
    app.restart().await;
    let panel = app.panel().await;
    let page = panel.open(&format!("{CONNECTIONS}1/")).await;
    let page = panel.submit(page.form_to("/admin/gitlab/connection/1/check/")).await;
    tells(&page, "GitLab accepted the token");
    let page = panel.open(&format!("{CONNECTIONS}1/delete/")).await;
    page.says("Signalbox no longer checks 1 webhook in GitLab.");
    tells(&panel.submit(page.form_to("/admin/gitlab/connection/1/delete/")).await, "was deleted");
    assert_eq!(gitlab.hooks(Owner::Project(app_id)).len(), 1);
    assert_eq!(app.database().count("webhooks").await, 1);
    panel.open(&format!("{CONNECTIONS}1/history/")).await.says("Ours");
    let _ = app.stop().await;
}
