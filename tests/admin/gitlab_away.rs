//! The bar: the receiver is away, 1,000 pushes over 20 projects come, and half-way GitLab disables the
//! webhooks. Every branch is handled within ten minutes of the return, none twice.

use super::gitlab_care::becomes;
use super::gitlab_catch_up::sha;
use super::gitlab_connection::{TOKEN, connect, set_up_of};
use crate::support::app::App;
use crate::support::wait;
use signalbox_gitlab_stand_in::{Commit, GitLab, Owner, Project, Token};
use std::time::{Duration, Instant};

const PROJECTS: usize = 20;
/// Of each project, before and after its webhook is disabled.
const PUSHES: usize = 25;
const LIMIT: Duration = Duration::from_mins(10);

#[tokio::test]
async fn a_thousand_pushes_of_a_day_away_are_caught_up_on_within_ten_minutes() {
    let gitlab = GitLab::start().await;
    gitlab.add_token(Token::personal(TOKEN));
    let mut app = App::start().await;
    let panel = app.panel().await;
    connect(&panel, &gitlab).await;
    let mut projects = Vec::new();
    for number in 0..PROJECTS {
        let head = Commit::new(&sha(number + 1), "First");
        let name = format!("bar{number:02}");
        let project = Project::new(&format!("group/{name}")).branch("main", head);
        projects.push(gitlab.add_project(project));
        set_up_of(&panel, &name, "push", "Push Hook").await;
    }
    // Checked once, as they would be within minutes.
    app.database().execute("UPDATE gitlab_connections SET checked_at = NULL").await;
    let noted = "SELECT count(*)::text FROM gitlab_hooks WHERE heads_at IS NOT NULL";
    becomes(&app, noted, &PROJECTS.to_string()).await;
    let before = app.database().count("jobs").await;
    let address = app.base().trim_start_matches("http://").to_owned();
    app.stop().await;
    let commit = |project: usize, push: usize| sha((project + 1) * 1_000 + push);
    for push in 0..2 * PUSHES {
        for (number, project) in projects.iter().enumerate() {
            if push < PUSHES {
                gitlab.push_unreceived(*project, "main", &commit(number, push), "Logged");
            } else {
                if push == PUSHES {
                    gitlab.disable_hook(gitlab.hooks(Owner::Project(*project))[0].id(), None);
                }
                let sent = gitlab.push(*project, "main", &commit(number, push), "Unseen").await;
                assert!(sent.is_empty());
            }
        }
    }
    let away = "UPDATE gitlab_connections SET checked_at = now() - interval '1 day'";
    app.database().execute(away).await;
    let begun = Instant::now();
    app.restart_at(&address).await;
    let of_source =
        |source: &str| format!("deliveries WHERE source = '{source}' AND verdict = 'matched'");
    let (log, made) = (of_source("log"), of_source("catch_up"));
    wait::within(LIMIT, "every event of the log", async || {
        (app.database().count(&log).await == i64::try_from(PROJECTS * PUSHES).ok()?).then_some(())
    })
    .await;
    let logged = begun.elapsed();
    wait::within(LIMIT, "every branch", async || {
        (app.database().count(&made).await == i64::try_from(PROJECTS).ok()?).then_some(())
    })
    .await;
    let all = begun.elapsed();
    eprintln!(
        "{} pushes of {PROJECTS} projects: {} events of the log after {:.1} s, \
         {PROJECTS} branches after {:.1} s",
        PROJECTS * PUSHES * 2,
        PROJECTS * PUSHES,
        logged.as_secs_f64(),
        all.as_secs_f64()
    );
    assert!(all < LIMIT);
    // Each branch stands where GitLab has it, and no commit ran twice.
    let last = "SELECT DISTINCT ON (project_id) sha FROM deliveries WHERE verdict = 'matched' \
                ORDER BY project_id, id DESC";
    let wanted: Vec<String> = (0..PROJECTS).map(|number| commit(number, 2 * PUSHES - 1)).collect();
    assert_eq!(app.database().column(last).await, wanted);
    let ran = i64::try_from(PROJECTS * (PUSHES + 1)).unwrap();
    assert_eq!(app.database().count("jobs").await, before + ran);
    let twice = "SELECT d.sha FROM deliveries d JOIN jobs j ON j.delivery_id = d.id \
                 WHERE d.source <> 'gitlab' GROUP BY d.sha HAVING count(*) > 1";
    assert_eq!(app.database().column(twice).await, [""; 0]);
    for (number, project) in projects.iter().enumerate() {
        let sent = gitlab.push(*project, "main", &commit(number, 2 * PUSHES), "Delivered").await;
        assert_eq!(sent[0].status, Some(202), "GitLab sends again");
    }
}
