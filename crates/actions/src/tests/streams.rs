//! Standard output and standard error: one pipe that keeps their order, or two that tell them apart.

use super::rights::secret_file;
use super::{finish, request, run_with, script, text};
use crate::pipes::Pipes;
use crate::{OutputChunk, Stream};
use signalbox_core::job::AttemptOutcome;
use std::fs;
use std::io::Write as _;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

const SEPARATE: &str = "separate_stderr = true";

/// A thousand lines, one to each stream in turn.
fn alternating(pause: &str) -> String {
    format!(
        "n=0; while [ $n -lt 500 ]; do n=$((n+1)); echo out $n; {pause} echo err $n >&2; {pause} done; \
         echo 'fatal: the end' >&2; exit 1"
    )
}

#[tokio::test]
async fn what_is_written_to_both_streams_stays_in_its_order() {
    let mut wanted: Vec<String> =
        (1..=500).flat_map(|n| [format!("out {n}"), format!("err {n}")]).collect();
    wanted.push("fatal: the end".to_owned());
    for pause in ["", "sleep 0.002;"] {
        let (ended, chunks) = finish(request(script(&alternating(pause), ""), "")).await;
        assert_eq!((ended.outcome, ended.exit_code), (AttemptOutcome::Failed, Some(1)));
        assert!(chunks.iter().all(|chunk| chunk.stream == Stream::Stdout));
        let lines: Vec<_> = text(&chunks, Stream::Stdout).lines().map(str::to_owned).collect();
        assert_eq!(lines, wanted, "pause: {pause:?}");
    }
}

#[tokio::test]
async fn streams_told_apart_each_keep_all_their_lines() {
    let (_, chunks) = finish(request(script(&alternating(""), SEPARATE), "")).await;
    for (stream, word) in [(Stream::Stdout, "out"), (Stream::Stderr, "err")] {
        let text = text(&chunks, stream);
        let mut lines = text.lines();
        assert!((1..=500).all(|n| lines.next() == Some(&format!("{word} {n}"))), "{text}");
        assert_eq!(lines.next(), (stream == Stream::Stderr).then_some("fatal: the end"));
    }
}

#[tokio::test]
async fn streams_told_apart_come_in_the_order_in_which_they_arrive() {
    let directory = tempfile::tempdir().unwrap();
    // Each line waits until the one before it was read.
    let lines = format!(
        "cd {}; said() {{ until [ -e $1 ]; do sleep 0.01; done; }}; n=0; while [ $n -lt 10 ]; do \
         n=$((n+1)); echo $n; said $n; n=$((n+1)); echo $n >&2; said $n; done",
        directory.path().display()
    );
    let (sender, mut receiver) = mpsc::channel::<OutputChunk>(1);
    let watch = async {
        let mut said = Vec::new();
        while let Some(chunk) = receiver.recv().await {
            let line = String::from_utf8(chunk.bytes).unwrap();
            fs::write(directory.path().join(line.trim()), "").unwrap();
            said.push((chunk.stream, line));
        }
        said
    };
    let request = request(script(&lines, SEPARATE), "");
    let (ended, said) = tokio::join!(run_with(request, sender, CancellationToken::new()), watch);
    assert_eq!(ended.outcome, AttemptOutcome::Succeeded);
    let streams = [Stream::Stdout, Stream::Stderr].into_iter().cycle();
    let wanted = (1..=10).zip(streams).map(|(n, stream)| (stream, format!("{n}\n")));
    assert_eq!(said, wanted.collect::<Vec<_>>());
}

#[tokio::test]
async fn neither_of_two_pipes_is_drained_before_the_other() {
    let (mut pipes, mut writers) = Pipes::open_pipes(None, true).unwrap();
    // Both are nearly full before the first is read.
    writers.stdout.write_all("o".repeat(60_000).as_bytes()).unwrap();
    writers.stderr.write_all("e".repeat(60_000).as_bytes()).unwrap();
    drop(writers);
    let mut streams = Vec::new();
    while let Some((stream, _)) = pipes.read_next().await {
        streams.push(stream);
    }
    assert!(streams.len() >= 6 && streams.windows(2).all(|two| two[0] != two[1]), "{streams:?}");
}

#[tokio::test]
async fn both_streams_can_be_opened_by_their_path() {
    let lines = "echo one >/dev/stdout; echo two >/dev/stderr; echo three >>/dev/stderr; \
                 echo four | tee /dev/stderr >/dev/null; echo five >/proc/self/fd/2";
    let is_root = rustix::process::geteuid().is_root();
    // Only root may become somebody else.
    for user in if is_root { &["", "user = 'nobody'"][..] } else { &[""] } {
        let (ended, chunks) = finish(request(script(lines, user), "")).await;
        assert_eq!(ended.outcome, AttemptOutcome::Succeeded);
        assert_eq!(text(&chunks, Stream::Stdout), "one\ntwo\nthree\nfour\nfive\n", "{user}");
        let (_, chunks) = finish(request(script(lines, &format!("{SEPARATE}\n{user}")), "")).await;
        assert_eq!(text(&chunks, Stream::Stdout), "one\n", "{user}");
        assert_eq!(text(&chunks, Stream::Stderr), "two\nthree\nfour\nfive\n", "{user}");
    }
}

#[tokio::test]
async fn a_secret_is_masked_that_begins_on_one_stream_and_ends_on_the_other() {
    let directory = tempfile::tempdir().unwrap();
    let file = secret_file(directory.path(), "s3cret-token", 0o600);
    let more = format!("secrets = {{ TOKEN = {{ file = '{file}' }} }}");
    let lines = "printf 'a s3cret'; sleep 0.3; echo '-token b' >&2";
    let (_, chunks) = finish(request(script(lines, &more), "")).await;
    assert_eq!(text(&chunks, Stream::Stdout), "a •••••• b\n");
}
