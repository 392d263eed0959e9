//! What a command starts ends with it, wherever it went.

use super::{finish, gone, limits, request, run_with, script, text};
use crate::Stream;
use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use signalbox_core::job::AttemptOutcome;
use std::fs;
use std::path::Path;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// Starts a sleeper that left session, group and parent, and writes its number into a file.
fn daemon(file: &Path) -> String {
    let file = file.display();
    format!(
        "setsid sh -c '(trap \"\" TERM; echo $$ >/dev/null; sh -c \"echo \\$\\$ >{file}.new; \
         mv {file}.new {file}; exec sleep 1000\" >/dev/null 2>&1 </dev/null &) ' \
         >/dev/null 2>&1 </dev/null; while ! [ -e {file} ]; do sleep 0.01; done"
    )
}

async fn pid_in(file: &Path) -> String {
    let looking = async {
        loop {
            if let Ok(text) = fs::read_to_string(file) {
                return text.trim().to_owned();
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.expect("it says its number")
}

fn lives(pid: &str) -> bool {
    let pid = Pid::from_raw(pid.parse().unwrap()).unwrap();
    test_kill_process(pid).is_ok()
}

#[tokio::test]
async fn a_child_with_a_session_of_its_own_ends_with_the_command() {
    let spec = script("setsid sleep 1000 >/dev/null 2>&1 & echo $!; exit 3", "");
    let (ended, chunks) = finish(request(spec, "")).await;
    assert_eq!((ended.outcome, ended.exit_code), (AttemptOutcome::Failed, Some(3)));
    gone(text(&chunks, Stream::Stdout).trim()).await;
    let notice = "It left processes behind when it ended; they were ended too.\n";
    assert_eq!(text(&chunks, Stream::Notice), notice);
}

#[tokio::test]
async fn a_daemon_that_forked_twice_and_ignores_term_ends_with_the_command() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("pid");
    let (ended, chunks) = finish(request(script(&daemon(&file), ""), "")).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
    assert!(!lives(&pid_in(&file).await), "it was waited for");
    assert!(text(&chunks, Stream::Notice).contains("they were ended too"));
}

#[tokio::test]
async fn a_daemon_ends_at_the_time_limit_and_when_the_command_is_stopped() {
    for stops in [false, true] {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("pid");
        let spec =
            script(&format!("trap '' TERM; {}; while :; do sleep 1; done", daemon(&file)), "");
        let mut request = request(spec, "");
        request.timeout = Duration::from_secs(if stops { 60 } else { 1 });
        let stop = CancellationToken::new();
        let (sender, mut receiver) = mpsc::channel(16);
        let watch = async {
            let pid = pid_in(&file).await;
            assert!(lives(&pid));
            if stops {
                stop.cancel();
            }
            while receiver.recv().await.is_some() {}
            pid
        };
        let (ended, pid) = tokio::join!(run_with(request, sender, stop.clone()), watch);
        let wanted = if stops { AttemptOutcome::Cancelled } else { AttemptOutcome::TimedOut };
        assert_eq!((ended.outcome, ended.signal), (wanted, Some(9)));
        assert!(!lives(&pid), "it was waited for");
    }
}

#[tokio::test]
async fn who_ends_by_itself_soon_is_left_in_peace() {
    // As `exec > >(tee log)` does: the last lines come when the command has ended.
    let spec = script("(sleep 0.3; echo last) & exit 0", "");
    let (ended, chunks) = finish(request(spec, "")).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded);
    assert_eq!(text(&chunks, Stream::Stdout), "last\n");
    assert_eq!(text(&chunks, Stream::Notice), "");
}

#[tokio::test]
async fn an_entry_may_let_them_live() {
    let more = "may_leave_processes = true";
    let spec = script("setsid sleep 1000 >/dev/null 2>&1 & echo $!", more);
    let (ended, chunks) = finish(request(spec, "")).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded);
    let left = text(&chunks, Stream::Stdout).trim().to_owned();
    assert!(lives(&left));
    kill_process(Pid::from_raw(left.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    // At the limit they end even so.
    let spec = script("setsid sleep 1000 >/dev/null 2>&1 & echo $!; sleep 1000", more);
    let mut request = request(spec, "");
    request.timeout = limits().grace;
    let (ended, chunks) = finish(request).await;
    assert_eq!(ended.outcome, AttemptOutcome::TimedOut);
    gone(text(&chunks, Stream::Stdout).trim()).await;
}

#[tokio::test]
async fn nothing_of_ours_is_open_in_the_process_that_watches() {
    let list = "cat /proc/$PPID/environ | wc -c; find /proc/$PPID/fd -type l -printf '%l ' | \
                sed 's/:\\[[0-9]*\\]//g'; echo; ps -o pgid= -p $$; echo $$";
    let (ended, chunks) = finish(request(script(list, ""), "")).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded, "{}", ended.error());
    let said = text(&chunks, Stream::Stdout);
    let lines: Vec<&str> = said.lines().map(str::trim).collect();
    if rustix::process::geteuid().is_root() {
        assert_eq!(lines[0], "0", "it has no environment: {said}");
        let files = "/dev/null /dev/null /dev/null anon_inode:[signalfd] socket";
        assert_eq!(lines[1], files, "its socket, and what tells it of its children");
    }
    assert_eq!(lines[lines.len() - 2], lines[lines.len() - 1], "it leads its group: {said}");
}
