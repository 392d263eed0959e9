//! Branches that went on while GitLab sent and logged nothing: a push is made for each, once, whoever dies
//! meanwhile, and also when GitLab's own comes after all.

use super::gitlab_care::{becomes, look, press};
use super::gitlab_catch_up::{RUN, app_with_push, sha};
use super::gitlab_connection::{CONNECTIONS, SHA, gitlab_with_app};
use crate::support::app::App;
use crate::support::gitlab::{Answer, Delivery};
use crate::support::wait;
use signalbox_gitlab_stand_in::{GitLab, Owner};

const MADE: &str = "SELECT count(*)::text FROM deliveries WHERE source = 'catch_up'";
const DUE: &str = "SELECT count(*)::text FROM gitlab_heads WHERE due_at IS NOT NULL";

/// Has all branches noted as they are.
pub(super) async fn note_branches(app: &App) {
    look(app).await;
    let noted = "SELECT (heads_at IS NOT NULL AND NOT heads_due)::text FROM gitlab_hooks";
    becomes(app, noted, "true").await;
}

/// Lets the time pass that an event may be on its way.
async fn let_grace_pass(app: &App) {
    let sql =
        "UPDATE gitlab_heads SET due_at = due_at - interval '2 minutes' WHERE due_at IS NOT NULL";
    app.database().execute(sql).await;
}

/// GitLab disables the webhook, so that it neither sends nor logs.
fn disable(gitlab: &GitLab, project: i64) {
    gitlab.disable_hook(gitlab.hooks(Owner::Project(project))[0].id(), None);
}

/// GitLab's own push of what a made one stands for.
async fn send_after_all(app: &App, gitlab: &GitLab, project: i64, sha: &str) -> Answer {
    let stored = format!(
        "SELECT convert_from(body, 'UTF8') FROM deliveries WHERE project_id = {project} \
         AND body IS NOT NULL ORDER BY id DESC LIMIT 1"
    );
    let mut body: serde_json::Value =
        serde_json::from_str(&app.database().value(&stored).await).unwrap();
    for field in ["after", "checkout_sha"] {
        body[field] = sha.into();
    }
    let token = gitlab.hooks(Owner::Project(project))[0].token.clone().unwrap();
    let push =
        Delivery::push_2015().body(body.to_string()).token(&token).key(&format!("late {sha}"));
    app.send(&push).await
}

#[tokio::test]
async fn a_branch_that_went_on_while_the_webhook_was_disabled_gets_one_push() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_push(&gitlab).await;
    gitlab.push(project, "quiet", &sha(9), "Delivered").await;
    note_branches(&app).await;
    let jobs = app.database().count("jobs").await;
    disable(&gitlab, project);
    for number in 1..4 {
        assert!(gitlab.push(project, "main", &sha(number), "Unseen").await.is_empty());
    }
    assert!(gitlab.push(project, "new/one", &sha(4), "Unseen").await.is_empty());
    look(&app).await;
    becomes(&app, DUE, "2").await;
    assert_eq!(app.database().value(MADE).await, "0", "an event may be on its way");
    let_grace_pass(&app).await;
    becomes(&app, MADE, "2").await;
    let ran = (jobs + 2).to_string();
    becomes(&app, RUN, &ran).await;
    let made = "SELECT sha || ' ' || ref FROM deliveries WHERE source = 'catch_up' ORDER BY ref";
    let wanted = [format!("{} refs/heads/main", sha(3)), format!("{} refs/heads/new/one", sha(4))];
    assert_eq!(app.database().column(made).await, wanted);
    let main = "SELECT id FROM deliveries WHERE source = 'catch_up' AND ref = 'refs/heads/main'";
    let address = format!("/admin/hooks/delivery/{}/", app.database().value(main).await);
    let page = panel.open(&address).await;
    page.says("GitLab sent no event of this push.").says("Made to catch up").says("README.md");
    page.says(SHA);
    panel.open("/admin/hooks/delivery/?source=catch_up").await.says("2 deliveries");
    // GitLab sends it after all.
    let late = send_after_all(&app, &gitlab, project, &sha(4)).await;
    assert_eq!((late.status, late.field("verdict")), (200, "duplicate".to_owned()), "{late:?}");
    // Nothing is made twice, and the next push of GitLab's is one like any other.
    press(&panel, "catch_up", "Nothing was missed.").await;
    assert_eq!(gitlab.push(project, "main", &sha(5), "Delivered").await[0].status, Some(202));
    press(&panel, "catch_up", "Nothing was missed.").await;
    assert_eq!(app.database().value(MADE).await, "2");
    assert_eq!(app.database().value(RUN).await, (jobs + 3).to_string());
}

#[tokio::test]
async fn a_push_that_was_on_its_way_is_not_made() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_push(&gitlab).await;
    note_branches(&app).await;
    let jobs = app.database().count("jobs").await;
    disable(&gitlab, project);
    gitlab.push(project, "main", &sha(1), "Late").await;
    let found = "Branches without an event: 1. Their pushes are made within two minutes.";
    press(&panel, "catch_up", found).await;
    let late = send_after_all(&app, &gitlab, project, &sha(1)).await;
    assert_eq!(late.status, 202, "{late:?}");
    let_grace_pass(&app).await;
    becomes(&app, DUE, "0").await;
    assert_eq!(app.database().value(MADE).await, "0");
    assert_eq!(app.database().value(RUN).await, (jobs + 1).to_string());
    // The branch goes on before its push is made: the newest commit is what counts.
    gitlab.push(project, "main", &sha(2), "Unseen").await;
    press(&panel, "catch_up", found).await;
    gitlab.push(project, "main", &sha(3), "Unseen").await;
    let_grace_pass(&app).await;
    becomes(&app, DUE, "0").await;
    press(&panel, "catch_up", found).await;
    let_grace_pass(&app).await;
    becomes(&app, MADE, "1").await;
    let made = "SELECT sha FROM deliveries WHERE source = 'catch_up'";
    assert_eq!(app.database().value(made).await, sha(3));
}

#[tokio::test]
async fn many_branches_wait_for_a_person() {
    let (gitlab, project) = gitlab_with_app().await;
    let (app, panel) = app_with_push(&gitlab).await;
    note_branches(&app).await;
    disable(&gitlab, project);
    for number in 0..201 {
        gitlab.push(project, &format!("b{number}"), &sha(number), "Unseen").await;
    }
    look(&app).await;
    let waits = "SELECT coalesce(missed ->> 'count', '0') FROM gitlab_hooks";
    becomes(&app, waits, "201").await;
    panel.open(&format!("{CONNECTIONS}1/")).await.says("Branches: 201");
    press(&panel, "leave", "The missed events are left out.").await;
    note_branches(&app).await;
    press(&panel, "catch_up", "Nothing was missed.").await;
    assert_eq!(app.database().value(DUE).await, "0");
}

#[tokio::test]
async fn a_server_that_is_killed_while_it_makes_pushes_makes_none_twice() {
    let (gitlab, project) = gitlab_with_app().await;
    let (mut app, _) = app_with_push(&gitlab).await;
    note_branches(&app).await;
    let jobs = app.database().count("jobs").await;
    disable(&gitlab, project);
    for number in 0..60 {
        gitlab.push(project, &format!("b{number}"), &sha(number), "Unseen").await;
    }
    look(&app).await;
    becomes(&app, DUE, "60").await;
    let_grace_pass(&app).await;
    let address = app.base().trim_start_matches("http://").to_owned();
    for least in [10, 30] {
        wait::until("some are made", async || {
            let made = "deliveries WHERE source = 'catch_up'";
            (app.database().count(made).await >= least).then_some(())
        })
        .await;
        app.kill();
        // What it held is nobody's any more.
        app.database().execute("UPDATE gitlab_hooks SET busy_until = NULL").await;
        app.restart_at(&address).await;
    }
    becomes(&app, DUE, "0").await;
    let made = "SELECT count(DISTINCT sha)::text FROM deliveries \
                WHERE source = 'catch_up' AND verdict = 'matched'";
    assert_eq!(app.database().value(made).await, "60");
    assert_eq!(app.database().value(RUN).await, (jobs + 60).to_string());
}
