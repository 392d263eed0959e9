//! Webhooks carried to a file and to another installation. F74.

use crate::support::app::{App, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::webhooks::{SIGNING_TOKEN, form_for, pending_push, push, register_only, with};
use std::path::{Path, PathBuf};
use std::process::Output;

const SIGNING: &str = SIGNING_TOKEN;

fn told(output: &Output) -> String {
    let (out, err) = (&output.stdout, &output.stderr);
    format!("{}{}", String::from_utf8_lossy(out), String::from_utf8_lossy(err))
}

/// What an installation exports, as a file beside it.
fn exported(app: &App) -> (PathBuf, String) {
    let output = app.run(&["export"], &[]);
    assert!(output.status.success(), "{}", told(&output));
    let yaml = String::from_utf8(output.stdout).unwrap();
    let path = app.folder().join("records.yaml");
    std::fs::write(&path, &yaml).unwrap();
    (path, yaml)
}

fn run(app: &App, command: &str, file: &Path, settings: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = app.run(&[command, file.to_str().unwrap()], settings);
    (output.status.code(), told(&output))
}

#[tokio::test]
async fn f74_webhooks_are_equal_elsewhere_and_their_secrets_are_asked_for() {
    let (here, there) = (App::start().await, App::start().await);
    let panel = here.panel().await;
    panel
        .add_webhook(&with(push(), &[("ref_filter", "master\n!wip/*"), ("notes", "数据 \"x\": y")]))
        .await;
    let other =
        form_for("Other", "https://gitlab.example.com/a/other.git", ("push", "Push Hook"), 7);
    panel.add_webhook(&with(other, &[("signing_token", SIGNING), ("name", "Other one")])).await;
    let (file, yaml) = exported(&here);
    for secret in [TOKEN, SIGNING] {
        assert!(!yaml.contains(secret), "{yaml}");
    }

    let (code, said) = run(&there, "import", &file, &[]);
    assert_eq!(code, Some(1), "{said}");
    let variables = [
        "SIGNALBOX_TOKEN_DIASPORA_PUSH",
        "SIGNALBOX_TOKEN_OTHER_ONE",
        "SIGNALBOX_SIGNING_OTHER_ONE",
    ];
    assert!(variables.iter().all(|variable| said.contains(variable)), "{said}");
    assert_eq!(there.database().count("webhooks").await, 0, "all or nothing");

    let given = [(variables[0], TOKEN), (variables[1], TOKEN), (variables[2], SIGNING)];
    let (code, said) = run(&there, "import", &file, &given);
    assert_eq!((code, said.trim()), (Some(0), "2 added, 0 changed, 0 unchanged."));
    assert_eq!(exported(&there).1, yaml);
    let answer = there.send(&Delivery::push_2015().token(TOKEN)).await;
    assert_eq!(answer.status, 202, "the token that was given counts: {}", answer.text);

    for settings in [&given[..], &[]] {
        let (code, said) = run(&there, "import", &file, settings);
        assert_eq!((code, said.trim()), (Some(0), "0 added, 0 changed, 2 unchanged."));
    }
    let log = there.panel().await.open("/admin/log/?format=json").await;
    assert!(log.html.contains("system") && !log.html.contains(TOKEN), "{}", log.html);
}

#[tokio::test]
async fn diff_names_what_differs_and_import_makes_it_so_without_undoing_a_registration() {
    let app = App::start().await;
    let panel = app.panel().await;
    let id = panel.add_webhook(&pending_push()).await;
    let (file, yaml) = exported(&app);
    assert!(yaml.contains("project_id: -1"), "{yaml}");
    app.send(&Delivery::push_2015().at_register().token(TOKEN)).await;
    let (code, said) = run(&app, "diff", &file, &[]);
    assert_eq!((code, said.trim()), (Some(0), "No differences."), "a registration is none");

    let form =
        panel.open(&format!("/admin/hooks/webhook/{id}/change/")).await.form_with("repo_name");
    panel.submit(form.set("max_attempts", "9")).await;
    let more =
        form_for("Other", "https://gitlab.example.com/a/other.git", ("push", "Push Hook"), 7);
    panel.add_webhook(&more).await;
    let (code, said) = run(&app, "diff", &file, &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("max_attempts: 9 here, 3 in the file"), "{said}");
    assert!(said.contains("- Other push: only here"), "{said}");

    let (code, said) = run(&app, "import", &file, &[]);
    assert_eq!((code, said.trim()), (Some(0), "0 added, 1 changed, 0 unchanged."));
    let (_, said) = run(&app, "diff", &file, &[]);
    assert_eq!(said.trim(), "- Other push: only here", "an import deletes nothing");
    let (_, yaml) = exported(&app);
    assert!(yaml.contains("project_id: 15"), "{yaml}");
    let history = panel.open(&format!("/admin/hooks/webhook/{id}/history/")).await;
    history.says("system");
}

#[tokio::test]
async fn where_a_webhook_registers_is_kept_unless_the_file_says_it() {
    let app = App::start().await;
    app.panel().await.add_webhook(&register_only()).await;
    let (file, yaml) = exported(&app);
    assert!(yaml.contains("register_on_first_event: false"), "{yaml}");
    // As a version that did not know the default wrote it.
    std::fs::write(&file, yaml.replace("  register_on_first_event: false\n", "")).unwrap();
    let (code, said) = run(&app, "import", &file, &[]);
    assert_eq!((code, said.trim()), (Some(0), "0 added, 0 changed, 1 unchanged."));
    let there = App::start().await;
    let token = [("SIGNALBOX_TOKEN_DIASPORA_PUSH", TOKEN)];
    assert_eq!(run(&there, "import", &file, &token).0, Some(0));
    let at_main = "SELECT register_on_first_event::text FROM webhooks";
    assert_eq!(there.database().value(at_main).await, "true", "a new one takes the default");
    std::fs::write(&file, yaml).unwrap();
    assert_eq!(run(&there, "import", &file, &token).0, Some(0));
    assert_eq!(there.database().value(at_main).await, "false");
}

#[tokio::test]
async fn a_file_with_faults_imports_nothing_and_every_fault_is_named() {
    let app = App::start().await;
    let file = app.folder().join("records.yaml");
    let import = |text: &str, arguments: &[&str]| {
        std::fs::write(&file, text).unwrap();
        let mut all = vec!["import", file.to_str().unwrap()];
        all.extend(arguments);
        let output = app.run(&all, &[]);
        (output.status.code(), told(&output))
    };
    let head = "signalbox: 1\nwebhooks:\n";
    let sound = "- repo_name: Web\n  repo_url: git@example.com:a/web.git\n  object_kind: push\n  \
                 http_x_gitlab_event: Push Hook\n  action: print\n  secret_token:\n    env: NOT_SET_HERE\n";
    let (code, said) = import("signalbox: 1\nwebhooks:\n- colour: red\n", &[]);
    assert!(code == Some(1) && said.contains("colour") && said.contains('3'), "{said}");
    let broken = sound
        .replace("print", "nothing")
        .replace("Web\n", "\"\"\n")
        .replace("env: NOT_SET_HERE", "env: PATH");
    let (code, said) = import(&format!("{head}{sound}{broken}"), &["--without-secrets"]);
    assert_eq!(code, Some(1), "{said}");
    assert!(
        said.contains("repo_name") && said.contains("The action “nothing” is not installed"),
        "{said}"
    );
    assert_eq!(app.database().count("webhooks").await, 0);

    let (code, said) = import(&format!("{head}{sound}"), &["--without-secrets"]);
    assert_eq!((code, said.trim()), (Some(0), "1 added, 0 changed, 0 unchanged."));
    assert_eq!(app.database().count("webhooks WHERE NOT enabled").await, 1);
    let missing = app.run(&["import", "/nonexistent.yaml"], &[]);
    assert!(told(&missing).contains("Failed to read /nonexistent.yaml"), "{}", told(&missing));
}
