//! Real processes: what they get, what is kept of what they write, and that they end.

mod examples;
mod offspring;
mod rights;
mod shipped;
mod streams;

use super::process::Limits;
use super::*;
use sha2::{Digest, Sha256};
use signalbox_core::output::{LIMIT_BYTES, page_text};
use std::fs;

signalbox_process::spawner_of_tests!();

/// An entry that runs a fixed script.
fn script(script: &str, more: &str) -> Arc<ActionSpec> {
    let text = format!("{more}\ncommand = ['/bin/sh', '-c', '''{script}''']");
    Arc::new(ActionSpec::from_toml("script", &text).unwrap())
}

fn request(spec: Arc<ActionSpec>, body: impl Into<Bytes>) -> RunRequest {
    RunRequest {
        spec,
        params: BTreeMap::new(),
        facts: EventFacts {
            git_ref: "refs/heads/main".into(),
            attempt: 1,
            ..EventFacts::default()
        },
        body: body.into(),
        timeout: Duration::from_mins(1),
    }
}

/// Short, since tests wait for them.
fn limits() -> Limits {
    Limits {
        grace: Duration::from_millis(300),
        linger: Duration::from_millis(100),
        ..Limits::default()
    }
}

async fn run_with(
    request: RunRequest,
    output: mpsc::Sender<OutputChunk>,
    stop: CancellationToken,
) -> Ended {
    let spec = Arc::clone(&request.spec);
    let ActionKind::Command(command) = &spec.kind else { panic!("it is another kind") };
    command::run_command(command, request, limits(), output, stop).await
}

async fn finish(request: RunRequest) -> (Ended, Vec<OutputChunk>) {
    let (sender, mut receiver) = mpsc::channel(16);
    let collect = async {
        let mut chunks = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            chunks.push(chunk);
        }
        chunks
    };
    tokio::join!(run_with(request, sender, CancellationToken::new()), collect)
}

fn text(chunks: &[OutputChunk], stream: Stream) -> String {
    let of_stream = chunks.iter().filter(|chunk| chunk.stream == stream);
    page_text(&of_stream.flat_map(|chunk| chunk.bytes.clone()).collect::<Vec<u8>>())
}

/// Waits until a process that is not ours to wait for is gone.
async fn gone(pid: &str) {
    let looking = async {
        while fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| !line.is_empty()) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), looking).await.expect("the process ends");
}

#[tokio::test]
async fn output_comes_while_the_command_runs_and_stopping_ends_it() {
    let spec = script("echo ready; read -r line; cat >/dev/null; sleep 1000", "");
    let (sender, mut receiver) = mpsc::channel::<OutputChunk>(1);
    let stop = CancellationToken::new();
    let watch = async {
        let first = receiver.recv().await.unwrap();
        assert_eq!(first.bytes, b"ready\n");
        stop.cancel();
        while receiver.recv().await.is_some() {}
    };
    let (ended, ()) = tokio::join!(run_with(request(spec, ""), sender, stop.clone()), watch);
    assert_eq!((ended.outcome, ended.signal), (AttemptOutcome::Cancelled, Some(15)));
    assert_eq!((ended.temporary, &*ended.error()), (false, "It was stopped while it ran."));
}

#[tokio::test]
async fn of_a_flood_on_both_pipes_head_and_tail_are_kept() {
    let spec = script(
        "echo first; (yes out | head -c 3000000) & (yes err | head -c 3000000) >&2; wait; echo last",
        "separate_stderr = true",
    );
    let (ended, chunks) = finish(request(spec, "")).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded);
    let kept: usize =
        chunks.iter().filter(|c| c.stream != Stream::Notice).map(|c| c.bytes.len()).sum();
    assert_eq!(kept, LIMIT_BYTES);
    let dropped = 6 + 3_000_000 * 2 + 5 - LIMIT_BYTES;
    assert_eq!(text(&chunks, Stream::Notice), format!("… {dropped} bytes dropped here …\n"));
    let out = text(&chunks, Stream::Stdout);
    assert!(out.starts_with("first\n") && out.ends_with("last\n"));
    assert!(chunks.len() < 5_000, "{} rows", chunks.len());
}

#[tokio::test]
async fn the_body_arrives_exactly_and_may_be_ignored() {
    let body: Vec<u8> = (0..2_000_000_u32).flat_map(u32::to_le_bytes).collect();
    let sum = format!("{:x}", Bytes::copy_from_slice(&Sha256::digest(&body)));
    let (_, chunks) = finish(request(script("sha256sum", ""), body.clone())).await;
    assert_eq!(text(&chunks, Stream::Stdout), format!("{sum}  -\n"));

    let (ended, _) = finish(request(script("exec 0<&-; echo done", ""), body.clone())).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded);
    let (ended, chunks) = finish(request(script("yes | head -c 900000", ""), body)).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded);
    assert_eq!(text(&chunks, Stream::Stdout).len(), 900_000);
}

#[tokio::test]
async fn the_end_is_told_in_codes_and_words() {
    let failed = AttemptOutcome::Failed;
    for (script_text, more, outcome, temporary, error) in [
        ("exit 3", "", failed, false, "It ended with exit code 3."),
        ("exit 3", "retry_on_failure = true", failed, true, "It ended with exit code 3."),
        (
            "exit 75",
            "",
            failed,
            true,
            "It ended with exit code 75: a temporary failure, by its own word.",
        ),
        (
            "nonsense 2>/dev/null",
            "",
            failed,
            false,
            "It ended with exit code 127: a shell's word for a command it cannot find.",
        ),
        ("kill -9 $$", "", failed, false, "It was ended by signal 9 (SIGKILL)."),
        ("true", "retry_on_failure = true", AttemptOutcome::Succeeded, false, ""),
    ] {
        let (ended, _) = finish(request(script(script_text, more), "")).await;
        assert_eq!(
            (ended.outcome, ended.temporary, &*ended.error()),
            (outcome, temporary, error),
            "{script_text}"
        );
    }
}

#[tokio::test]
async fn at_the_limit_the_group_gets_term_and_may_tidy_up() {
    let spec = script("trap 'echo tidied; exit 0' TERM; sleep 1000 & wait", "timeout_s = 1");
    let (ended, chunks) = finish(request(spec, "")).await;
    assert_eq!((ended.outcome, ended.exit_code), (AttemptOutcome::TimedOut, Some(0)));
    assert_eq!(ended.error(), "It ran longer than its limit of 1 s and was ended.");
    assert!(!ended.temporary);
    assert_eq!(text(&chunks, Stream::Stdout), "tidied\n");
    assert_eq!(text(&chunks, Stream::Notice), "");
}

#[tokio::test]
async fn who_ignores_term_is_killed_grandchildren_too() {
    let spec = script("trap '' TERM; sleep 1000 & echo $!; wait; sleep 1000", "");
    let mut request = request(spec, "");
    request.timeout = Duration::from_millis(200);
    let (ended, chunks) = finish(request).await;
    assert_eq!((ended.outcome, ended.signal), (AttemptOutcome::TimedOut, Some(9)));
    assert_eq!(ended.error(), "It ran longer than its limit of 0.2 s and was ended.");
    assert!(text(&chunks, Stream::Notice).contains("SIGKILL"));
    gone(text(&chunks, Stream::Stdout).trim()).await;
}

#[tokio::test]
async fn a_webhook_may_shorten_the_limit_but_not_raise_it() {
    let mut request = request(script("sleep 1000", "timeout_s = 1"), "");
    request.timeout = Duration::from_hours(1);
    assert_eq!(finish(request).await.0.outcome, AttemptOutcome::TimedOut);
}

#[tokio::test]
async fn a_child_that_may_live_on_with_our_pipes_does_not_hold_us() {
    let spec = script("setsid sleep 1000 & echo $!; exit 0", "may_leave_processes = true");
    let (ended, chunks) = finish(request(spec, "")).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded);
    assert!(text(&chunks, Stream::Notice).contains("still holds its output open"));
    let escaped: i32 = text(&chunks, Stream::Stdout).trim().parse().unwrap();
    let escaped = rustix::process::Pid::from_raw(escaped).unwrap();
    rustix::process::kill_process(escaped, rustix::process::Signal::KILL).unwrap();
}

#[tokio::test]
async fn the_environment_is_the_contracts_and_nothing_more() {
    let text_of = "command = ['/usr/bin/env']\nenv = ['CARGO_PKG_NAME', 'NOT_SET_ANYWHERE']";
    let spec = Arc::new(ActionSpec::from_toml("env", text_of).unwrap());
    let (_, chunks) = finish(request(spec, "")).await;
    let output = text(&chunks, Stream::Stdout);
    let mut names: Vec<&str> = output.lines().filter_map(|line| line.split('=').next()).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "CARGO_PKG_NAME",
            "HOME",
            "LANG",
            "PATH",
            "SIGNALBOX_ATTEMPT",
            "SIGNALBOX_BRANCH",
            "SIGNALBOX_DELIVERY",
            "SIGNALBOX_EVENT",
            "SIGNALBOX_JOB",
            "SIGNALBOX_KIND",
            "SIGNALBOX_PROJECT_ID",
            "SIGNALBOX_PROJECT_PATH",
            "SIGNALBOX_REF",
            "SIGNALBOX_REPO_URL",
            "SIGNALBOX_SHA",
            "SIGNALBOX_TAG",
            "SIGNALBOX_USER_NAME",
        ]
    );
}

#[tokio::test]
async fn what_cannot_be_started_says_why() {
    let spec = |text: &str| Arc::new(ActionSpec::from_toml("x", text).unwrap());
    for (text, error) in [
        ("command = ['/nowhere/x']", "Not run: /nowhere does not exist."),
        ("command = ['/etc/passwd']", "/etc/passwd could not be started: Permission denied"),
        (
            "command = ['/bin/sh']\ncwd = '/nowhere'",
            "Not run: its cwd /nowhere is not a directory.",
        ),
        ("command = ['/bin/echo', '{tag}']", "Not run: the argument {tag} would be empty: "),
        (
            "command = ['/bin/echo']\n[parameters.host]\ntype = 'string'",
            "Its parameters are not in order. host: Fill this in",
        ),
    ] {
        let (ended, _) = finish(request(spec(text), "")).await;
        assert_eq!((ended.outcome, ended.exit_code), (AttemptOutcome::Failed, None));
        assert!(ended.error().starts_with(error), "{}", ended.error());
    }
}

#[tokio::test]
async fn nobody_listening_stops_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let mark = directory.path().join("mark");
    let spec = script(&format!("yes | head -c 2000000; echo > {}", mark.display()), "");
    let (sender, receiver) = mpsc::channel(1);
    drop(receiver);
    let ended = run_with(request(spec, ""), sender, CancellationToken::new()).await;
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded);
    assert!(mark.exists());
}

#[tokio::test]
async fn print_shows_the_event_and_the_body() {
    let (catalogue, faults) = Catalogue::load_directory(None);
    assert_eq!(faults, []);
    let mut request = request(catalogue.get("print").unwrap(), r#"{"object_kind":"push"}"#);
    request.facts.user_name = "x\nSIGNALBOX_FAKE=; `touch /tmp/never` $(id) \"'".into();
    let (sender, mut receiver) = mpsc::channel(16);
    let ended = run_attempt(request, sender, CancellationToken::new()).await;
    assert_eq!((ended.outcome, &*ended.error()), (AttemptOutcome::Succeeded, ""));
    let mut chunks = Vec::new();
    while let Ok(chunk) = receiver.try_recv() {
        chunks.push(chunk);
    }
    let output = text(&chunks, Stream::Stdout);
    assert!(output.contains("\nSIGNALBOX_REF          refs/heads/main\n"), "{output}");
    assert!(
        output.contains("\nSIGNALBOX_BRANCH       main\nSIGNALBOX_TAG          \n"),
        "{output}"
    );
    assert!(output.ends_with("\n\n{\"object_kind\":\"push\"}"), "{output}");
    assert_eq!(text(&chunks, Stream::Stderr), "");
}
