//! A job's page: the ways to the jobs beside it, what is to be done first, and its window.

use super::run::{push, webhook_with};
use crate::support::app::Setup;
use crate::support::page::Page;

const LIST: &str = "/admin/hooks/job/";

fn ways(page: &Page) -> [Vec<String>; 2] {
    ["prev", "next"].map(|rel| page.attributes(&format!(".object-tools a[rel={rel}]"), "href"))
}

#[tokio::test]
async fn a_job_leads_to_those_of_its_webhook_before_and_after_it() {
    let app = Setup::new().await.start().await;
    let webhook = webhook_with(&app, "print", &[]).await;
    let mut jobs = Vec::new();
    for key in ["a", "b", "c", "d"] {
        let job = push(&app, key).await;
        app.job_is(&job, "succeeded").await;
        jobs.push(job);
    }
    // One between them is another webhook's.
    let other = format!("UPDATE jobs SET webhook_id = {webhook} + 1 WHERE id = '{}'", jobs[1]);
    app.database().execute(&other).await;
    let panel = app.panel().await;
    let kept = "?_changelist_filters=state%3Dsucceeded";
    let address = |job: &String| format!("{LIST}{job}/");
    for (job, before, after) in [(0, None, Some(2)), (2, Some(0), Some(3)), (3, Some(2), None)] {
        let page = panel.open(&address(&jobs[job])).await;
        let to = |job: Option<usize>| Vec::from_iter(job.map(|job| address(&jobs[job])));
        assert_eq!(ways(&page), [to(before), to(after)], "{job}");
    }
    let narrowed = panel.open(&format!("{}{kept}", address(&jobs[0]))).await;
    assert_eq!(ways(&narrowed)[1], [format!("{}{kept}", address(&jobs[2]))]);
    // Without a webhook it has no place among others.
    let alone = format!("UPDATE jobs SET webhook_id = NULL WHERE id = '{}'", jobs[1]);
    app.database().execute(&alone).await;
    assert_eq!(ways(&panel.open(&address(&jobs[1])).await), [Vec::<String>::new(), Vec::new()]);
}

#[tokio::test]
async fn a_failed_job_is_found_among_windows_and_run_again_first() {
    let app = Setup::new().await.action("fails", "", "exit 3").start().await;
    webhook_with(&app, "fails", &[("max_attempts", "1")]).await;
    let job = push(&app, "a").await;
    app.job_is(&job, "failed").await;
    let panel = app.panel().await;
    let page = panel.open(&format!("{LIST}{job}/")).await;
    assert!(page.text("title").starts_with("✕ "), "{}", page.text("title"));
    let icon = page.attributes("link[rel=icon]", "href").remove(0);
    assert!(icon.starts_with("/static/favicon-failed."), "{icon}");
    assert_eq!(panel.get(&icon).await.status, 200);
    // The first button is the one to press; what is rare and dangerous is in a menu.
    assert_eq!(page.texts(".verdict-actions > :first-child"), ["Run again"]);
    assert_eq!(page.texts("main [data-kind=primary]"), ["Run again"]);
    assert_eq!(page.texts(".verdict-actions .menu-list button"), ["Delete from history"]);
    let ended = format!("UPDATE jobs SET state = 'succeeded' WHERE id = '{job}'");
    app.database().execute(&ended).await;
    let page = panel.open(&format!("{LIST}{job}/")).await;
    let icon = page.attributes("link[rel=icon]", "href").remove(0);
    assert!(
        icon.starts_with("/static/favicon.") && !page.has("main [data-kind=primary]"),
        "{icon}"
    );
}

#[tokio::test]
async fn the_command_is_shown_as_it_ran_without_its_secrets() {
    let more = "secrets = { PLANTED = { env = 'PLANTED' } }";
    let setup = Setup::new().await.action("deploy", more, "exit 0").setting("PLANTED", "hush-hush");
    let file = setup.folder().join("actions/deploy.toml");
    let entry = std::fs::read_to_string(&file).unwrap();
    let command = "deploy.sh\", \"{branch}\", \"two words\", \"--key=hush-hush\"]";
    std::fs::write(&file, entry.replace("deploy.sh\"]", command)).unwrap();
    let app = setup.start().await;
    webhook_with(&app, "deploy", &[]).await;
    let job = push(&app, "a").await;
    app.job_is(&job, "succeeded").await;
    let panel = app.panel().await;
    let shown = panel.open(&format!("{LIST}{job}/")).await;
    let command = shown.text(".attempt [data-width=full] > dd > code");
    let program = app.folder().join("actions/deploy.sh");
    assert_eq!(command, format!("{} master 'two words' '--key=••••••'", program.display()));
    // Later the file says something else: what ran stays.
    std::fs::write(&file, entry).unwrap();
    assert_eq!(panel.open(&format!("{LIST}{job}/")).await.text(".attempt dd > code"), command);
    // What is long takes a click, and what is longer is not kept.
    let long = "UPDATE job_attempts SET argv = jsonb_build_array(repeat('x', 500))";
    app.database().execute(long).await;
    assert!(panel.open(&format!("{LIST}{job}/")).await.has(".attempt dd > details > code"));
    app.database().execute("UPDATE job_attempts SET argv = NULL").await;
    assert!(!panel.open(&format!("{LIST}{job}/")).await.has("[data-width=full]"));
}
