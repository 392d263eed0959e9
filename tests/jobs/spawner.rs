//! The processes between Signalbox and a command: what becomes of jobs if somebody kills one of them.

use super::run::{attempts, output, push, webhook_with};
use crate::support::app::{App, Setup};
use crate::support::wait;
use rustix::process::{Pid, Signal, kill_process};
use std::fs;

/// Tells its process id, and waits for the file `go` beside it.
const HOLD: &str = "cd \"$(dirname \"$0\")\"; echo $$; while ! [ -e go ]; do sleep 0.05; done";

/// A running job's process id.
async fn process_of(app: &App, job: &str) -> i32 {
    wait::until("the action's process id", async || {
        output(app, job, "stdout").await.trim().parse().ok()
    })
    .await
}

/// A field of a process's status.
fn status(pid: i32, field: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'))?;
    Some(line.trim().to_owned())
}

/// The process above another one, by its name.
fn parent(pid: i32, name: &str) -> i32 {
    let parent = status(pid, "PPid").unwrap().parse().unwrap();
    assert_eq!(status(parent, "Name").unwrap(), name);
    parent
}

fn kill(pid: i32) {
    kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL).unwrap();
}

#[tokio::test]
async fn a_killed_spawner_costs_no_attempt_and_the_next_job_gets_another() {
    let app = Setup::new().await.action("hold", "", HOLD).start().await;
    webhook_with(&app, "hold", &[]).await;
    let first = push(&app, "first").await;
    let process = process_of(&app, &first).await;
    let spawner = parent(parent(process, "sb-supervisor"), "sb-spawner");
    kill(spawner);
    let second = push(&app, "second").await;
    let other = process_of(&app, &second).await;
    assert_ne!(parent(parent(other, "sb-supervisor"), "sb-spawner"), spawner);
    assert_eq!(status(spawner, "State"), None, "it was waited for");
    assert_eq!(status(process, "Name").unwrap(), "hold.sh", "it runs on");
    fs::write(app.folder().join("actions/go"), "").unwrap();
    for job in [first, second] {
        app.job_is(&job, "succeeded").await;
        assert_eq!(attempts(&app, &job).await, ["succeeded 0"]);
    }
}

#[tokio::test]
async fn a_killed_supervisor_fails_its_attempt_and_no_other() {
    let app = Setup::new().await.action("hold", "retry_on_failure = true", HOLD).start().await;
    webhook_with(&app, "hold", &[("max_attempts", "2")]).await;
    let first = push(&app, "first").await;
    let process = process_of(&app, &first).await;
    let second = push(&app, "second").await;
    process_of(&app, &second).await;
    kill(parent(process, "sb-supervisor"));
    fs::write(app.folder().join("actions/go"), "").unwrap();
    wait::until("the end of its command", async || {
        status(process, "Name").is_none_or(|name| name != "hold.sh").then_some(())
    })
    .await;
    app.job_is(&second, "succeeded").await;
    app.job_is(&first, "succeeded").await;
    assert_eq!(attempts(&app, &first).await, ["failed", "succeeded 0"]);
    let error = "SELECT error FROM job_attempts WHERE outcome = 'failed'";
    assert_eq!(app.database().column(error).await, ["It was ended by signal 9 (SIGKILL)."]);
    assert_eq!(attempts(&app, &second).await, ["succeeded 0"]);
}

#[tokio::test]
async fn a_killed_supervisor_takes_along_those_in_sessions_of_their_own() {
    let escape = "echo $$; setsid sh -c 'echo $$; setsid sleep 300 & echo $!; wait' & wait";
    let stay = "setsid sleep 300 >&- 2>&- & echo $!";
    let setup = Setup::new().await.action("escape", "", escape);
    let setup = setup.action("stay", "may_leave_processes = true", stay);
    let app = setup.start().await;
    webhook_with(&app, "stay", &[]).await;
    let job = push(&app, "stay").await;
    app.job_is(&job, "succeeded").await;
    let stays = process_of(&app, &job).await;
    app.database().execute("UPDATE webhooks SET action = 'escape'").await;
    let job = push(&app, "escape").await;
    let escaped = wait::until("the processes' ids", async || {
        let ids = output(&app, &job, "stdout").await;
        let ids: Vec<i32> = ids.lines().map(|id| id.parse().unwrap()).collect();
        (ids.len() == 3).then_some(ids)
    })
    .await;
    let [command, outer, inner] = escaped.try_into().unwrap();
    assert_eq!(parent(inner, "sh"), outer);
    kill(parent(command, "sb-supervisor"));
    for pid in [command, outer, inner] {
        wait::until("its end", async || status(pid, "State").is_none().then_some(())).await;
    }
    app.job_is(&job, "failed").await;
    assert_eq!(status(stays, "Name").unwrap(), "sleep", "it may live on");
    kill(stays);
}

#[tokio::test]
async fn nothing_of_them_is_left_when_the_server_is_killed() {
    let mut app = Setup::new().await.action("hold", "", HOLD).start().await;
    webhook_with(&app, "hold", &[]).await;
    let process = process_of(&app, &push(&app, "k").await).await;
    let supervisor = parent(process, "sb-supervisor");
    let spawner = parent(supervisor, "sb-spawner");
    assert_eq!(parent(spawner, "signalbox"), i32::try_from(app.pid()).unwrap());
    app.kill();
    for pid in [process, supervisor, spawner] {
        wait::until("its end", async || {
            status(pid, "State").is_none_or(|state| state.starts_with('Z')).then_some(())
        })
        .await;
    }
}
