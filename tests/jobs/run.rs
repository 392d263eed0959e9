//! A job from the queue to its stored result.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{self, with};

/// Sends the push and gives back its one job.
pub async fn push(app: &App, key: &str) -> String {
    let answer = app.send(&Delivery::push_2015().token(TOKEN).key(key)).await;
    let [job] = answer.expect(202, "matched").jobs().try_into().unwrap();
    job
}

/// What a job wrote to one stream, all attempts together.
pub async fn output(app: &App, job: &str, stream: &str) -> String {
    app.database()
        .column(&format!(
            "SELECT convert_from(bytes, 'UTF8') FROM job_output \
             WHERE job_id = '{job}' AND stream = '{stream}' ORDER BY attempt, seq"
        ))
        .await
        .concat()
}

/// The attempts of a job: `outcome exit_code`, in order.
pub async fn attempts(app: &App, job: &str) -> Vec<String> {
    app.database()
        .column(&format!(
            "SELECT concat_ws(' ', coalesce(outcome, 'open'), exit_code) FROM job_attempts \
             WHERE job_id = '{job}' ORDER BY number"
        ))
        .await
}

/// The jobs' action of a webhook that equals the push.
pub async fn webhook_with(app: &App, action: &str, more: &[(&'static str, &str)]) -> String {
    let webhook = with(webhooks::push(), &[("action", action)]);
    app.add_webhook(&with(webhook, more)).await
}

#[tokio::test]
async fn print_shows_the_event_and_its_page_shows_all_of_it() {
    let app = App::start().await;
    webhook_with(&app, "print", &[]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "succeeded").await;
    assert_eq!(attempts(&app, &job).await, ["succeeded 0"]);
    let printed = output(&app, &job, "stdout").await;
    assert!(printed.contains("push") && printed.contains("Diaspora"), "{printed}");

    let panel = app.panel().await;
    let page = panel.open(&format!("/admin/hooks/job/{job}/")).await;
    assert!(page.states("main").contains(&"succeeded".to_owned()), "{}", page.main());
    page.says("Diaspora").says("John Smith");
    let list = panel.open("/admin/hooks/job/").await;
    assert_eq!(list.rows(), [job]);
}

#[tokio::test]
async fn a_failure_is_stored_with_its_values_and_one_of_before_is_shown_as_it_stands() {
    let app = Setup::new().await.action("odd", "", "exit 3").start().await;
    webhook_with(&app, "odd", &[]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "failed").await;
    let stored = "SELECT concat_ws('|', failure->>'code', failure->'args'->>'code', error) \
                  FROM job_attempts";
    assert_eq!(app.database().value(stored).await, "exit_code|3|It ended with exit code 3.");
    let panel = app.panel().await;
    let page = format!("/admin/hooks/job/{job}/");
    panel.open(&page).await.says("It ended with exit code 3.");
    app.database()
        .execute(
            "UPDATE job_attempts SET failure = NULL, error = 'It went amiss.'; \
             UPDATE jobs SET error = 'It went amiss.'",
        )
        .await;
    panel.open(&page).await.says("It went amiss.");
    panel.open("/admin/").await.says("It went amiss.");
}

#[tokio::test]
async fn an_action_gets_the_exact_body_and_a_clean_environment() {
    let app = Setup::new()
        .await
        .action("look", "", "cat >\"$(dirname \"$0\")/body\"; env; pwd; id -u")
        .setting("PLANTED_SECRET", "do-not-pass-on")
        .start()
        .await;
    webhook_with(&app, "look", &[]).await;
    let push_2015 = Delivery::push_2015().token(TOKEN).key("k");
    let [job] = app.send(&push_2015).await.jobs().try_into().unwrap();
    app.job_is(&job, "succeeded").await;
    let stdin = std::fs::read(app.folder().join("actions/body")).unwrap();
    assert_eq!(stdin, push_2015.body);
    let environment = output(&app, &job, "stdout").await;
    for line in [
        "SIGNALBOX_EVENT=Push Hook",
        "SIGNALBOX_KIND=push",
        "SIGNALBOX_REF=refs/heads/master",
        "SIGNALBOX_BRANCH=master",
        "SIGNALBOX_SHA=da1560886d4f094c3e6c9ef40349f7d38b5d27d7",
        "SIGNALBOX_PROJECT_ID=15",
        "SIGNALBOX_USER_NAME=John Smith",
        "SIGNALBOX_ATTEMPT=1",
        &format!("SIGNALBOX_JOB={job}"),
    ] {
        assert!(environment.lines().any(|found| found == line), "no {line} in {environment}");
    }
    for word in ["do-not-pass-on", "DATABASE_URL", "SUPERUSER", TOKEN] {
        assert!(!environment.contains(word), "{word} in {environment}");
    }
}

#[tokio::test]
async fn a_failing_action_is_failed_with_its_code_and_both_streams() {
    let script = "echo to stdout; echo to stderr >&2; exit 3";
    let app = Setup::new().await.action("broken", "separate_stderr = true", script).start().await;
    webhook_with(&app, "broken", &[("max_attempts", "5")]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "failed").await;
    assert_eq!(attempts(&app, &job).await, ["failed 3"], "a plain failure is not retried");
    assert_eq!(output(&app, &job, "stdout").await, "to stdout\n");
    assert_eq!(output(&app, &job, "stderr").await, "to stderr\n");
}

#[tokio::test]
async fn the_time_limit_ends_the_whole_group() {
    let app = Setup::new()
        .await
        .action("endless", "timeout_s = 1", "sleep 600 & echo $!; wait")
        .start()
        .await;
    webhook_with(&app, "endless", &[]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "failed").await;
    let [attempt] = attempts(&app, &job).await.try_into().unwrap();
    assert!(attempt.starts_with("timed_out"), "{attempt}");
    let grandchild: i32 = output(&app, &job, "stdout").await.trim().parse().unwrap();
    let gone = std::fs::read_to_string(format!("/proc/{grandchild}/cmdline"));
    assert!(gone.is_err() || !gone.unwrap().contains("sleep"), "{grandchild} still sleeps");
}

#[tokio::test]
async fn f61_output_over_the_limit_keeps_head_and_tail_with_a_mark_and_the_size() {
    let app =
        Setup::new().await.action("loud", "", "echo first; seq 1 600000; echo last").start().await;
    webhook_with(&app, "loud", &[]).await;
    let job = push(&app, "k").await;
    app.job_is(&job, "succeeded").await;
    let kept = output(&app, &job, "stdout").await;
    assert!(kept.starts_with("first\n1\n2\n") && kept.ends_with("600000\nlast\n"));
    assert!(kept.len() <= 1024 * 1024 + 4096, "{} bytes kept", kept.len());
    // Between them a line of ours says how much is not there; it is no line of the program's.
    let panel = app.panel().await;
    let find = panel.open(&format!("/admin/hooks/job/{job}/")).await;
    find.says("last").says("600000");
    let notice = output(&app, &job, "notice").await;
    let typed = "SELECT notice->>'code' || ' ' || (notice->'args'->>'n') FROM job_output";
    let typed = app.database().value(&format!("{typed} WHERE stream = 'notice'")).await;
    let dropped: usize = notice
        .split(|c: char| !c.is_ascii_digit() && c != ',')
        .map(|word| word.replace(',', ""))
        .find_map(|word| word.parse().ok())
        .unwrap_or_else(|| panic!("no size in {notice}"));
    let whole: usize = (1..=600_000).map(|n: u32| n.to_string().len() + 1).sum::<usize>() + 11;
    assert_eq!(dropped, whole - kept.len(), "{notice}");
    assert_eq!(typed, format!("bytes_dropped {dropped}"));
    let text = panel.get(&format!("/admin/hooks/job/{job}/output/")).await.html;
    assert!(text.contains(notice.trim_end()), "the download has the mark too");
}

#[tokio::test]
async fn a_missing_entry_fails_the_job_and_says_so_and_it_can_be_run_again() {
    let mut app = Setup::new().await.action("later", "", "echo here now").start().await;
    webhook_with(&app, "later", &[]).await;
    let entry = app.folder().join("actions/later.toml");
    let text = std::fs::read_to_string(&entry).unwrap();
    std::fs::remove_file(&entry).unwrap();
    app.restart().await;
    let job = push(&app, "k").await;
    app.job_is(&job, "failed").await;
    let panel = app.panel().await;
    let address = format!("/admin/hooks/job/{job}/");
    let page = panel.open(&address).await;
    page.says("later");
    let error = app.database().value("SELECT error FROM jobs").await;
    assert!(error.contains("later"), "{error}");

    std::fs::write(&entry, text).unwrap();
    app.restart().await;
    let panel = app.panel().await;
    let page = panel.open(&address).await;
    let after = panel.submit(page.form_to(&format!("{address}run-again/"))).await;
    assert_eq!(after.status, 200, "{}", after.html);
    app.job_is(&job, "succeeded").await;
    assert_eq!(output(&app, &job, "stdout").await, "here now\n");
    assert_eq!(attempts(&app, &job).await.last().unwrap(), "succeeded 0");
}

#[tokio::test]
async fn a_deploy_on_a_pipeline_is_told_the_branch_that_its_condition_saw() {
    let setup = Setup::new().await;
    for (action, name) in [("deploy", "{branch}"), ("publish", "{tag}")] {
        let script =
            r#"echo "$0 at $1 of $SIGNALBOX_REF, $SIGNALBOX_BRANCH, no tag: $SIGNALBOX_TAG.""#;
        let entry = format!("command = ['/bin/sh', '-c', '{script}', '{name}', '{{sha}}']");
        std::fs::write(setup.folder().join(format!("actions/{action}.toml")), entry).unwrap();
    }
    let app = setup.start().await;
    let pipeline = webhooks::form_for(
        "Gitlab Test",
        "git@192.168.64.1:gitlab-org/gitlab-test.git",
        ("pipeline", "Pipeline Hook"),
        1,
    );
    let pipeline = with(
        pipeline,
        &[("ref_filter", "master"), ("condition", "branch = \"master\" and status = \"success\"")],
    );
    for action in ["deploy", "publish"] {
        app.add_webhook(&with(pipeline.clone(), &[("action", action), ("name", action)])).await;
    }
    let answer = app.send(&Delivery::fixture("pipeline").token(TOKEN)).await;
    assert_eq!(answer.expect(202, "matched").jobs().len(), 2, "{}", answer.text);
    let job_of = async |action: &str| {
        let job = format!("SELECT id FROM jobs WHERE action = '{action}'");
        app.database().value(&job).await
    };
    let (deploy, publish) = (job_of("deploy").await, job_of("publish").await);
    app.job_is(&deploy, "succeeded").await;
    assert_eq!(
        output(&app, &deploy, "stdout").await,
        "master at bcbb5ec396a2c0f828686f14fac9b80b780504f2 of refs/heads/master, master, no tag: .\n"
    );
    app.job_is(&publish, "failed").await;
    let error = app.database().value("SELECT error FROM jobs WHERE state = 'failed'").await;
    let why = "the argument {tag} would be empty: this event has no such value";
    assert!(error.contains(why), "{error}");

    // Lists and pages have it from the same place.
    let panel = app.panel().await;
    for address in ["/admin/hooks/delivery/", "/admin/hooks/job/"] {
        let list = panel.open(address).await;
        list.says("Administrator");
        assert_eq!(list.texts("[data-column=repository] .cell-sub").first().unwrap(), "master");
        let json = panel.open(&format!("{address}?format=json")).await;
        assert!(json.html.contains(r#""ref":"refs/heads/master""#), "{}", json.html);
    }
    panel.open(&format!("/admin/hooks/job/{deploy}/")).await.says("refs/heads/master");
}
