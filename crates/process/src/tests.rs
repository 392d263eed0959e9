//! Children that are started, signalled, waited for, and die with us.

use super::*;
use rustix::process::{Pid, kill_process};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::time::Duration;

#[expect(unsafe_code, reason = "what runs before main has no safe interface")]
mod spawner {
    crate::spawner_of_tests!();
}

fn sh(script: &str) -> Launch {
    Launch::for_program("/bin/sh").args(["-c", script])
}

/// A field of a process's status; `None` when there is no such process.
fn status(pid: &str, field: &str) -> Option<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = text.lines().find(|line| line.starts_with(field))?;
    Some(line.split_whitespace().skip(1).collect::<Vec<_>>().join(" "))
}

fn is_running(pid: &str) -> bool {
    status(pid, "State:").is_some_and(|state| !state.starts_with('Z'))
}

/// Waits until a process is gone; its number is not ours to wait for, so it is looked at.
async fn gone(pid: &str) {
    let looking = async {
        while is_running(pid) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.expect("the process ends");
}

#[tokio::test]
async fn a_child_gets_what_is_written_and_leads_its_own_group() {
    let mut launch = sh("env; pwd; ps -o pgid= -p $$; echo $$; echo err >&2; exit 3");
    launch.env = vec![("PATH".into(), "/usr/bin:/bin".into()), ("A".into(), "1".into())];
    launch.cwd = "/usr".into();
    let output = launch.collect_output().await.unwrap();
    assert_eq!((output.status.code(), &*output.stderr), (Some(3), "err\n"));
    assert!(output.stdout.contains("A=1\n") && output.stdout.contains("\n/usr\n"));
    let lines: Vec<&str> = output.stdout.lines().map(str::trim).collect();
    assert_eq!(lines[lines.len() - 2], lines[lines.len() - 1], "{}", output.stdout);
    assert!(!output.stdout.contains("CARGO"), "{}", output.stdout);
}

#[tokio::test]
async fn another_user_has_no_groups_of_ours() {
    if !rustix::process::geteuid().is_root() {
        return; // only root may become somebody else
    }
    let mut launch = sh("id -u; id -G");
    launch.env = vec![("PATH".into(), "/usr/bin:/bin".into())];
    launch.user = Some(Ids { uid: 65_534, gid: 65_534 });
    assert_eq!(launch.collect_output().await.unwrap().stdout, "65534\n65534\n");
}

#[tokio::test]
async fn limits_hold_and_cannot_be_undone() {
    let mut launch =
        sh("ulimit -t; ulimit -v; ulimit -n; umask; grep NoNewPrivs /proc/self/status");
    launch.limits = Limits {
        cpu_s: Some(7),
        memory: Some(512 * 1024 * 1024),
        open_files: Some(64),
        processes: None,
    };
    launch.umask = Some(0o027);
    launch.may_gain_rights = false;
    launch.env = vec![("PATH".into(), "/usr/bin:/bin".into())];
    let output = launch.collect_output().await.unwrap();
    assert_eq!(output.stdout, "7\n524288\n64\n0027\nNoNewPrivs:\t1\n", "{}", output.stderr);

    let mut launch = sh("while :; do :; done");
    launch.limits.cpu_s = Some(1);
    assert_eq!(launch.collect_output().await.unwrap().status.signal(), Some(24), "SIGXCPU");
    let mut launch = sh("ulimit -n 100 || echo no more");
    launch.limits.open_files = Some(64);
    assert_eq!(launch.collect_output().await.unwrap().stdout, "no more\n");
}

#[tokio::test]
async fn what_a_child_used_is_known_at_its_end() {
    // tail keeps 40 MB and is waited for by the shell, so it counts as well.
    let script = "head -c 40000000 /dev/zero | tail -c 40000000 | sha256sum";
    let mut launch = sh(script);
    launch.env = vec![("PATH".into(), "/usr/bin:/bin".into())];
    let mut child = launch.start_process().await.unwrap();
    assert_eq!(child.resource_usage(), None);
    assert!(child.wait().await.unwrap().success());
    let usage = child.resource_usage().unwrap();
    assert!(usage.peak_memory_kib > 39_000, "{usage:?}");
    assert!(
        usage.cpu > Duration::from_millis(10) && usage.cpu < Duration::from_mins(1),
        "{usage:?}"
    );
    // Asked again, it says the same.
    assert!(child.wait().await.unwrap().success());
}

#[tokio::test]
async fn nobody_is_left_unwaited_for() {
    let child = sh("/bin/sleep 1000").start_process().await.unwrap();
    let pid = child.pid().to_string();
    drop(child);
    let looking = async {
        while status(&pid, "State:").is_some() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.expect("not even a zombie");
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let error = Launch::for_program("/nowhere/at/all").start_process().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::NotFound);
    let error = Launch::for_program("/etc/passwd").start_process().await.unwrap_err();
    assert_eq!(error.kind(), io::ErrorKind::PermissionDenied);
}

#[tokio::test]
async fn a_dropped_child_is_ended_with_its_group() {
    let mut launch = sh("/bin/sleep 1000 & echo $!; wait");
    launch.stdout = Stdio::Piped;
    let mut child = launch.start_process().await.unwrap();
    let mut lines = tokio::io::BufReader::new(child.take_stdout().unwrap());
    let mut grandchild = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut grandchild).await.unwrap();
    assert!(is_running(grandchild.trim()));
    drop(child);
    gone(grandchild.trim()).await;
}

#[tokio::test]
async fn a_dropped_child_is_ended_with_its_offspring() {
    let mut launch = sh("setsid sh -c 'echo $$; exec /bin/sleep 1000' & wait");
    launch.env = vec![("PATH".into(), "/usr/bin:/bin".into())];
    launch.offspring = Offspring::Ended;
    launch.stdout = Stdio::Piped;
    let mut child = launch.start_process().await.unwrap();
    let mut lines = tokio::io::BufReader::new(child.take_stdout().unwrap());
    let mut daemon = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut daemon).await.unwrap();
    assert!(is_running(daemon.trim()));
    drop(child);
    gone(daemon.trim()).await;
}

#[tokio::test]
async fn what_a_supervised_child_cannot_start_says_why() {
    let mut launch = Launch::for_program("/nowhere/at/all");
    launch.offspring = Offspring::Ended;
    assert_eq!(launch.start_process().await.unwrap_err().kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn more_than_a_socket_holds_is_passed_on_and_too_much_for_the_kernel_is_refused() {
    let mut launch = sh("echo $# ${#9}; exit 3");
    launch.args.extend((0..10).map(|_| "x".repeat(100_000).into()));
    let output = launch.collect_output().await.unwrap();
    assert_eq!((output.status.code(), &*output.stdout), (Some(3), "9 100000\n"));
    let mut launch = sh("true");
    launch.args.push("x".repeat(10_000_000).into());
    assert_eq!(
        launch.start_process().await.unwrap_err().kind(),
        io::ErrorKind::ArgumentListTooLong
    );
    let with_zero = sh("true").args(["a\0b"]).start_process().await.unwrap_err();
    assert_eq!(with_zero.kind(), io::ErrorKind::InvalidInput);
}

#[tokio::test]
async fn whoever_kills_a_supervisor_kills_its_group() {
    let mut launch = sh("echo $PPID; /bin/sleep 1000 & echo $!; wait");
    launch.offspring = Offspring::Ended;
    launch.stdout = Stdio::Piped;
    let mut child = launch.start_process().await.unwrap();
    let mut lines = tokio::io::BufReader::new(child.take_stdout().unwrap());
    let mut said = String::new();
    for _ in 0..2 {
        tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut said).await.unwrap();
    }
    let (supervisor, grandchild) = said.trim().split_once('\n').unwrap();
    assert_eq!(status(supervisor, "Name:").unwrap(), "sb-supervisor");
    kill_process(Pid::from_raw(supervisor.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
    assert_eq!(child.wait().await.unwrap().signal(), Some(9));
    gone(&child.pid().to_string()).await;
    gone(grandchild).await;
    assert!(
        sh("true").collect_output().await.unwrap().status.success(),
        "the next one has another"
    );
}

#[tokio::test]
async fn the_group_can_be_ended_after_its_first_process() {
    let mut launch = sh("trap '' TERM; /bin/sleep 1000 >/dev/null & echo $!");
    launch.stdout = Stdio::Piped;
    let mut child = launch.start_process().await.unwrap();
    let mut grandchild = String::new();
    let mut stdout = child.take_stdout().unwrap();
    tokio::io::AsyncReadExt::read_to_string(&mut stdout, &mut grandchild).await.unwrap();
    assert!(child.wait().await.unwrap().success());
    child.signal_group(Signal::TERM);
    assert!(is_running(grandchild.trim()), "it ignores TERM");
    child.signal_group(Signal::KILL);
    gone(grandchild.trim()).await;
    // Nobody is left; this reaches nobody.
    child.signal_group(Signal::KILL);
}

/// Not a test: the process that the next test kills.
#[tokio::test]
#[ignore = "started by children_and_theirs_die_with_us"]
async fn be_a_parent_until_killed() {
    let ended = sh("/bin/sleep 1000 >/dev/null 2>&1 & echo $!").collect_output().await.unwrap();
    let mut launch = sh("trap '' TERM; /bin/sleep 1000 & echo $!; wait");
    launch.stdout = Stdio::Piped;
    let mut child = launch.start_process().await.unwrap();
    let mut lines = tokio::io::BufReader::new(child.take_stdout().unwrap());
    let mut grandchild = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut grandchild).await.unwrap();
    let mut launch = sh("setsid sh -c 'echo $$; exec /bin/sleep 1000' & wait");
    launch.env = vec![("PATH".into(), "/usr/bin:/bin".into())];
    launch.offspring = Offspring::Ended;
    launch.stdout = Stdio::Piped;
    let mut supervised = launch.start_process().await.unwrap();
    let mut lines = tokio::io::BufReader::new(supervised.take_stdout().unwrap());
    let mut daemon = String::new();
    tokio::io::AsyncBufReadExt::read_line(&mut lines, &mut daemon).await.unwrap();
    let (left, grandchild, daemon) = (ended.stdout.trim(), grandchild.trim(), daemon.trim());
    let pids = format!("{} {grandchild} {} {daemon} {left}", child.pid(), supervised.pid());
    writeln!(io::stdout(), "started {pids}").unwrap();
    std::future::pending::<()>().await;
}

#[tokio::test]
async fn children_and_theirs_die_with_us() {
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "--nocapture", "tests::be_a_parent_until_killed"])
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    let started = lines
        .map(Result::unwrap)
        .find_map(|line| line.split_once("started ").map(|(_, pids)| pids.to_owned()))
        .unwrap();
    let pids: Vec<&str> = started.split(' ').collect();
    let [theirs @ .., left] = &pids[..] else { panic!("{pids:?}") };
    assert!(pids.len() == 5 && pids.iter().all(|pid| is_running(pid)), "{pids:?}");
    parent.kill().unwrap();
    assert_eq!(parent.wait().unwrap().signal(), Some(9));
    for pid in theirs {
        gone(pid).await;
    }
    // Left behind by a command that had ended well: a service it started, and so left alone.
    assert!(is_running(left));
    kill_process(Pid::from_raw(left.parse().unwrap()).unwrap(), Signal::KILL).unwrap();
}
