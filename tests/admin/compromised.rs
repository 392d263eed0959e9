//! Somebody has taken over an administrator's account. Whatever they send to whichever form, they
//! can run the operator's programs with values the operator allows, and nothing else.

use crate::support::app::{App, Setup, TOKEN};
use crate::support::gitlab::Delivery;
use crate::support::page::{Form, Page};
use crate::support::panel::Panel;
use crate::support::{wait, webhooks};
use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

const ADD: &str = "/admin/hooks/webhook/add/";

/// A program that is in no catalogue: it leaves a mark if anybody ever runs it.
fn canary(folder: &Path) -> (PathBuf, PathBuf) {
    let (program, mark) = (folder.join("canary"), folder.join("sung"));
    fs::write(&program, format!("#!/bin/sh\necho sung >> {}\n", mark.display())).unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    (program, mark)
}

/// What an attacker would type.
fn hostile(program: &Path) -> Vec<String> {
    let program = program.display();
    vec![
        program.to_string(),
        format!("; {program}"),
        format!("$({program})"),
        format!("`{program}`"),
        format!("x\n{program}"),
        format!("| {program} #"),
        format!("-c{program}"),
        format!("../../../..{program}"),
        format!("\", \"{program}\", \""),
        format!("command = [\"{program}\"]"),
        "{param.word}".to_owned(),
    ]
}

/// Everything that the server starts while it is watched, as command lines.
struct Watch {
    done: Arc<AtomicBool>,
    seen: JoinHandle<BTreeSet<String>>,
}

impl Watch {
    fn start(server: u32) -> Self {
        let done = Arc::new(AtomicBool::new(false));
        let until = Arc::clone(&done);
        let seen = std::thread::spawn(move || {
            let mut seen = BTreeSet::new();
            while !until.load(Ordering::Relaxed) {
                seen.extend(children(server));
                std::thread::park_timeout(Duration::from_millis(2));
            }
            seen
        });
        Self { done, seen }
    }

    fn end(self) -> BTreeSet<String> {
        self.done.store(true, Ordering::Relaxed);
        self.seen.join().unwrap()
    }
}

/// Everything below a process: between the server and a program stands a supervisor.
fn children(of: u32) -> Vec<String> {
    let (mut left, mut pids) = (vec![of.to_string()], BTreeSet::new());
    while let Some(pid) = left.pop() {
        // Children belong to the thread that started them.
        for task in fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten() {
            let list = fs::read_to_string(task.path().join("children")).unwrap_or_default();
            let new = list.split_whitespace().filter(|child| pids.insert((*child).to_owned()));
            left.extend(new.map(str::to_owned));
        }
    }
    let line = |pid: String| fs::read(format!("/proc/{pid}/cmdline")).ok();
    // A whole command line ends with a NUL; one that is read while its process begins or ends may
    // be cut off.
    let lines = pids.into_iter().filter_map(line).filter(|line| line.ends_with(b"\0"));
    lines.map(|line| String::from_utf8_lossy(&line).replace('\0', " ")).collect()
}

/// Every form of the panel that a person can walk to.
async fn forms(panel: &Panel) -> Vec<Form> {
    let (mut left, mut seen) = (vec!["/admin/".to_owned()], BTreeSet::new());
    let mut forms = Vec::new();
    while let Some(address) = left.pop() {
        let bare = address.split(['?', '#']).next().unwrap().to_owned();
        let known =
            bare.contains("/logout/") || bare.contains("/body/") || bare.contains("/output/");
        if known || !bare.starts_with("/admin/") || !seen.insert(bare.clone()) || seen.len() > 60 {
            continue;
        }
        let page: Page = panel.get(&bare).await;
        for action in page.attributes("form[method=post]", "action") {
            if !action.contains("/logout/") && !action.contains("/password_change/") {
                forms.push(page.form_to(&action));
            }
        }
        left.extend(page.attributes("a[href]", "href"));
    }
    forms
}

async fn deliver(app: &App, key: &str) {
    app.send(&Delivery::push_2015().token(TOKEN).key(key)).await;
    let sql = "SELECT count(*)::text FROM jobs WHERE finished_at IS NULL";
    wait::until_equal("the end of all jobs", "0".to_owned(), async || {
        app.database().value(sql).await
    })
    .await;
}

#[tokio::test]
async fn no_form_starts_a_program_outside_the_catalogue() {
    let more = "[parameters.word]\ntype = \"string\"\ndefault = \"plain\"\n";
    let setup = Setup::new().await.action("probe", more, "echo \"word: $SIGNALBOX_PARAM_WORD\"");
    let app = setup.setting("SIGNALBOX_WORKER_CONCURRENCY", "8").start().await;
    let (program, mark) = canary(app.folder());
    let panel = app.panel().await;
    let watch = Watch::start(app.pid());

    // A webhook of their own, with something hostile in each of its fields, one after the other.
    let probe = webhooks::with(webhooks::push(), &[("action", "probe"), ("max_attempts", "1")]);
    panel.add_webhook(&probe).await;
    let names = panel.open(ADD).await.form_with("repo_name").names;
    for (number, value) in hostile(&program).iter().enumerate() {
        let fields =
            ["param.word", "param.PATH", "action", "notes", "name", "timeout_s", "max_attempts"];
        for field in fields.into_iter().chain(names.iter().map(String::as_str)) {
            if number >= 4 && field != "param.word" && field != "action" {
                continue;
            }
            let mut form = panel.open(ADD).await.form_with("repo_name").fill(&probe);
            form.fields.retain(|(name, _)| name != field);
            form.fields.push((field.to_owned(), value.clone()));
            // And fields that no form has.
            for extra in ["command", "program", "args", "env", "kind", "url", "socket"] {
                form.fields.push((extra.to_owned(), value.clone()));
            }
            panel.submit(form).await;
        }
    }
    deliver(&app, "1").await;

    // Every form there is, each of its fields hostile.
    for form in forms(&panel).await {
        for value in hostile(&program).into_iter().take(4) {
            let mut form = form.clone();
            for (name, field) in &mut form.fields {
                if name != "csrf_token" && name != "version" {
                    field.clone_from(&value);
                }
            }
            panel.submit(form).await;
        }
    }
    deliver(&app, "2").await;

    // Even a webhook that got past all checks names no program: what is no entry is not run.
    let path = program.display();
    let sql = format!("UPDATE webhooks SET action = '{path}', enabled = true");
    app.database().execute(&sql).await;
    deliver(&app, "3").await;

    assert!(!mark.exists(), "a program of the attacker's was run");
    let seen = watch.end();
    let probe = app.folder().join("actions/probe.sh").display().to_string();
    let strangers: Vec<_> = seen
        .iter()
        .filter(|line| !line.contains(&probe))
        // Between fork and exec a child still has the server's own name.
        .filter(|line| !line.starts_with(env!("CARGO_BIN_EXE_signalbox")))
        .collect();
    assert!(strangers.is_empty(), "{strangers:?}");
    let ran =
        app.database().value("SELECT count(*)::text FROM jobs WHERE state = 'succeeded'").await;
    assert!(ran.parse::<i32>().unwrap() > 10, "the operator's own program was run {ran} times");
    assert!(seen.iter().any(|line| line.contains(&probe)), "the watch sees what runs: {seen:?}");
}
