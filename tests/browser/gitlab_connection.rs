//! From a token to a webhook that GitLab sends to, as a person walks it in a browser.

use super::axe::{read_axe, serious_at};
use crate::support::app::App;
use crate::support::browser::{Browser, WIDTHS};
use fantoccini::Locator;
use signalbox_gitlab_stand_in::{Commit, GitLab, Owner, Project, Token};

const SHA: &str = "da1560886d4f094c3e6c9ef40349f7d38b5d27d7";
const LONG: &str = "a-group-whose-name-goes-on-and-on/a-project-with-a-name-that-is-far-too-long";

#[tokio::test]
async fn a_token_and_a_project_are_all_it_takes() {
    let axe = read_axe();
    let gitlab = GitLab::start().await;
    let head = || Commit::new(SHA, "First").author("Jordi Mallach", "jordi@softcatala.org");
    let project = gitlab.add_project(Project::new("group/app").branch("main", head()));
    gitlab.add_project(Project::new(LONG).branch("main", head()));
    gitlab.add_token(Token::personal("glpat-secret").owner("Jordi Mallach"));
    let app = App::start().await;
    let browser = Browser::logged_in(&app).await;
    let sound = async |name: &str| {
        for width in WIDTHS {
            assert_eq!(serious_at(&browser, &axe, width).await, [""; 0], "{name}");
        }
        browser.pictures(name).await;
    };
    browser.open("/admin/gitlab/connection/").await;
    sound("gitlab-connections-none").await;
    browser.open("/admin/gitlab/connection/add/").await;
    browser.fill("base_url", gitlab.address()).await;
    browser.fill("access_token", "glpat-secret").await;
    browser.clicked(Locator::Css("[name=allow_private_network]")).await;
    sound("gitlab-connection-form").await;
    browser.submit("Save").await;
    browser.at("/admin/gitlab/connection/1/").await;
    browser.says("jordi.mallach").await;
    browser.press("Choose a project").await;
    browser.says("group/app").await;
    sound("gitlab-projects").await;
    browser.press("group/app").await;
    browser.says("Set up in GitLab").await;
    assert_eq!(browser.value("project_id").await, project.to_string());
    sound("gitlab-webhook-form").await;
    browser.submit("Save").await;
    browser.at("/admin/hooks/webhook/1/setup/").await;
    assert_eq!(gitlab.hooks(Owner::Project(project)).len(), 1);
    sound("gitlab-webhook-setup").await;
    // What only some webhooks and deliveries show.
    let kind = |kind: &str| format!("UPDATE webhooks SET object_kind = '{kind}'");
    app.database().execute(&kind("merge_request")).await;
    browser.open("/admin/hooks/webhook/1/setup/").await;
    browser.says("Comment in the merge request").await;
    sound("gitlab-webhook-setup-merge-request").await;
    app.database().execute(&kind("push")).await;
    let id = app.database().value("SELECT id FROM deliveries LIMIT 1").await;
    for (source, words) in [
        ("log", "It was taken from GitLab’s log."),
        ("catch_up", "GitLab sent no event of this push."),
    ] {
        app.database().execute(&format!("UPDATE deliveries SET source = '{source}'")).await;
        browser.open(&format!("/admin/hooks/delivery/{id}/")).await;
        browser.says(words).await;
        sound(&format!("gitlab-delivery-{source}")).await;
    }
    browser.open("/admin/hooks/webhook/1/setup/").await;
    // What somebody changed is shown, and put right with one press.
    let hook = gitlab.hooks(Owner::Project(project)).remove(0).id();
    gitlab.change_hook(hook, |hook| {
        hook.enable_ssl_verification = false;
        hook.push_events_branch_filter = Some("release-*".to_owned());
    });
    browser.press("Set it up again").await;
    browser.says("It sends pushes of these branches only: release-*.").await;
    browser.open("/admin/gitlab/connection/1/").await;
    sound("gitlab-connection").await;
    browser.submit("Fix").await;
    browser.says("In order").await;
    let missed = r#"UPDATE gitlab_hooks SET missed = '{"count": 1234, "from": "2026-01-01T00:00:00Z",
        "to": "2026-01-02T03:04:05Z", "read_to": "2026-01-02T03:04:05Z",
        "kinds": {"Push Hook": 1000, "Pipeline Hook": 234}}'"#;
    app.database().execute(missed).await;
    browser.open("/admin/gitlab/connection/1/").await;
    browser.says("GitLab could not deliver 1,234 events").await;
    sound("gitlab-connection-missed").await;
    gitlab.revoke_token("glpat-secret");
    browser.submit("Test connection").await;
    browser.says("GitLab refused the token").await;
    sound("gitlab-connection-refused").await;
    browser.open("/admin/gitlab/call/").await;
    sound("gitlab-calls").await;
    assert_eq!(browser.complaints().await, [""; 0]);
    browser.close().await;
}
